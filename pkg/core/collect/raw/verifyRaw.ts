import { compileMatchers, type LabelTest } from '../../matching/matchLabels';
import { PromkeepError } from '../../model/errors';
import { RAW_STEP_MS, type RawSeries, rawSpan } from '../../model/rawSeries';
import { processTurns } from '../../model/turns';
import { type TimeRange } from '../../model/timeRange';
import { type Definition } from '../../ports/definitions';
import { type CallOptions } from '../../ports/metricSource';
import { type RawHistory, type RawStore, type RawWrite, type Selector } from '../../ports/rawSeries';
import { countAllPoints } from '../collectGrid';
import { type FetchDeps } from '../fetchRange';
import { compareRaw, nothingCompared, type RawComparing, type RawComparison } from './compareRaw';
import { prepareRaw, type PreparedRaw, splitRaw } from './prepareRaw';
import { requireReading } from './rawReading';

export interface RawVerifyDeps extends FetchDeps {
  raw?: Pick<RawStore & RawHistory, 'writeRaw' | 'select'>;
  /** Absent: raw series cannot be verified here. */
  rawComparing?: RawComparing;
}

/**
 * Compares what the archive has of a raw definition with what its source holds, selector by selector, at the times at which the
 * probe shows that the source still holds data. A series that several selectors match is compared with the first of them.
 * Rejects with `PromkeepError`.
 */
export async function compareRawPiece(
  deps: RawVerifyDeps,
  entry: Definition,
  { range, maxExamples }: { range: TimeRange; maxExamples: number },
  call: CallOptions
): Promise<PreparedRaw & { comparison: RawComparison }> {
  const { source, readSelectors } = requireReading(deps.rawReading);
  const { raw, rawComparing } = deps;
  if (!raw || !rawComparing) {
    throw new PromkeepError('INTERNAL', 'Raw series cannot be verified here.');
  }
  const prepared = await prepareRaw(deps, entry, range, call);
  const total = nothingCompared();
  const held = prepared.write?.covered ?? [];
  if (held.length === 0) {
    return { ...prepared, comparison: total };
  }
  const span = rawSpan({ fromMs: held[0].fromMs, toMs: held[held.length - 1].toMs });
  for (const [selector, isOthers] of await withOthers(readSelectors(entry.expression))) {
    const sides = {
      archived: without(isOthers, raw.select({ selector, range: span, definition: entry.name }, call.signal)),
      source: without(isOthers, source.readRaw({ selectors: [selector], range: span }, call)),
    };
    add(total, await compareRaw(rawComparing, sides, held.map(rawSpan), maxExamples - total.examples.length));
  }
  const { write } = prepared;
  return { ...prepared, ...(write ? { write: whileHeld(deps, write, call) } : {}), comparison: total };
}

/** A block that goes between the probe and the reading must not look like series that are no more. */
function whileHeld(deps: RawVerifyDeps, write: RawWrite, call: CallOptions): RawWrite {
  return {
    ...write,
    async *series(signal) {
      yield* write.series(signal);
      const { covered } = await splitRaw(deps, write.range, { ...call, signal });
      if (countAllPoints(covered, RAW_STEP_MS) < countAllPoints(write.covered, RAW_STEP_MS)) {
        throw new PromkeepError(
          'CONFLICT',
          'The source has dropped a part of the range meanwhile; nothing was written.'
        );
      }
    },
  };
}

type SeriesTest = (series: RawSeries) => boolean;

/** Each selector with a test for the series that one before it matches too. */
async function withOthers(selectors: readonly Selector[]): Promise<Array<[Selector, SeriesTest]>> {
  const tests: LabelTest[] = [];
  const all: Array<[Selector, SeriesTest]> = [];
  for (const selector of selectors) {
    const before = [...tests];
    all.push([selector, ({ labels }) => before.length > 0 && before.some((holds) => holds(labelsOf(labels)))]);
    // compiling a pattern is long work
    await processTurns.next();
    tests.push(compileMatchers(selector));
  }
  return all;
}

async function* without(isOthers: SeriesTest, series: AsyncIterable<RawSeries>): AsyncIterable<RawSeries> {
  for await (const one of series) {
    if (!isOthers(one)) {
      yield one;
    }
  }
}

export function labelsOf(labels: RawSeries['labels']): Record<string, string> {
  return Object.fromEntries(labels.map(({ name, value }) => [name, value]));
}

function add(total: RawComparison, { compared, counts, behind, examples }: RawComparison): void {
  total.compared += compared;
  total.counts.differs += counts.differs;
  total.counts.missing += counts.missing;
  total.counts.extra += counts.extra;
  behind.forEach((timeMs) => total.behind.add(timeMs));
  total.examples.push(...examples);
}
