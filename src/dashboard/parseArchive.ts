import { isRecord } from './parseAnswers';

/** What the page shows of the archive's status. */
export interface ArchiveSummary {
  samples: number;
  series: number;
  /** Unix milliseconds of the newest sample. */
  newestMs?: number;
  gaps: ArchiveGap[];
}

export interface ArchiveGap {
  query: string;
  fromMs: number;
  toMs: number;
  /** A code of the archive's. */
  reason: string;
}

/** The body of `/api/archive/status` → what the page shows; throws an `Error` when it is something else. */
export function parseArchive(body: unknown): ArchiveSummary {
  if (!isRecord(body) || typeof body.samples !== 'number' || !Array.isArray(body.queries)) {
    throw new Error('The answer holds no archive status');
  }
  const queries = body.queries.filter(isRecord);
  const newest = queries.map(({ newestMs }) => newestMs).filter((time): time is number => typeof time === 'number');
  return {
    samples: body.samples,
    series: typeof body.series === 'number' ? body.series : 0,
    newestMs: newest.length > 0 ? newest.reduce((a, b) => Math.max(a, b)) : undefined,
    gaps: queries.flatMap((query) => gapsOf(query)).sort((a, b) => b.toMs - a.toMs),
  };
}

function gapsOf(query: Record<string, unknown>): ArchiveGap[] {
  const gaps = Array.isArray(query.gaps) ? query.gaps.filter(isRecord) : [];
  return gaps.flatMap(({ fromMs, toMs, reason }) =>
    typeof fromMs === 'number' && typeof toMs === 'number'
      ? [{ query: String(query.name ?? ''), fromMs, toMs, reason: String(reason) }]
      : []
  );
}
