import { parseFailure, parseFrames, parseHistory, parseOverview } from './parseAnswers';

describe('frames', () => {
  it('are read with their gaps and with the numbers JSON has no form for', () => {
    const frames = parseFrames({
      frames: [
        {
          schema: {
            fields: [
              { name: 'Time', type: 'time' },
              { name: 'cpu', type: 'number', config: { unit: 'percent' } },
            ],
          },
          data: {
            values: [
              [1000, 2000, 3000],
              [1, null, null],
            ],
            entities: [null, { NaN: [2] }],
          },
        },
      ],
    });
    expect(frames[0].length).toBe(3);
    expect(frames[0].fields[1].values).toEqual([1, null, NaN]);
  });

  it.each([
    undefined,
    [],
    {},
    { frames: {} },
    { frames: [null] },
    { frames: [{ schema: {} }] },
    { frames: [{ schema: { fields: [{}] } }] },
    { frames: [{ schema: { fields: [] }, data: { values: [1] } }] },
  ])('are not seen in %j', (body) => {
    expect(() => parseFrames(body)).toThrow('The answer holds no frames');
  });
});

describe('failures', () => {
  it.each([
    [{ error: 'Prometheus cannot be reached', code: 'SOURCE_UNREACHABLE' }, 'Prometheus cannot be reached'],
    [{ error: { message: 'too many' } }, 'too many'],
    [{ message: 'Bad Gateway' }, 'Bad Gateway'],
    [{ error: 7 }, undefined],
    ['<html>', undefined],
    [null, undefined],
  ])('in %j read %s', (body, message) => {
    expect(parseFailure(body)).toBe(message);
  });
});

describe('the archive', () => {
  it('is read with what is there, and without what is not', () => {
    const hole = { fromMs: 1, toMs: 2, reason: 'sunspots', outlook: 'retried' };
    const overview = parseOverview({
      timeMs: 7,
      samples: 10,
      series: 2,
      leader: { name: 'a', isThis: true },
      queries: [{ name: 'a', gaps: [hole, { reason: 'no times' }] }, 'nonsense'],
    });
    expect(overview).toMatchObject({
      timeMs: 7,
      samples: 10,
      series: 2,
      bytes: 0,
      leader: { name: 'a', isThis: true },
    });
    expect(overview.queries).toHaveLength(1);
    expect(overview.queries[0]).toMatchObject({ name: 'a', displayName: 'a', lagMs: 0, gaps: [hole] });
    expect(overview.queries[0].newestMs).toBeUndefined();
  });

  it.each([null, {}, { samples: '1', queries: [] }, { samples: 1 }])('is not seen in %j', (body) => {
    expect(() => parseOverview(body)).toThrow('The answer holds no archive overview');
  });

  it('has histories whose columns fit each other', () => {
    const series = { labels: { a: 'b' }, timesMs: [1, 2], values: [1, null], min: [0], max: [2] };
    const body = { name: 'a', fromMs: 1, toMs: 2, series: [series] };
    expect(parseHistory(body).series).toEqual([{ labels: { a: 'b' }, timesMs: [1, 2], values: [1, null] }]);
    expect(() => parseHistory({ ...body, series: [{ ...series, values: [1] }] })).toThrow('no history');
    expect(() => parseHistory({ ...body, fromMs: undefined })).toThrow('no history');
  });
});
