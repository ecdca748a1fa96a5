import { createTheme, type DataFrame } from '@grafana/data';
import { detailRows } from '../tile/detailRows';
import { END_MS, summaryFrame, timeFrame } from './testFrames';
import { type TileOptions, toTiles } from './tiles';
import { ENGLISH } from '../words/words';

const theme = createTheme({ colors: { mode: 'dark' } });
const HOUR_MS = 3_600_000;

function changeIn(frames: DataFrame[], more: Partial<TileOptions> = {}) {
  return toTiles(frames, { calculations: ['last'], theme, words: ENGLISH, timeZone: 'utc', ...more })[0].change;
}

function earlier(values: unknown[], offsetMs: number, labels?: Record<string, string>): DataFrame {
  return summaryFrame({ values, labels, mark: { comparison: { offsetMs } } });
}

/** One value every 10 minutes, the last of them at END_MS. */
function history(values: unknown[], unit = 'short'): DataFrame {
  const frame = timeFrame([{ values, config: { unit } }]);
  const times = values.map((_, i) => END_MS - (values.length - 1 - i) * 600_000);
  frame.fields[0] = { ...frame.fields[0], config: {}, values: times };
  return frame;
}

describe('with comparison frames', () => {
  it('says when the earlier value came from the archive', () => {
    const then = summaryFrame({ values: [1, 40], mark: { comparison: { offsetMs: HOUR_MS, origin: 'archive' } } });
    const [tile] = toTiles([summaryFrame({ values: [1, 42.5] }), then], {
      calculations: ['last'],
      theme,
      words: ENGLISH,
      timeZone: 'utc',
    });
    expect(detailRows(tile, ENGLISH, 'utc')).toContainEqual({
      label: 'Change',
      text: 'Up by 2.5 pp against 1 hour ago, when it was 40.0% (from the archive)',
    });
  });

  it('is the difference in points, with the words of the time', () => {
    expect(changeIn([summaryFrame({ values: [1, 42.5] }), earlier([1, 40], HOUR_MS)])).toEqual({
      direction: 'up',
      text: '+2.5 pp',
      against: 'vs 1 hour ago',
      spoken: 'Up by 2.5 pp against 1 hour ago, when it was 40.0%',
    });
  });

  it('compares like with like: the mean with the mean of then', () => {
    const frames = [summaryFrame({ values: [10, 20] }), earlier([20, 40], 24 * HOUR_MS)];
    expect(changeIn(frames, { calculations: ['mean'] })).toMatchObject({ text: '−15.0 pp', against: 'vs yesterday' });
  });

  it('belongs to the group with the same labels', () => {
    const labels = { metric: 'cpu_usage', instance: 'a' };
    const now = summaryFrame({ values: [10], labels });
    expect(changeIn([now, earlier([5], HOUR_MS, { ...labels, instance: 'b' })])).toBeUndefined();
    expect(changeIn([now, earlier([5], HOUR_MS, labels)])?.direction).toBe('up');
  });

  it('is said to be none when no digit of it would be seen', () => {
    expect(changeIn([summaryFrame({ values: [10.01] }), earlier([10], HOUR_MS)])).toMatchObject({
      direction: 'same',
      text: 'unchanged',
      spoken: 'The same as 1 hour ago: 10.0%',
    });
  });

  it('is not shown without a value, when it is off, or when another time is wanted', () => {
    const frames = [summaryFrame({ values: [10] }), earlier([5], HOUR_MS)];
    expect(changeIn([summaryFrame({ values: [null] }), frames[1]])).toBeUndefined();
    expect(changeIn(frames, { changeSince: 'off' })).toBeUndefined();
    expect(changeIn(frames, { changeSince: '7d' })).toBeUndefined();
  });

  it('never takes a comparison without a readable offset for the present', () => {
    const broken = summaryFrame({ values: [5] });
    broken.meta = { custom: { promkeep: { version: 1, kind: 'summary', metricKey: 'cpu_usage', comparison: 'soon' } } };
    expect(toTiles([broken], { calculations: ['last'], theme, words: ENGLISH })).toEqual([]);
  });
});

describe('from the range of the frame', () => {
  it('is taken when the range reaches back far enough', () => {
    const frame = history([5, 6, 7, 8, 9, 10, 11]);
    expect(changeIn([frame], { changeSince: '1h' })).toMatchObject({ text: '+6', against: 'vs 1 hour ago' });
    expect(changeIn([frame], { changeSince: '1d' })).toBeUndefined();
    expect(changeIn([frame])).toBeUndefined();
  });

  it('is hidden when there was a gap at that time, or when it would be a guess', () => {
    const values = Array.from({ length: 13 }, (_, i) => (i > 1 && i < 8 ? null : i));
    expect(changeIn([history(values)], { changeSince: '1h' })).toBeUndefined();
    expect(changeIn([history([1, 2, 3, 4, 5, 6, 7])], { changeSince: '1h', calculations: ['mean'] })).toBeUndefined();
  });

  it('is hidden for dates', () => {
    expect(changeIn([history([1, 2, 3, 4, 5, 6, 7], 'dateTimeAsIso')], { changeSince: '1h' })).toBeUndefined();
  });
});
