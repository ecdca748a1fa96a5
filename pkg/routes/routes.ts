import { refusalToRead } from '../core/datasource/callers';
import { type DefinitionManager } from '../core/manage/manageDefinitions';
import { type CompareExpressions } from '../core/matching/matchDefinition';
import { type ApiRoute } from '../core/ports/apiRoute';
import { type AboutParts, createAboutRoute } from './aboutRoute';
import { createArchiveLabelRoutes } from './archiveLabelRoutes';
import { type ArchiveRouteParts, createArchiveRoutes } from './archiveRoutes';
import { type EvaluateDeps } from './evaluate';
import { type ArchiveViewer, createHistoryRoutes, type HistoryReader } from './historyRoutes';
import { createRecordedRoutes } from './recordedRoutes';
import { createStandardRoute } from './standardRoute';
import { createSummaryRoutes, type SummaryReader } from './summaryRoutes';

/** What the routes ask. */
export interface RouteParts extends EvaluateDeps, ArchiveRouteParts {
  summary: SummaryReader;
  /** The archive as the page shows it, and what draws its charts without one; only the stand-alone server has a page. */
  page?: { viewer: ArchiveViewer | undefined; reader?: HistoryReader; about?: Omit<AboutParts, 'source'> };
  /** What Grafana's editors ask for; the stand-alone program has its definitions from its file. */
  editors?: { definitions: DefinitionManager; compare: CompareExpressions };
}

/**
 * Every route of Promkeep's own API. The stand-alone server mounts them as they are, the plugin serves them below `promkeep/` of a
 * datasource's resources; both only translate. What is no JSON (probes, metrics, the page and its events) is the server's own.
 */
export function createRoutes(parts: RouteParts): ApiRoute[] {
  const { summary, limits, archive, page, editors, forwardsCredentials } = parts;
  return [
    ...createSummaryRoutes(summary, limits.maxRangeMs),
    createStandardRoute(parts),
    ...createArchiveRoutes(parts),
    ...(page ? createHistoryRoutes(page.viewer, page.reader) : []),
    ...(page?.about ? [createAboutRoute({ ...page.about, source: parts.source })] : []),
    ...(editors ? createRecordedRoutes(editors.definitions) : []),
    ...(editors
      ? createArchiveLabelRoutes({
          history: archive?.archive.history,
          compare: editors.compare,
          refuse: (caller) => refusalToRead(caller, forwardsCredentials),
        })
      : []),
  ];
}
