import { PromkeepError } from '../../model/errors';
import { type RawSeries, rawSpan } from '../../model/rawSeries';
import { type TimeRange } from '../../model/timeRange';
import { type LedgerEntry } from '../../ports/ledger';
import { type RawHistory, type RawStore } from '../../ports/rawSeries';
import { type FetchDeps } from '../fetchRange';
import { compareRaw, type RawComparing, type RawComparison } from './compareRaw';
import { prepareRaw, type PreparedRaw } from './prepareRaw';
import { requireReading } from './rawReading';

export interface RawVerifyDeps extends FetchDeps {
  raw?: Pick<RawStore & RawHistory, 'writeRaw' | 'select'>;
  /** Absent: raw series cannot be verified here. */
  rawComparing?: RawComparing;
}

/**
 * Compares what the archive has of a raw definition with what its source holds, selector by selector, at the times at which the
 * probe shows that the source still holds data. A series that several selectors match is compared for each of them.
 * Rejects with `PromkeepError`.
 */
export async function compareRawPiece(
  deps: RawVerifyDeps,
  entry: LedgerEntry,
  { range, maxExamples }: { range: TimeRange; maxExamples: number },
  signal: AbortSignal
): Promise<PreparedRaw & { comparison: RawComparison }> {
  const { source, readSelectors } = requireReading(deps.rawReading);
  const { raw, rawComparing } = deps;
  if (!raw || !rawComparing) {
    throw new PromkeepError('INTERNAL', 'Raw series cannot be verified here.');
  }
  const prepared = await prepareRaw(deps, entry, range, { signal });
  const total: RawComparison = { compared: 0, counts: { differs: 0, missing: 0, extra: 0 }, examples: [] };
  const held = prepared.write?.covered ?? [];
  if (held.length === 0) {
    return { ...prepared, comparison: total };
  }
  const span = rawSpan({ fromMs: held[0].fromMs, toMs: held[held.length - 1].toMs });
  for (const selector of readSelectors(entry.expression)) {
    const sides = {
      archived: raw.select({ selector, range: span, definition: entry.name }, signal),
      source: source.readRaw({ selectors: [selector], range: span }, { signal }),
    };
    add(total, await compareRaw(rawComparing, sides, held.map(rawSpan), maxExamples - total.examples.length));
  }
  return { ...prepared, comparison: total };
}

export function labelsOf(labels: RawSeries['labels']): Record<string, string> {
  return Object.fromEntries(labels.map(({ name, value }) => [name, value]));
}

function add(total: RawComparison, { compared, counts, examples }: RawComparison): void {
  total.compared += compared;
  total.counts.differs += counts.differs;
  total.counts.missing += counts.missing;
  total.counts.extra += counts.extra;
  total.examples.push(...examples);
}
