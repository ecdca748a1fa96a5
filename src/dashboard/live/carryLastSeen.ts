import { type DataFrame } from '@grafana/data';
import { readSummaryMark } from '../../panel/data/summaryMeta';
import { isRecord } from '../../contract/lenient';

/**
 * When a query fails, its answer cannot say when there was data last; the answer before it can.
 *
 * @returns the new frames, with `lastSeenMs` of the old ones where a frame without data does not say it
 */
export function carryLastSeen(before: readonly DataFrame[], now: readonly DataFrame[]): DataFrame[] {
  const seen = new Map(before.map((frame) => [identify(frame), lastSeenOf(frame)]));
  return now.map((frame) => {
    const mark = frame.meta?.custom?.promkeep;
    const lastSeenMs = seen.get(identify(frame));
    if (lastSeenMs === undefined || !isRecord(mark) || !mark.noDataReason || mark.lastSeenMs !== undefined) {
      return frame;
    }
    return { ...frame, meta: { ...frame.meta, custom: { ...frame.meta?.custom, promkeep: { ...mark, lastSeenMs } } } };
  });
}

function lastSeenOf(frame: DataFrame): number | undefined {
  const mark = readSummaryMark(frame);
  return typeof mark === 'object' ? mark.lastSeenMs : undefined;
}

/** Metric and group: the group's labels are part of the name a data source gives. */
function identify(frame: DataFrame): string {
  const names = frame.fields.map(({ config, name }) => config.displayNameFromDS ?? name);
  return JSON.stringify([frame.name, ...names]);
}
