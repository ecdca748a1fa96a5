import { parseArchive } from './parseArchive';
import { parseFailure, parseFrames } from './parseAnswers';

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

describe('archive status', () => {
  it('is the newest time of all queries and all gaps, newest first, with the code of the reason', () => {
    const gap = (fromMs: number, reason: string) => ({ fromMs, toMs: fromMs + 1, reason });
    expect(
      parseArchive({
        samples: 10,
        series: 2,
        queries: [
          { name: 'a', newestMs: 5, gaps: [gap(1, 'source-down')] },
          { name: 'b', newestMs: 9, gaps: [gap(3, 'sunspots'), { reason: 'no times' }] },
          { name: 'c' },
        ],
      })
    ).toEqual({
      samples: 10,
      series: 2,
      newestMs: 9,
      gaps: [
        { query: 'b', fromMs: 3, toMs: 4, reason: 'sunspots' },
        { query: 'a', fromMs: 1, toMs: 2, reason: 'source-down' },
      ],
    });
  });

  it('has no newest time before anything was recorded', () => {
    expect(parseArchive({ samples: 0, series: 0, queries: [] }).newestMs).toBeUndefined();
  });

  it.each([null, {}, { samples: '1', queries: [] }, { samples: 1 }])('is not seen in %j', (body) => {
    expect(() => parseArchive(body)).toThrow('The answer holds no archive status');
  });
});
