import { dataFrameFromJSON, type DataFrame, type DataFrameJSON } from '@grafana/data';
import * as v from 'valibot';
import { ABOUT, type PageAbout } from '../../contract/aboutPage';
import { type ArchiveHistory, type ArchiveOverview, HISTORY, OVERVIEW } from '../../contract/archivePage';
import { fitting, isRecord, texts, wordsIn } from '../../contract/lenient';

/** Columns may hold anything: they are as long as a chart, and `dataFrameFromJSON` reads their values. */
const COLUMN = v.custom<unknown[]>(Array.isArray);

const FRAME = v.object({
  schema: v.object({ fields: v.array(v.object({ name: v.string() })) }),
  data: v.nullish(v.object({ values: v.array(COLUMN) })),
});

const FRAMES = v.object({ frames: v.array(v.custom<DataFrameJSON>((frame) => v.is(FRAME, frame))) });

/** `{frames: DataFrameJSON[]}` → frames; throws an `Error` for anything else. */
export function parseFrames(body: unknown): DataFrame[] {
  return readAnswer(FRAMES, body, 'The answer holds no frames').frames.map((frame) => dataFrameFromJSON(frame));
}

/** The body of `/api/archive/overview` → what the page shows; throws an `Error` when it is something else. */
export function parseOverview(body: unknown): ArchiveOverview {
  return readAnswer(OVERVIEW, body, 'The answer holds no archive overview');
}

/** The body of `/api/archive/history`; throws an `Error` when it is something else. */
export function parseHistory(body: unknown): ArchiveHistory {
  return readAnswer(HISTORY, body, 'The answer holds no history');
}

/** The body of `/api/about`; throws an `Error` when it is something else. */
export function parseAbout(body: unknown): PageAbout {
  return readAnswer(ABOUT, body, 'The answer does not say what this is');
}

const ALERTS = v.object({ records: fitting(v.object({ labels: texts })) });

/** The body of `/api/standard` → labels of its records; throws an `Error` when it is something else. */
export function parseAlerts(body: unknown): Array<Record<string, string>> {
  return readAnswer(ALERTS, body, 'The answer holds no records').records.map(({ labels }) => labels);
}

const NAMES = v.object({ data: fitting(v.string()) });

/** The body of Prometheus' list of a label's values; throws an `Error` when it is something else. */
export function parseNames(body: unknown): string[] {
  return readAnswer(NAMES, body, 'The answer holds no names').data;
}

function readAnswer<T extends v.GenericSchema>(schema: T, body: unknown, otherwise: string): v.InferOutput<T> {
  const read = v.safeParse(schema, body);
  if (!read.success) {
    throw new Error(otherwise);
  }
  return read.output;
}

/** The message of an error body: `{error: {message}}`, `{error: "…"}` or `{message}`. */
export function parseFailure(body: unknown): string | undefined {
  return wordsIn(isRecord(body) ? body.error : undefined, 'message') ?? wordsIn(body, 'error', 'message');
}
