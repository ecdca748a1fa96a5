import { compileMatchers } from '../matching/matchLabels';
import { PromkeepError } from '../model/errors';
import { type LabelMatcher } from '../model/labelMatcher';
import { isOutage } from '../model/outage';
import { type QueryResult } from '../model/series';
import { type Clock } from '../ports/clock';
import { type Definition } from '../ports/definitions';
import { type CallOptions } from '../ports/metricSource';
import { type RawSource, type Selector } from '../ports/rawSeries';
import { type Answering } from './readArchive';

/** PromQL over raw series: a Prometheus that reads the archive evaluates it. */
export interface RawEngine {
  /** Every selector of an expression, or of the list that a raw definition has. `undefined`: it cannot be told. */
  selectorsOf(expression: string): Selector[] | undefined;
  /** Whether the datasource's Prometheus reads from others: from the archive, for all that can be told from here. */
  readsArchive(options: CallOptions): Promise<boolean>;
}

const NO_ENGINE =
  'the series of this expression are kept, but Prometheus does not read them. Add to its prometheus.yml, with the address ' +
  'of promkeep serve: "remote_read:" and below it "  - url: http://promkeep:5000/api/v1/read".';

/**
 * The engine for an expression that nobody recorded; `undefined` when not every selector of it is kept. Throws
 * `QUERY_INVALID` with the lines to add when nothing evaluates over what is kept.
 */
export async function findEngine(
  engine: RawEngine,
  asked: {
    expr: string;
    definitions: ReadonlyArray<Pick<Definition, 'expression' | 'raw'>>;
    source: Answering;
    /** Told when the answer lacks what the archive would have given; may throw. */
    onOutage(error: PromkeepError): void;
  },
  call: CallOptions
): Promise<Answering | undefined> {
  const selectors = engine.selectorsOf(asked.expr) ?? [];
  const kept = asked.definitions
    .filter(({ raw }) => raw)
    .flatMap(({ expression }) => expression.split('\n').flatMap((line) => engine.selectorsOf(line) ?? []));
  if (selectors.length === 0 || !selectors.every((one) => kept.some((wide) => implies(one, wide)))) {
    return undefined;
  }
  if (!(await engine.readsArchive(call))) {
    throw new PromkeepError('QUERY_INVALID', NO_ENGINE);
  }
  const { source, onOutage } = asked;
  const checked = (result: QueryResult): QueryResult => {
    const outage = result.warnings.find(isOutage);
    if (outage !== undefined) {
      onOutage(new PromkeepError('ARCHIVE_UNREACHABLE', `Prometheus could not read all of the archive: ${outage}`));
    }
    return result;
  };
  return {
    queryRange: async (...query) => checked(await source.queryRange(...query)),
    queryInstant: async (...query) => checked(await source.queryInstant(...query)),
  };
}

/** Whether every series of `narrow` is one of `wide`: each condition stands there as well, or follows from the label's value. */
function implies(narrow: Selector, wide: Selector): boolean {
  return wide.every((condition) =>
    narrow.some(
      (one) =>
        one.name === condition.name && (isSame(one, condition) || (one.operator === '=' && holds(condition, one.value)))
    )
  );
}

function isSame(a: LabelMatcher, b: LabelMatcher): boolean {
  return a.operator === b.operator && a.value === b.value;
}

function holds(condition: LabelMatcher, value: string): boolean {
  return compileMatchers([condition])({ [condition.name]: value });
}

/** A configuration changes rarely; asking for it takes two requests. */
const REMEMBERED_MS = 60_000;

/** Whether a source reads from others, asked at most once a minute; a failure is not remembered. */
export function rememberReading(source: Pick<RawSource, 'holdings'>, clock: Clock): RawEngine['readsArchive'] {
  let known: { reads: boolean; untilMs: number } | undefined;
  return async (options) => {
    if (!known || clock.nowMs() >= known.untilMs) {
      const { readsOthers } = await source.holdings(options);
      known = { reads: readsOthers !== 'no', untilMs: clock.nowMs() + REMEMBERED_MS };
    }
    return known.reads;
  };
}
