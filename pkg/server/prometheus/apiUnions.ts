import * as v from 'valibot';
import { fitting, isRecord, texts, wordsIn } from '../../../src/contract/lenient';
import { PromkeepError } from '../../core/model/errors';
import { type Gate } from '../gate';
import { isOutage, TRUNCATED } from '../../core/model/outage';
import { parseJson } from '../../core/model/parseJson';
import { type MemoryPart } from '../../core/memory/memoryPart';
import { type ResourceResponse } from '../../core/ports/metricSource';
import { type MetricMetadata, type RawHistory } from '../../core/ports/rawSeries';
import { compareLabels, compareUtf8 } from '../../remote/labels';
import { success } from './apiAnswer';
import { type SeriesQuestion } from './apiQuestion';

/** The two that are asked; `history` is absent where there is no archive. */
export interface BothSides {
  /** The same question to the source, as it came. */
  source(): Promise<ResourceResponse>;
  history: RawHistory | undefined;
  signal: AbortSignal;
  /** Charged with what is parsed. */
  part: MemoryPart;
  /** For lists of series, which lie in memory as a whole. */
  lists: Gate;
  /** Most of an answer, whatever is asked for. */
  most: number;
}

/** JSON texts as parsed values and as texts again. */
const PARSED_FACTOR = 6;

/** Ten labels, as they come, as they are sorted, and as they are sent. */
const SERIES_BYTES = 2048;

/** Names of labels of both, sorted by their bytes, each once. */
export function uniteNames(sides: BothSides, { selectors, range, limit }: SeriesQuestion): Promise<ResourceResponse> {
  const most = mostOf(sides, limit);
  return uniteTexts(sides, most, ({ history, signal }) =>
    history.labelNames({ selectors, range, limit: most + 1 }, signal)
  );
}

export function uniteValues(
  sides: BothSides,
  { selectors, range, limit }: SeriesQuestion,
  name: string
): Promise<ResourceResponse> {
  const most = mostOf(sides, limit);
  return uniteTexts(sides, most, ({ history, signal }) =>
    history.labelValues({ selectors, range, name, limit: most + 1 }, signal)
  );
}

/** Labels of series, each once, in their order. */
export function uniteSeries(sides: BothSides, question: SeriesQuestion): Promise<ResourceResponse> {
  return sides.lists.run(() => listSeries(sides, question), sides.signal);
}

async function listSeries(sides: BothSides, { selectors, range, limit }: SeriesQuestion): Promise<ResourceResponse> {
  const { data, warnings, archived } = await askBoth(
    sides,
    fitting(v.pipe(v.custom(isRecord), texts)),
    ({ history, signal }) =>
      Promise.all(selectors.map((selector) => history.seriesLabels({ selector, range, maxSeries: sides.most }, signal)))
  );
  const count = data.length + (archived ?? []).reduce((sum, { length }) => sum + length, 0);
  await sides.part.growTo(count * SERIES_BYTES, sides.signal);
  const known = data.map((labels) =>
    Object.entries(labels)
      .map(([name, value]) => ({ name, value }))
      .sort((a, b) => compareUtf8(a.name, b.name))
  );
  const sorted = [...known, ...(archived ?? []).flat()].sort(compareLabels);
  const united = sorted.filter((labels, i) => i === 0 || compareLabels(labels, sorted[i - 1]) !== 0);
  return cut(
    united.map((labels) => Object.fromEntries(labels.map(({ name, value }) => [name, value]))),
    mostOf(sides, limit),
    warnings
  );
}

type MetadataEntry = Omit<MetricMetadata, 'metric'>;

/** By metric; of one that the source knows, what the source says now. */
export async function uniteMetadata(
  sides: BothSides,
  { metric, limit }: { metric?: string; limit?: number }
): Promise<ResourceResponse> {
  const most = mostOf(sides, limit);
  const { data, warnings, archived } = await askBoth(
    sides,
    v.fallback(v.custom<Record<string, unknown>>(isRecord), {}),
    ({ history }) => history.metadata({ metric, limit: most })
  );
  const united = new Map<string, unknown>(Object.entries(data));
  for (const { metric: name, type, help, unit } of archived ?? []) {
    const entry: MetadataEntry = { type, help, unit };
    if (!united.has(name)) {
      united.set(name, [entry]);
    }
  }
  return success(Object.fromEntries([...united].slice(0, most)), warnings);
}

