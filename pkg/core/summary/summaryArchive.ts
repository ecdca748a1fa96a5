import { positiveModulo } from '../model/alignment';
import { type ArchiveMatch, type CompareExpressions, findMatches, withResults } from '../matching/matchDefinition';
import { type Answering, type ReadBackArchive } from '../readback/readArchive';
import { sortByLabels } from '../readback/joinSeries';
import { type CallOptions } from '../ports/metricSource';

/** Archived values of an expression, on any grid; they are `stepMs` apart at least. */
export interface ArchivedAnswer {
  stepMs: number;
  answering: Answering;
}

/** Finds the recorded query that holds an expression's values. `undefined`: none does, or the archive may not be read. */
export type FindArchived = (expr: string, call: CallOptions) => Promise<ArchivedAnswer | undefined>;

/** Reads earlier values of summary metrics, which are recorded under the same definitions. */
export function archivedValues(archive: ReadBackArchive, compare: CompareExpressions): FindArchived {
  return async (expr, { signal }) => {
    signal.throwIfAborted();
    const matches = findMatches(withResults(await archive.definitions.list()), expr, compare);
    const [finest] = matches.sort((a, b) => a.query.stepMs - b.query.stepMs);
    return finest && { stepMs: finest.query.stepMs, answering: answerFor(archive, finest) };
  };
}

/** A summary's grid ends where its sparkline does; the archive answers for the recorded times at or before those. */
function answerFor(archive: ReadBackArchive, match: ArchiveMatch): Answering {
  return {
    async queryRange({ startMs, endMs, stepMs }, { signal, memory }) {
      const back = positiveModulo(startMs, match.query.stepMs);
      const grid = { startMs: startMs - back, endMs: endMs - back, stepMs };
      const found = await archive.history.readGrid({ ...match, grid, memory }, signal);
      return { resultType: 'matrix', series: sortByLabels(found?.series ?? []), warnings: [], infos: [] };
    },
    queryInstant: async () => ({ resultType: 'vector', series: [], warnings: [], infos: [] }),
  };
}
