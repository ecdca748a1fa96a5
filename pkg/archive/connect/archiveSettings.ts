import * as v from 'valibot';
import { parseDurationMs } from '../../../src/contract/duration';
import { isRecord, words } from '../../../src/contract/lenient';
import { type RecordingAmounts } from '../../../src/contract/recordedQuery';
import { ARCHIVE_DEFAULTS, RECORDING_LIMITS } from '../../../src/contract/settings';
import { storedAmount } from '../../../src/contract/storedSettings';
import { type KeepPolicy } from '../../core/collect/keepResult';
import { type DatasourceSettings } from '../../core/ports/datasource';
import { PromkeepError } from '../../core/model/errors';
import { type SourceIdentity } from '../../core/ports/archive';
import { type ArchiveConnection, parsePort, parseSslMode } from './connection';

export interface ArchiveSettings {
  connection: ArchiveConnection;
  source: SourceIdentity;
  keep: Omit<KeepPolicy, 'allowKeep' | 'forwardsCredentials'> & { allowed: boolean };
  recording: RecordingSettings;
}

/** What the Admin allowed for recorded queries. */
export interface RecordingSettings {
  allowed: boolean;
  maxSeries: number;
  /** Of all recorded queries together. */
  limits: RecordingAmounts;
  /** Absent: from the scrape interval. */
  settleMs?: number;
  probe: string;
}

/**
 * The archive section of a datasource's settings; `undefined` when the archive is off.
 * Throws `SETTINGS_INVALID` with every missing field named.
 */
export function parseArchiveSettings(settings: DatasourceSettings): ArchiveSettings | undefined {
  const json = isRecord(settings.jsonData) ? settings.jsonData : {};
  if (json.archiveEnabled !== true) {
    return undefined;
  }
  const read = (key: string): string => asText(json[key]);
  const missing = ['archiveHost', 'archiveDatabase', 'archiveUser'].filter((key) => read(key) === '');
  if (missing.length > 0) {
    const names = missing.map((key) => key.slice('archive'.length).toLowerCase()).join(', ');
    throw new PromkeepError('SETTINGS_INVALID', `The archive is on, but its ${names} is missing in the settings`);
  }
  const { archivePassword: password, archiveCaCert: caCert } = settings.secrets;
  const schema = read('archiveSchema');
  return {
    connection: {
      ...splitHost(read('archiveHost')),
      database: read('archiveDatabase'),
      user: read('archiveUser'),
      ...(password ? { password } : {}),
      sslMode: parseSslMode(read('archiveSslMode') || ARCHIVE_DEFAULTS.sslMode),
      ...(caCert ? { caCert } : {}),
      ...(schema ? { schema } : {}),
    },
    source: { orgId: settings.orgId, name: read('archiveSourceName') || ARCHIVE_DEFAULTS.sourceName },
    keep: {
      allowed: json.archiveAllowKeep === true,
      retention: read('archiveKeepRetention') || ARCHIVE_DEFAULTS.keepRetention,
      maxRowsPerDay: asLimit(json.archiveKeepMaxRowsPerDay, ARCHIVE_DEFAULTS.keepMaxRowsPerDay),
      maxSeries: asLimit(json.archiveKeepMaxSeries, ARCHIVE_DEFAULTS.keepMaxSeries),
    },
    recording: {
      allowed: json.archiveAllowRecording === true,
      maxSeries: asLimit(json.archiveRecordMaxSeries, ARCHIVE_DEFAULTS.recordMaxSeries),
      limits: limitsIn(json),
      ...settleIn(read('archiveSettle')),
      probe: read('archiveProbe') || ARCHIVE_DEFAULTS.probe,
    },
  };
}

function limitsIn(json: Record<string, unknown>): RecordingAmounts {
  const { source, organisation } = RECORDING_LIMITS;
  return {
    source: {
      queries: asLimit(json.archiveRecordMaxQueries, source.queries),
      series: asLimit(json.archiveRecordMaxTotalSeries, source.series),
      samplesPerDay: asLimit(json.archiveRecordMaxSamplesPerDay, source.samplesPerDay),
    },
    organisation: {
      queries: asLimit(json.archiveRecordOrgMaxQueries, organisation.queries),
      series: asLimit(json.archiveRecordOrgMaxSeries, organisation.series),
      samplesPerDay: asLimit(json.archiveRecordOrgMaxSamplesPerDay, organisation.samplesPerDay),
    },
  };
}

/** A text that is no duration gives the default: a shorter time than meant would record answers that still change. */
function settleIn(text: string): { settleMs?: number } {
  const settleMs = parseDurationMs(text);
  return settleMs === undefined ? {} : { settleMs };
}

/** `host`, `host:port`, `[::1]:port`, `::1` or the directory of a Unix socket. */
export function splitHost(text: string): { host: string; port: number } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) {
    return { host: bracketed[1], port: parsePort(bracketed[2] ?? '') };
  }
  const parts = text.split(':');
  return parts.length === 2 ? { host: parts[0], port: parsePort(parts[1]) } : { host: text, port: parsePort('') };
}

function asText(value: unknown): string {
  return v.parse(words, value)?.trim() ?? '';
}

/** Provisioning files often hold numbers as text. Anything unusable gives the default, never "no limit". */
function asLimit(value: unknown, otherwise: number): number {
  return Math.floor(v.parse(v.fallback(storedAmount, otherwise), value));
}
