import { PromkeepError } from '../../core/model/errors';
import { type Label } from '../../core/model/rawSeries';
import { type RawSelect } from '../../core/ports/rawSeries';
import { compareUtf8 } from '../../remote/labels';
import { ofSource, type Session } from '../connect/session';
import { RECORDED } from '../definitions/queryRows';
import { int4Array, int8Array } from '../write/binaryArrays';
import { timeText } from '../write/sampleRows';
import { DAY_MS } from './chunkRow';
import { type LabelPlan, planLabels } from './matchLabelRows';

/** A series as one definition keeps it. */
interface FoundSeries {
  seriesId: number;
  queryId: number;
  labelIds: Int32Array;
}

/** A series of the source, however many definitions keep it. */
export interface SelectedSeries {
  labels: readonly Label[];
  parts: Array<Pick<FoundSeries, 'seriesId' | 'queryId'>>;
}

const FETCH_ROWS = 10_000;
const PAGE_LABELS = 20_000;
/** Of one matcher. The index is asked for each of them; with more, all series are looked at instead. */
const MOST_KEYS = 20_000;
/** Beside labels of which all must be there. */
const FEW_KEYS = 1_000;

/** The definitions of a source that keep raw series and are not deleted; with a name only that one. */
async function rawQueryIds(session: Session, definition: string | undefined): Promise<number[]> {
  const rows = await session.rows(
    `SELECT q.query_id FROM ${RECORDED} WHERE o.org_id = $1::bigint AND o.name = $2::text AND q.raw
       AND ($3::text IS NULL OR q.name = $3::text) ORDER BY q.query_id`,
    [...ofSource(session), definition ?? null]
  );
  return rows.map((row) => Number(row.query_id));
}

/**
 * Series that match a selector and have rows of samples that reach into a range, by the bytes of their labels. The session is a
 * snapshot. Throws `LIMIT_EXCEEDED` for more than `maxSeries`.
 */
export async function findSeries(
  session: Session,
  { maxSeries = Infinity, ...read }: RawSelect,
  signal: AbortSignal
): Promise<SelectedSeries[]> {
  const groups = new Map<string, FoundSeries[]>();
  for await (const page of matchingSeries(session, read, signal)) {
    for (const one of page) {
      const key = one.labelIds.join();
      const group = groups.get(key);
      if (group === undefined) {
        groups.set(key, [one]);
      } else {
        group.push(one);
      }
    }
    if (groups.size > maxSeries) {
      throw new PromkeepError(
        'LIMIT_EXCEEDED',
        `The selector matches more than ${maxSeries} series; narrow it or the range`
      );
    }
  }
  const all = [...groups.values()];
  const labels = await readLabels(
    session,
    all.map(([{ labelIds }]) => labelIds)
  );
  return inOrder(all, labels);
}

/** The same in no order, some thousand at a time. */
export async function* matchingSeries(
  session: Session,
  { selector, range, definition }: Omit<RawSelect, 'maxSeries'>,
  signal: AbortSignal
): AsyncGenerator<FoundSeries[]> {
  const queryIds = await rawQueryIds(session, definition);
  const plan = queryIds.length === 0 ? undefined : await planLabels(session, selector, signal);
  if (plan === undefined) {
    return;
  }
  const keys = keysOf(plan);
  // All of them are wanted, not the first soon.
  await session.run('SET LOCAL cursor_tuple_fraction = 1; SET LOCAL jit = off');
  // The subselect is not made a join of: how many series match the planner cannot know.
  await session.run(
    `DECLARE promkeep_found NO SCROLL CURSOR FOR
     SELECT r.series_id, r.query_id, r.label_ids::text AS label_ids FROM promkeep_raw_series r
     WHERE r.query_id = ANY ($1::bigint[])${keys.sql}
       AND (SELECT true FROM promkeep_chunks c WHERE c.series_id = r.series_id AND c.from_time <= $3::timestamptz
         AND c.from_time > $2::timestamptz AND c.to_time >= $4::timestamptz LIMIT 1)`,
    [int8Array(queryIds), timeText(range.fromMs - DAY_MS), timeText(range.toMs), timeText(range.fromMs), ...keys.values]
  );
  for (let found = FETCH_ROWS; found === FETCH_ROWS;) {
    const rows = await session.rows(`FETCH ${FETCH_ROWS} FROM promkeep_found`);
    found = rows.length;
    const page = rows.map((row) => ({
      seriesId: Number(row.series_id),
      queryId: Number(row.query_id),
      labelIds: readIds(String(row.label_ids)),
    }));
    yield page.filter(({ labelIds }) => holds(plan, labelIds));
  }
  await session.run('CLOSE promkeep_found');
}

