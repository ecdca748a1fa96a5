import * as v from 'valibot';
import { ARCHIVE_LABELS_RESOURCE, ARCHIVE_SERIES_RESOURCE, RESOURCE_PREFIX } from '../../src/contract/resourcePaths';
import { type ApiRoute } from '../core/ports/apiRoute';
import { type CompareExpressions } from '../core/matching/matchDefinition';
import { type Caller } from '../core/ports/datasource';
import { PromkeepError } from '../core/model/errors';
import { inTurns } from '../core/model/inTurns';
import { compareText } from '../core/readback/joinSeries';
import { type LabelMatcher } from '../core/model/labelMatcher';
import { atMost, LIMITS } from '../core/model/limits';
import { checkMatchers, compileMatchers } from '../core/matching/matchLabels';
import { type History } from '../core/ports/history';
import { type Labels } from '../core/model/series';
import { presentArchive } from './archiveRoutes';
import { type Fields, invalid, text, time } from './parameters';
import { route } from './route';

export interface ArchiveLabelParts {
  history: Pick<History, 'seriesLabels'> | undefined;
  /** Reads the matchers of a filter such as `{job="node"}`. */
  compare: CompareExpressions;
  /** Why a caller may not read from the archive. */
  refuse(caller: Caller): string | undefined;
}

const PATH_START = RESOURCE_PREFIX.length - 1;
/** More are neither a list to choose from nor quick to send; the answer says that there are more. */
const MOST_SERIES = 10_000;
const PARAMETERS = {
  query: text,
  match: v.optional(text),
  start: v.optional(time, '0001-01-01T00:00:00Z'),
  end: v.optional(time, '9999-12-31T23:59:59Z'),
};

/**
 * Labels of what is archived, also of series Prometheus no longer has. `query` is the name of a recorded query, `match` a filter
 * such as `{job="node"}`, `start` and `end` a range (all of the archive unless given).
 *
 * - `GET /api/archive/labels?query=…`: `{labels: [names]}`; with `&label=…`: `{values: […]}`; sorted, each once.
 * - `GET /api/archive/series?query=…`: `{series: [labels]}`.
 *
 * Both have `truncated: true` when there are more than 10,000 series. 409 without an archive.
 */
export function createArchiveLabelRoutes(parts: ArchiveLabelParts): ApiRoute[] {
  const check = (caller: Caller): void => {
    presentArchive(parts.history);
    const refusal = parts.refuse(caller);
    if (refusal !== undefined) {
      throw new PromkeepError('FORBIDDEN', `The archive cannot be read here: ${refusal}.`);
    }
  };
  return [
    route({
      method: 'GET',
      path: ARCHIVE_LABELS_RESOURCE.slice(PATH_START),
      takes: { ...PARAMETERS, label: v.optional(text) },
      check,
      async answer({ label, ...asked }, { signal }) {
        const { series, ...rest } = await readSeries(parts, asked, signal);
        return label !== undefined
          ? { values: distinct(series.flatMap((labels) => valueOf(labels, label))), ...rest }
          : { labels: distinct(series.flatMap((labels) => Object.keys(labels))), ...rest };
      },
    }),
    route({
      method: 'GET',
      path: ARCHIVE_SERIES_RESOURCE.slice(PATH_START),
      takes: PARAMETERS,
      check,
      answer: (asked, { signal }) => readSeries(parts, asked, signal),
    }),
  ];
}

async function readSeries(
  { history, compare }: ArchiveLabelParts,
  { query: name, match, start, end }: Fields<typeof PARAMETERS>,
  signal: AbortSignal
): Promise<{ series: Labels[]; truncated?: true }> {
  atMost(name, LIMITS.nameLength, 'The name of a recorded query');
  const matchers = match === undefined ? [] : filterOf(match, compare);
  const range = { fromMs: start, toMs: end };
  const found = await presentArchive(history).seriesLabels({ name, range, limit: MOST_SERIES + 1 }, signal);
  const series = await inTurns(found.slice(0, MOST_SERIES), () => keeping(matchers), signal);
  return found.length > MOST_SERIES ? { series, truncated: true } : { series };
}

/** Whatever a filter adds to a bare name is what it filters by. */
function filterOf(match: string, compare: CompareExpressions): LabelMatcher[] {
  atMost(match, LIMITS.parsedExpressionLength, 'A filter');
  const matchers = match.trimStart().startsWith('{') ? compare('x', `x${match}`) : undefined;
  if (!matchers) {
    throw invalid('The parameter "match" must be a filter such as {job="node"}.');
  }
  // before anything is read
  checkMatchers(matchers);
  return matchers;
}

function keeping(matchers: readonly LabelMatcher[]): (labels: Labels) => Labels[] {
  const keeps = compileMatchers(matchers);
  return (labels) => (keeps(labels) ? [labels] : []);
}

function valueOf(labels: Labels, name: string): string[] {
  return Object.hasOwn(labels, name) ? [labels[name]] : [];
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort(compareText);
}
