import * as v from 'valibot';
import { type RecordedCheck, type RecordedFaults, type RecordedQueriesAnswer } from '../../contract/recordedQuery';
import { fitting, words } from '../../contract/lenient';

const GAP = v.object({
  fromMs: v.number(),
  toMs: v.number(),
  points: v.number(),
  reason: v.string(),
  detail: v.optional(v.string()),
});

const ITEM = v.object({
  name: v.string(),
  expression: v.string(),
  stepMs: v.number(),
  retention: v.string(),
  version: v.number(),
  revision: v.number(),
  provisioned: v.boolean(),
  paused: v.boolean(),
  createdAtMs: v.number(),
  createdBy: v.optional(v.string()),
  updatedAtMs: v.number(),
  updatedBy: v.optional(v.string()),
  coveredPoints: v.number(),
  missingPoints: v.number(),
  newestMs: v.optional(v.number()),
  gaps: v.array(GAP),
  gapCount: v.number(),
});

const WAITING = v.object({
  what: v.string(),
  query: v.optional(v.string()),
  present: v.optional(v.string()),
  wanted: v.string(),
  by: v.string(),
  askedAtMs: v.number(),
  atMs: v.number(),
  samples: v.optional(v.number()),
  oldestMs: v.optional(v.number()),
});

const AMOUNT = v.object({ queries: v.number(), series: v.number(), samplesPerDay: v.number() });
const AMOUNTS = v.object({ source: AMOUNT, organisation: AMOUNT });

const ANSWER = v.object({
  queries: v.array(ITEM),
  quota: v.object({ use: AMOUNTS, limits: AMOUNTS }),
  waiting: v.array(WAITING),
  may: v.object({ edit: v.boolean(), deleteData: v.boolean(), reason: v.optional(v.string()) }),
  archiver: v.optional(v.string()),
  scrapeIntervalMs: v.number(),
});

const FAULTS = v.object({ name: words, expression: words, step: words, retention: words });

const CHECK = v.object({ faults: v.fallback(FAULTS, {}), hints: fitting(v.string()), series: v.optional(v.number()) });

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