/** What the index is asked for; the rest is for `holds`. */
function keysOf({ all, some }: LabelPlan): { sql: string; values: Buffer[] } {
  const [fewest] = [...some].sort((a, b) => a.size - b.size);
  const values: Buffer[] = [];
  let sql = '';
  if (all.length > 0) {
    values.push(int4Array(all));
    sql += ` AND r.label_ids @> $5::integer[]`;
  }
  if (fewest !== undefined && fewest.size <= (all.length > 0 ? FEW_KEYS : MOST_KEYS)) {
    values.push(int4Array([...fewest]));
    sql += ` AND r.label_ids && $${4 + values.length}::integer[]`;
  }
  return { sql, values };
}

function holds({ some, none }: LabelPlan, labelIds: Int32Array): boolean {
  return (
    some.every((ids) => labelIds.some((id) => ids.has(id))) && none.every((ids) => !labelIds.some((id) => ids.has(id)))
  );
}

/** @param text of an `integer[]` */
function readIds(text: string): Int32Array {
  return text.length === 2 ? new Int32Array(0) : Int32Array.from(text.slice(1, -1).split(','), Number);
}

/** Rows of the dictionary by id. */
export async function readLabels(session: Session, used: Iterable<Int32Array>): Promise<Map<number, Label>> {
  const wanted = new Set<number>();
  for (const labelIds of used) {
    labelIds.forEach((id) => wanted.add(id));
  }
  const ids = [...wanted];
  const labels = new Map<number, Label>();
  for (let start = 0; start < ids.length; start += PAGE_LABELS) {
    const rows = await session.rows(
      'SELECT l.label_id, l.name, l.value FROM promkeep_labels l WHERE l.label_id = ANY ($1::integer[])',
      [int4Array(ids.slice(start, start + PAGE_LABELS))]
    );
    rows.forEach((row) => labels.set(Number(row.label_id), { name: String(row.name), value: String(row.value) }));
  }
  return labels;
}

/** As `compareLabels` orders; each label is compared by its rank among all, so that texts are compared once. */
function inOrder(groups: FoundSeries[][], labels: ReadonlyMap<number, Label>): SelectedSeries[] {
  const sorted = [...labels].sort(([, a], [, b]) => compareUtf8(a.name, b.name) || compareUtf8(a.value, b.value));
  const ranks = new Map(sorted.map(([id], rank) => [id, rank]));
  const ranked = groups.map((parts) => ({ parts, ranks: parts[0].labelIds.map((id) => ranks.get(id) ?? -1) }));
  ranked.sort((a, b) => compareRanks(a.ranks, b.ranks));
  return ranked.map((one) => ({
    labels: Array.from(one.ranks, (rank) => sorted[rank][1]),
    parts: one.parts.map(({ seriesId, queryId }) => ({ seriesId, queryId })).sort((a, b) => a.queryId - b.queryId),
  }));
}

function compareRanks(a: Int32Array, b: Int32Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    if (a[i] !== b[i]) {
      return a[i] - b[i];
    }
  }
  return a.length - b.length;
}
