import { countAllPoints } from '../collect/collectGrid';
import { type Notice } from '../frames/frame';
import { type Gap } from '../ports/ledger';
import { type GridSamples } from '../ports/history';
import { type TimeRange } from '../model/timeRange';

export function aloneNotice(reason: string): Notice {
  return warning(`Read from Prometheus alone: ${reason}`);
}

const REASONS: Readonly<Record<Gap['reason'], string>> = {
  'source-down': 'Prometheus could not be reached',
  'query-failed': 'the query failed',
  'partial-answer': 'the answer was partial',
  'source-had-no-data': 'Prometheus had no data',
  'source-lost-it': 'Prometheus no longer had it',
  'archive-down': 'the archive could not be reached',
};
const MOST_NAMED = 3;

/**
 * Before the first archived time and after the last nothing is recorded (yet); every hole in between is named, with its reason.
 *
 * @param bucketMs present when the times are ends of buckets, which are missing as a whole when part of them is
 */
export function describeMissing(
  { covered, gaps }: Pick<GridSamples, 'covered' | 'gaps'>,
  missing: readonly TimeRange[],
  stepMs: number,
  bucketMs = 0
): Notice[] {
  if (covered.length === 0) {
    const part = bucketMs > 0 ? 'no whole bucket' : 'nothing';
    return [warning(`The archive has ${part} of this range.${because(gaps[0])}`)];
  }
  const end = covered[covered.length - 1].toMs;
  const begin = covered[0].fromMs;
  const holes = missing.filter(({ fromMs }) => fromMs > begin && fromMs < end);
  const notices: Notice[] = [];
  if (missing[0]?.fromMs < begin) {
    notices.push(info(`The archive begins at ${clock(begin - bucketMs)}.`));
  }
  if (missing.some(({ fromMs }) => fromMs > end)) {
    notices.push(info(`The archive ends at ${clock(end)}.${because(gaps.find(({ fromMs }) => fromMs > end))}`));
  }
  if (holes.length > 0) {
    const named = holes.slice(0, MOST_NAMED).map((range) => describeHole(range, gaps, bucketMs));
    const more = holes.length > MOST_NAMED ? `; and ${holes.length - MOST_NAMED} more` : '';
    const count = countAllPoints(holes, stepMs);
    const what =
      bucketMs > 0
        ? `Left out: ${count === 1 ? 'a bucket in between that is' : `${count} buckets in between that are`} not recorded as a whole`
        : `The archive lacks ${count} of the times in between`;
    notices.push(warning(`${what}: ${named.join('; ')}${more}.`));
  }
  return notices;
}

function describeHole({ fromMs, toMs }: TimeRange, gaps: readonly Gap[], bucketMs: number): string {
  const gap = gaps.find((one) => one.fromMs <= toMs && one.toMs > fromMs - Math.max(1, bucketMs));
  const span = fromMs === toMs ? clock(fromMs) : `${clock(fromMs)} to ${clock(toMs)}`;
  return gap ? `${span} (${REASONS[gap.reason]})` : span;
}

function because(gap: Gap | undefined): string {
  return gap ? ` After that ${REASONS[gap.reason]}.` : '';
}

export function info(text: string): Notice {
  return { severity: 'info', text };
}

export function warning(text: string): Notice {
  return { severity: 'warning', text };
}

export function clock(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
