import {
  type RecordedCheck,
  type RecordedFaults,
  type RecordedGap,
  type RecordedQueriesAnswer,
  type RecordedQueryItem,
  type RecordingAmount,
  type RecordingAmounts,
  type RecordingQuota,
  type WaitingDeletion,
} from '../contract/recordedQuery';
import { RecordedFields } from './recordedFields';

/** The list as the backend sends it; a part of another form is an error, not a wrong number on the page. */
export function parseRecordedQueries(body: unknown): RecordedQueriesAnswer {
  const fields = new RecordedFields(body);
  const may = fields.object('may');
  const reason = may.optionalText('reason');
  const archiver = fields.optionalText('archiver');
  return {
    queries: fields.list('queries').map(parseItem),
    quota: parseQuota(fields.object('quota')),
    waiting: fields.list('waiting').map(parseWaiting),
    may: {
      edit: may.flag('edit'),
      deleteData: may.flag('deleteData'),
      ...(reason === undefined ? {} : { reason }),
    },
    ...(archiver === undefined ? {} : { archiver }),
    scrapeIntervalMs: fields.number('scrapeIntervalMs'),
  };
}

export function parseCheck(body: unknown): RecordedCheck {
  const fields = new RecordedFields(body);
  const series = fields.optionalNumber('series');
  return { faults: parseFaults(body), hints: fields.texts('hints'), ...(series === undefined ? {} : { series }) };
}

/** Whatever the body is; most errors have none. */
export function parseFaults(body: unknown): RecordedFaults {
  const faults: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'faults') : undefined;
  if (typeof faults !== 'object' || faults === null) {
    return {};
  }
  const fields = new RecordedFields(faults);
  const known = (['name', 'expression', 'step', 'retention'] as const).map((key) => [key, fields.optionalText(key)]);
  return Object.fromEntries(known.filter(([, text]) => text !== undefined));
}

function parseQuota(fields: RecordedFields): RecordingQuota {
  const both = (part: RecordedFields): RecordingAmounts => ({
    source: parseAmount(part.object('source')),
    organisation: parseAmount(part.object('organisation')),
  });
  return { use: both(fields.object('use')), limits: both(fields.object('limits')) };
}

function parseAmount(fields: RecordedFields): RecordingAmount {
  return {
    queries: fields.number('queries'),
    series: fields.number('series'),
    samplesPerDay: fields.number('samplesPerDay'),
  };
}

function parseItem(fields: RecordedFields): RecordedQueryItem {
  const optional = {
    createdBy: fields.optionalText('createdBy'),
    updatedBy: fields.optionalText('updatedBy'),
    newestMs: fields.optionalNumber('newestMs'),
  };
  return {
    name: fields.text('name'),
    expression: fields.text('expression'),
    stepMs: fields.number('stepMs'),
    retention: fields.text('retention'),
    version: fields.number('version'),
    revision: fields.number('revision'),
    provisioned: fields.flag('provisioned'),
    paused: fields.flag('paused'),
    createdAtMs: fields.number('createdAtMs'),
    updatedAtMs: fields.number('updatedAtMs'),
    coveredPoints: fields.number('coveredPoints'),
    missingPoints: fields.number('missingPoints'),
    gapCount: fields.number('gapCount'),
    gaps: fields.list('gaps').map(parseGap),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

function parseWaiting(fields: RecordedFields): WaitingDeletion {
  const optional = {
    query: fields.optionalText('query'),
    present: fields.optionalText('present'),
    samples: fields.optionalNumber('samples'),
    oldestMs: fields.optionalNumber('oldestMs'),
  };
  return {
    what: fields.text('what'),
    wanted: fields.text('wanted'),
    by: fields.text('by'),
    askedAtMs: fields.number('askedAtMs'),
    atMs: fields.number('atMs'),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

function parseGap(fields: RecordedFields): RecordedGap {
  const detail = fields.optionalText('detail');
  return {
    fromMs: fields.number('fromMs'),
    toMs: fields.number('toMs'),
    points: fields.number('points'),
    reason: fields.text('reason'),
    ...(detail === undefined ? {} : { detail }),
  };
}
