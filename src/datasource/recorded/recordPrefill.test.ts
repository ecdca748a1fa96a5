import { prefillRecorded, suggestName } from './recordPrefill';

const same = (expr: string): string => expr;

describe('a recorded query made of a panel', () => {
  it('gets the step of the panel, else the scrape interval, else 15 s', () => {
    expect(prefillRecorded({ expr: 'up', interval: '1m' }, '5s', same).definition.stepMs).toBe(60_000);
    expect(prefillRecorded({ expr: 'up' }, '5s', same).definition.stepMs).toBe(5_000);
    expect(prefillRecorded({ expr: 'up', interval: '$min' }, undefined, same).definition.stepMs).toBe(15_000);
  });

  it('has the values the interval macros have at its own step', () => {
    const { definition, replaced } = prefillRecorded(
      { expr: 'rate(a[$__rate_interval]) + rate(b[${__interval}])', interval: '30s' },
      '15s',
      same
    );
    expect(definition.expression).toBe('rate(a[1m]) + rate(b[30s])');
    expect(replaced).toBe(true);
  });

  it('has variables as they are now, and says nothing of it when there are none', () => {
    const { definition, replaced } = prefillRecorded({ expr: 'up{job="$job"}' }, '', (expr) =>
      expr.replace('$job', 'node')
    );
    expect([definition.expression, replaced]).toEqual(['up{job="node"}', true]);
    expect(prefillRecorded({ expr: 'up' }, '', same).replaced).toBe(false);
  });
});

describe('a suggested name', () => {
  it.each([
    ['up', 'up'],
    ['sum by (job) (rate(http_requests_total[5m]))', 'sum_by_job_rate_http_requests_total_5m'],
    ['100 - avg(x)', 'avg_x'],
    ['{job="a"}', 'job_a'],
    ['1 + 1', ''],
  ])('of %s is %s', (expr, name) => {
    expect(suggestName(expr)).toBe(name);
  });
});
