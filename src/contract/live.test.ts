import { liveLabels, livePath } from './live';

const ask = { query: { expr: 'up', interval: '', range: true }, rangeMs: 900_000 };

describe('the path of a channel', () => {
  it('fits into the 160 characters of a channel id with the longest datasource uid', () => {
    const id = `stacks-1234567890/ds/${'u'.repeat(40)}/${livePath(ask, 1)}`;
    expect(id.length).toBeLessThanOrEqual(160);
    expect(id).toMatch(/^[A-Za-z0-9/_-]+$/);
  });

  it('is the same however the keys are ordered and whether a key is absent or undefined', () => {
    const other = { rangeMs: 900_000, query: { range: true, hide: undefined, interval: '', expr: 'up' } };
    expect(livePath(other, 1)).toBe(livePath(ask, 1));
    expect(livePath(JSON.parse(JSON.stringify(other)), 1)).toBe(livePath(ask, 1));
  });

  it.each([
    ['another expression', { ...ask, query: { ...ask.query, expr: 'down' } }, 1],
    ['another range', { ...ask, rangeMs: 1 }, 1],
    ['another organisation', ask, 2],
    ['nothing', undefined, 1],
  ])('differs for %s', (_, other, orgId) => {
    expect(livePath(other, orgId)).not.toBe(livePath(ask, 1));
  });
});

describe('the labels column', () => {
  it('is ordered by name and quotes what would end a value', () => {
    expect(liveLabels({ path: 'C:\\"x"', job: 'a, b="c"' })).toBe('{job="a, b=\\"c\\"", path="C:\\\\\\"x\\""}');
  });

  it('is an empty set for a series without labels', () => {
    expect([liveLabels({}), liveLabels(undefined)]).toEqual(['{}', '{}']);
  });
});