async function uniteTexts(
  sides: BothSides,
  most: number,
  read: (archive: Reading) => Promise<string[]>
): Promise<ResourceResponse> {
  const { data, warnings, archived } = await askBoth(sides, fitting(v.string()), read);
  return cut([...new Set([...data, ...(archived ?? [])])].sort(compareUtf8), most, warnings);
}

interface Reading {
  history: RawHistory;
  signal: AbortSignal;
}

/**
 * Asks both at once. When one fails, the answer fails and says which: half of it would look like the whole. A source that is gone
 * is no failure, since its past is what the archive is for: the archive answers alone, with a warning.
 */
async function askBoth<Schema extends v.GenericSchema, T>(
  { source, history, signal, part }: BothSides,
  schema: Schema,
  read: (archive: Reading) => Promise<T>
): Promise<{ data: v.InferOutput<Schema>; warnings: string[]; archived: T | undefined }> {
  const [known, archived] = await Promise.all([
    source()
      .then(async (answer) => {
        await part.growTo(PARSED_FACTOR * answer.body.length, signal);
        return readAnswer(answer, schema);
      })
      .catch((error: unknown) => {
        if (history === undefined || !isGone(error)) {
          throw error;
        }
        return { data: v.parse(schema, undefined), warnings: [`${error.message}; the archive answers alone`] };
      }),
    history ? read({ history, signal }).catch((error: unknown) => Promise.reject(ofArchive(error))) : undefined,
  ]);
  return { ...known, archived };
}

function isGone(error: unknown): error is PromkeepError {
  return error instanceof PromkeepError && error.code === 'SOURCE_UNREACHABLE';
}

/** Nobody is there, or nobody yet. */
const GONE: readonly number[] = [502, 503, 504];

/** What a Prometheus says about labels when it has any remote storage: it does not ask these, and we have asked the archive. */
const NO_LABELS_OF_REMOTE = 'not implemented';

const ENVELOPE = v.object({ status: v.literal('success'), warnings: fitting(v.string()) });

function readAnswer<Schema extends v.GenericSchema>(
  { status, body }: ResourceResponse,
  schema: Schema
): { data: v.InferOutput<Schema>; warnings: string[] } {
  const json = parseJson(Buffer.from(body).toString('utf8'));
  const envelope = v.safeParse(ENVELOPE, json);
  if (!envelope.success || !isRecord(json)) {
    const text = wordsIn(json, 'error', 'message') ?? `it answered ${status} without a reason`;
    const isRefusal = status >= 400 && status < 500;
    // a bad question is the caller's, everything else the source's
    const code = GONE.includes(status) ? 'SOURCE_UNREACHABLE' : 'SOURCE_STATUS';
    throw new PromkeepError(isRefusal ? 'SOURCE_REFUSED' : code, `prometheus: ${text}`, {
      status: isRefusal ? status : 503,
    });
  }
  const warnings = envelope.output.warnings.filter((text) => text !== NO_LABELS_OF_REMOTE);
  const outage = warnings.find(isOutage);
  if (outage !== undefined) {
    throw new PromkeepError('SOURCE_STATUS', `prometheus: incomplete answer: ${outage}`, { status: 503 });
  }
  return { data: v.parse(schema, json.data), warnings };
}

function ofArchive(error: unknown): unknown {
  return error instanceof PromkeepError
    ? new PromkeepError(error.code, `archive: ${error.message}`, { cause: error, status: error.status })
    : error;
}

function mostOf({ most }: BothSides, limit = Infinity): number {
  return Math.min(most, limit);
}

function cut(all: readonly unknown[], most: number, warnings: readonly string[]): ResourceResponse {
  const isCut = all.length > most;
  return success(all.slice(0, most), [...new Set([...warnings, ...(isCut ? [TRUNCATED] : [])])]);
}
