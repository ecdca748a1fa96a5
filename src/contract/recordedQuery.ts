import * as v from 'valibot';
import { fitting, words } from './lenient';
import { type RecordedFaults } from './recordedDefinition';

/** What the resources of recorded queries answer (`RECORDED_QUERIES_RESOURCE`). */

const GAP = v.object({
  fromMs: v.number(),
  toMs: v.number(),
  points: v.number(),
  reason: v.string(),
  detail: v.optional(v.string()),
});

export type RecordedQueryItem = v.InferOutput<typeof ITEM>;

const ITEM = v.object({
  name: v.string(),
  expression: v.string(),
  stepMs: v.number(),
  retention: v.string(),
  /** Keeps raw series; its expression is their selectors, one a line. */
  raw: v.optional(v.boolean()),
  /** Grows when the expression or the step changes. */
  version: v.number(),
  /** Sent back with an edit, so that two editors do not overwrite each other. */
  revision: v.number(),
  /** From the config file of the stand-alone program: read-only in Grafana. */
  provisioned: v.boolean(),
  paused: v.boolean(),
  createdAtMs: v.number(),
  createdBy: v.optional(v.string()),
  updatedAtMs: v.number(),
  updatedBy: v.optional(v.string()),
  /** Grid times since the version's beginning that are in the archive, and that are not though they are due. */
  coveredPoints: v.number(),
  missingPoints: v.number(),
  /** The last grid time that is in the archive. */
  newestMs: v.optional(v.number()),
  /** The newest ones, newest first. */
  gaps: v.array(GAP),
  gapCount: v.number(),
});

/** A deletion that waits for its date; see `PendingDeletion` of the backend. */
export type WaitingDeletion = v.InferOutput<typeof WAITING>;

const WAITING = v.object({
  what: v.string(),
  /** Absent: stored rollups of the whole archive. */
  query: v.optional(v.string()),
  /** The retention in force. */
  present: v.optional(v.string()),
  wanted: v.string(),
  by: v.string(),
  askedAtMs: v.number(),
  atMs: v.number(),
  /** About how many samples. */
  samples: v.optional(v.number()),
  oldestMs: v.optional(v.number()),
});

/** Of what recorded queries take: how many there are, and what those that are not paused return. */
export type RecordingAmount = v.InferOutput<typeof AMOUNT>;

const AMOUNT = v.object({ queries: v.number(), series: v.number(), samplesPerDay: v.number() });

/** Of one source, and of all sources of its organisation together. */
export type RecordingAmounts = v.InferOutput<typeof AMOUNTS>;
export type RecordingScope = keyof RecordingAmounts;

const AMOUNTS = v.object({ source: AMOUNT, organisation: AMOUNT });

export type RecordingQuota = v.InferOutput<typeof QUOTA>;

const QUOTA = v.object({ use: AMOUNTS, limits: AMOUNTS });

export type RecordingRights = v.InferOutput<typeof RIGHTS>;

const RIGHTS = v.object({
  /** Create, edit, pause, resume, delete with the data kept, and take back a deletion that waits. */
  edit: v.boolean(),
  /** Delete together with the data, and carry out at once what waits. */
  deleteData: v.boolean(),
  /** Why not. */
  reason: v.optional(v.string()),
});

export type RecordedQueriesAnswer = v.InferOutput<typeof ANSWER>;

const ANSWER = v.object({
  queries: v.array(ITEM),
  quota: QUOTA,
  /** By date. */
  waiting: v.array(WAITING),
  may: RIGHTS,
  /** Which program records now; absent: none does. */
  archiver: v.optional(v.string()),
  scrapeIntervalMs: v.number(),
});

const FAULTS = v.object({ name: words, expression: words, step: words, retention: words });

export type RecordedCheck = v.InferOutput<typeof CHECK>;

const CHECK = v.object({
  /** What keeps the query from being recorded, by field. */
  faults: v.fallback(FAULTS, {}),
  /** What its author should know. */
  hints: fitting(v.string()),
  /** Series of its result just now. */
  series: v.optional(v.number()),
  /** Of a raw one: what it would take, by the last hour. */
  preview: v.optional(v.object({ samplesPerDay: v.number(), bytesPerYear: v.number() })),
});

/** The list as the backend sends it; a part of another form is an error, not a wrong number on the page. */
export function parseRecordedQueries(body: unknown): RecordedQueriesAnswer {
  return read(ANSWER, body);
}

export function parseCheck(body: unknown): RecordedCheck {
  return read(CHECK, body);
}

/** Whatever the body is; most errors have none. */
export function parseFaults(body: unknown): RecordedFaults {
  return v.parse(v.fallback(v.object({ faults: FAULTS }), { faults: {} }), body).faults;
}

/** Throws a `TypeError` that names the first part of another form. */
function read<T extends v.GenericSchema>(schema: T, body: unknown): v.InferOutput<T> {
  const result = v.safeParse(schema, body, { abortEarly: true });
  if (!result.success) {
    const path = v.getDotPath(result.issues[0]);
    throw new TypeError(
      path === null ? 'The answer is not a JSON object.' : `The answer's ${path} is missing or of another form.`
    );
  }
  return result.output;
}
