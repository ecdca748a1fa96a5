import { PromkeepError } from '../../core/model/errors';
import { type Label } from '../../core/model/rawSeries';
import { type Transaction } from '../connect/database';
import { judge } from '../connect/sqlState';
import { int4Array, readInt64, uuidArray } from '../write/binaryArrays';
import { type NamedSeries, PRINT_BYTES } from './rawIdentity';

const ENTRY_BYTES = PRINT_BYTES + 8;
const ATTEMPTS = 3;

/** Ids by fingerprint (as hex), and of what PostgreSQL refused the reason. */
export interface ResolvedSeries {
  ids: Map<string, number>;
  faults: Map<string, string>;
}

/** Finds the rows of series and makes those that are missing. The caller holds the query's lock. */
export async function resolveRaw(
  tx: Transaction,
  queryId: number,
  all: readonly NamedSeries[]
): Promise<ResolvedSeries> {
  const [row] = await tx.rows(
    `SELECT string_agg(uuid_send(r.fingerprint) || int8send(r.series_id), ''::bytea) AS found
     FROM promkeep_raw_series r WHERE r.query_id = $1::bigint AND r.fingerprint = ANY ($2::uuid[])`,
    [queryId, uuidArray(all.map(({ print }) => print))]
  );
  const ids = readEntries(row.found);
  const missing = new Map(all.map((one) => [one.print.toString('hex'), one]));
  ids.forEach((_, print) => missing.delete(print));
  const faults = new Map<string, string>();
  if (missing.size > 0) {
    // Until the end of the transaction nobody takes away a label because nothing refers to it yet.
    await tx.run('LOCK TABLE promkeep_labels IN ROW EXCLUSIVE MODE');
    const labels = new LabelRows(tx, queryId);
    await labels.resolve([...missing.values()].flatMap((one) => one.labels));
    const sound = [...missing].filter(([print, one]) => !labels.faultOf(one.labels, (text) => faults.set(print, text)));
    const made = await insertSeries(
      tx,
      queryId,
      sound.map(([, one]) => one),
      labels
    );
    made.forEach((id, print) => ids.set(print, id));
  }
  return { ids, faults };
}

function readEntries(bytes: unknown): Map<string, number> {
  const ids = new Map<string, number>();
  if (Buffer.isBuffer(bytes)) {
    for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
      ids.set(bytes.toString('hex', at, at + PRINT_BYTES), readInt64(bytes, at + PRINT_BYTES));
    }
  }
  return ids;
}

async function insertSeries(
  tx: Transaction,
  queryId: number,
  all: readonly NamedSeries[],
  labels: LabelRows
): Promise<Map<string, number>> {
  if (all.length === 0) {
    return new Map();
  }
  const ends: number[] = [];
  const labelIds = all.flatMap((one) => labels.idsOf(one.labels));
  all.reduce((end, one) => (ends.push(end + one.labels.length), end + one.labels.length), 0);
  const [row] = await tx.rows(
    `WITH made AS (
       INSERT INTO promkeep_raw_series (query_id, fingerprint, label_ids, name_id)
       SELECT $1::bigint, n.print, ($3::integer[])[n.high - n.length + 1 : n.high], nullif(n.name_id, 0)
       FROM unnest($2::uuid[], $4::integer[], $5::integer[], $6::integer[]) AS n(print, high, length, name_id)
       RETURNING fingerprint, series_id)
     SELECT string_agg(uuid_send(made.fingerprint) || int8send(made.series_id), ''::bytea) AS found FROM made`,
    [
      queryId,
      uuidArray(all.map(({ print }) => print)),
      int4Array(labelIds),
      int4Array(ends),
      int4Array(all.map((one) => one.labels.length)),
      int4Array(all.map((one) => labels.nameIdOf(one.labels))),
    ]
  );
  return readEntries(row.found);
}

/** Rows of the dictionary, found or made. */
class LabelRows {
  private readonly ids = new Map<string, number>();
  private readonly faults = new Map<string, string>();

  constructor(
    private readonly tx: Transaction,
    private readonly queryId: number
  ) {}

