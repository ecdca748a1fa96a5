import { type DataFrame } from '@grafana/data';
import * as v from 'valibot';
import { words } from '../../contract/lenient';
import { SUMMARY_FRAME_VERSION } from '../../contract/summary';

/** What the panel needs of `meta.custom.promkeep`; see `SummaryFrameMeta` in the contract. */
export type SummaryMark = v.InferOutput<typeof MARK>;

const OURS = v.object({ promkeep: v.object({ kind: v.literal('summary') }) });

/** A comparison that cannot be read is one all the same: it must not pass for the present. */
const COMPARISON = v.object({ offsetMs: v.fallback(v.number(), NaN), origin: words });

const MARK = v.pipe(
  v.object({
    version: v.literal(SUMMARY_FRAME_VERSION),
    metricKey: v.string(),
    aggregation: v.fallback(v.optional(v.picklist(['mean', 'sum', 'max', 'min'])), undefined),
    noDataReason: words,
    lastSeenMs: v.fallback(v.optional(v.pipe(v.number(), v.finite())), undefined),
    comparison: v.optional(v.fallback(COMPARISON, { offsetMs: NaN, origin: undefined })),
  }),
  v.transform(({ version: _, comparison, ...mark }) => ({
    ...mark,
    /** Set on a frame of an earlier period: how much earlier. */
    comparisonOffsetMs: comparison?.offsetMs,
    /** The source no longer has it, the archive does. */
    isFromArchive: comparison?.origin === 'archive',
  }))
);

/**
 * Reads the mark of a Summary frame from whatever `meta.custom` holds.
 *
 * @returns the mark, `undefined` for frames that are not ours, or `unreadable` for ours of a version we do not know
 */
export function readSummaryMark(frame: DataFrame): SummaryMark | 'unreadable' | undefined {
  const custom: unknown = frame.meta?.custom;
  if (!v.is(OURS, custom)) {
    return undefined;
  }
  const mark = v.safeParse(MARK, custom.promkeep);
  return mark.success ? mark.output : 'unreadable';
}
