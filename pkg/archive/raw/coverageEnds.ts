import { type TimeRange } from '../../core/model/timeRange';
import { type KeptSeries } from '../../core/ports/rawSeries';
import { type Row } from '../connect/database';
import { ofSource, type Session } from '../connect/session';
import { RECORDED } from '../definitions/queryRows';

/** From the first time to the one after the last. */
interface HalfOpen {
  fromMs: number;
  untilMs: number;
}

/** What is kept is collected with some delay: an end of coverage that is younger says nothing. */
const SETTLED_MS = 3_600_000;

/** Where the coverage of raw definitions ends although their source went on. */
export class CoverageEnds {
  private readonly known = new Map<string, number[]>();

  private constructor(
    private readonly covered: ReadonlyMap<number, HalfOpen[]>,
    private readonly gaps: ReadonlyMap<number, Array<HalfOpen & { sourceHadNothing: boolean }>>,
    private readonly settledMs: number
  ) {}

  /** Coverage of all versions counts: what was covered under other selectors is kept as it was. */
  static async read(session: Session, queryIds: readonly number[]): Promise<CoverageEnds> {
    const covered = await session.rows(
      `SELECT c.query_id, ${borders('part')} FROM (
         SELECT query_id, range_agg(part) AS covered FROM promkeep_coverage, unnest(covered) AS part
         WHERE query_id = ANY ($1::bigint[]) GROUP BY query_id) c, unnest(c.covered) AS part
       ORDER BY c.query_id, part`,
      [queryIds]
    );
    const gaps = await session.rows(
      `SELECT g.query_id, ${borders('g.missing')}, g.reason = 'source-had-no-data' AS source_had_nothing FROM promkeep_gaps g
       WHERE g.query_id = ANY ($1::bigint[]) ORDER BY g.query_id, g.missing`,
      [queryIds]
    );
    return new CoverageEnds(
      byQuery(covered, toHalfOpen),
      byQuery(gaps, (row) => ({ ...toHalfOpen(row), sourceHadNothing: row.source_had_nothing === true })),
      session.clock.nowMs() - SETTLED_MS
    );
  }

  /**
   * For series that these definitions keep: the first uncovered times, ascending. Not those of holes in which the source itself
   * had nothing, and the last one only once it is noted why there is no more.
   */
  of(queryIds: readonly number[]): number[] {
    const key = queryIds.join();
    const known = this.known.get(key) ?? this.find(queryIds);
    this.known.set(key, known);
    return known;
  }

  private find(queryIds: readonly number[]): number[] {
    const parts = joined(queryIds.flatMap((id) => this.covered.get(id) ?? []));
    return parts.flatMap(({ untilMs }, i) => {
      const gaps = queryIds.flatMap((id) => this.gaps.get(id) ?? []);
      const here = gaps.filter((gap) => gap.fromMs <= untilMs && untilMs < gap.untilMs);
      const ends = i < parts.length - 1 || (here.length > 0 && untilMs < this.settledMs);
      return ends && !here.some(({ sourceHadNothing }) => sourceHadNothing) ? [untilMs] : [];
    });
  }
}

/** See `RawHistory.kept`. */
export async function readKept(session: Session): Promise<KeptSeries[]> {
  const rows = await session.rows(
    `SELECT q.query_id, q.name, v.expression, q.paused_at IS NOT NULL AS paused,
       array_agg((extract(epoch FROM lower(part)) * 1000)::bigint::text || ' ' || (extract(epoch FROM upper(part)) * 1000)::bigint
         ORDER BY part) FILTER (WHERE part IS NOT NULL) AS parts
     FROM ${RECORDED}
     LEFT JOIN promkeep_coverage c ON c.query_id = q.query_id AND c.version = q.current_version
     LEFT JOIN LATERAL unnest(c.covered) AS part ON true
     WHERE o.org_id = $1::bigint AND o.name = $2::text AND q.raw
     GROUP BY q.query_id, q.name, v.expression ORDER BY q.name COLLATE "C"`,
    ofSource(session)
  );
  return rows.map((row) => ({
    name: String(row.name),
    selectors: String(row.expression).split('\n'),
    paused: row.paused === true,
    covered: (Array.isArray(row.parts) ? row.parts : []).map((part): TimeRange => {
      const [fromMs, untilMs] = String(part).split(' ').map(Number);
      return { fromMs, toMs: untilMs - 1 };
    }),
  }));
}

function borders(range: string): string {
  return `(extract(epoch FROM lower(${range})) * 1000)::bigint AS from_ms, (extract(epoch FROM upper(${range})) * 1000)::bigint AS until_ms`;
}

function toHalfOpen(row: Row): HalfOpen {
  return { fromMs: Number(row.from_ms), untilMs: Number(row.until_ms) };
}

function byQuery<T>(rows: readonly Row[], read: (row: Row) => T): Map<number, T[]> {
  const groups = Map.groupBy(rows, (row) => Number(row.query_id));
  return new Map([...groups].map(([queryId, of]) => [queryId, of.map(read)]));
}

function joined(parts: readonly HalfOpen[]): HalfOpen[] {
  const all: HalfOpen[] = [];
  for (const { fromMs, untilMs } of [...parts].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = all.at(-1);
    if (last !== undefined && fromMs <= last.untilMs) {
      last.untilMs = Math.max(last.untilMs, untilMs);
    } else {
      all.push({ fromMs, untilMs });
    }
  }
  return all;
}