  async resolve(labels: readonly Label[]): Promise<void> {
    const pairs = new Map(labels.map((label) => [keyOf(label), label]));
    // In one order, so that two that make the same ones wait for each other instead of both.
    const sorted = [...pairs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, label]) => label);
    await this.resolveOrSplit(sorted);
  }

  idsOf(labels: readonly Label[]): number[] {
    return labels.map((label) => this.ids.get(keyOf(label)) ?? 0);
  }

  /** 0: it has no metric name. */
  nameIdOf(labels: readonly Label[]): number {
    return this.idsOf(labels.filter(({ name }) => name === '__name__')).at(0) ?? 0;
  }

  /** Whether one of them could not be stored. */
  faultOf(labels: readonly Label[], tell: (reason: string) => void): boolean {
    const fault = labels.map((label) => this.faults.get(keyOf(label))).find((text) => text !== undefined);
    if (fault !== undefined) {
      tell(fault);
    }
    return fault !== undefined;
  }

  /** Halves what PostgreSQL refuses until the bad ones stand alone. */
  private async resolveOrSplit(labels: readonly Label[]): Promise<void> {
    await this.tx.run('SAVEPOINT labels');
    try {
      await this.findOrMake(labels);
      await this.tx.run('RELEASE SAVEPOINT labels');
    } catch (error) {
      if (judge(error).reaction !== 'split') {
        throw error;
      }
      await this.tx.run('ROLLBACK TO SAVEPOINT labels');
      if (labels.length === 1) {
        const reason = error instanceof Error ? error.message : String(error);
        this.faults.set(keyOf(labels[0]), `PostgreSQL refused label ${JSON.stringify(labels[0].name)}: ${reason}`);
        return;
      }
      const middle = Math.ceil(labels.length / 2);
      await this.resolveOrSplit(labels.slice(0, middle));
      await this.resolveOrSplit(labels.slice(middle));
    }
  }

  private async findOrMake(labels: readonly Label[]): Promise<void> {
    let missing = await this.find(labels);
    for (let attempt = 0; missing.length > 0; attempt++) {
      if (attempt === ATTEMPTS) {
        throw new PromkeepError('INTERNAL', `Label ${JSON.stringify(missing[0].name)} vanished while it was made`);
      }
      // Looked up first: an insert that finds it there would use up a number of the sequence.
      await this.tx.run(
        `INSERT INTO promkeep_labels (source_id, name, value)
         SELECT q.source_id, n.name, n.value
         FROM promkeep_queries q, unnest($2::text[], $3::text[]) AS n(name, value)
         WHERE q.query_id = $1::bigint ON CONFLICT DO NOTHING`,
        [this.queryId, ...columnsOf(missing)]
      );
      missing = await this.find(missing);
    }
  }

  /** @returns those that are not there */
  private async find(labels: readonly Label[]): Promise<Label[]> {
    const rows = await this.tx.rows(
      `SELECT n.place, l.label_id, l.value = n.value AS same
       FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS n(name, value, place)
       JOIN promkeep_labels l ON l.name = n.name AND l.digest = md5(n.value)::uuid
         AND l.source_id = (SELECT q.source_id FROM promkeep_queries q WHERE q.query_id = $1::bigint)`,
      [this.queryId, ...columnsOf(labels)]
    );
    const found = new Set<number>();
    for (const row of rows) {
      const place = Number(row.place) - 1;
      const label = labels[place];
      found.add(place);
      if (row.same === true) {
        this.ids.set(keyOf(label), Number(row.label_id));
      } else {
        this.faults.set(keyOf(label), `another value of label ${JSON.stringify(label.name)} has the same MD5`);
      }
    }
    return labels.filter((_, place) => !found.has(place));
  }
}

function columnsOf(labels: readonly Label[]): [string[], string[]] {
  return [labels.map(({ name }) => name), labels.map(({ value }) => value)];
}

/** Neither holds a zero character. */
function keyOf({ name, value }: Label): string {
  return `${name}\0${value}`;
}
