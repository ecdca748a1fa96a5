import { parseDurationMs } from '../../contract/duration';
import { type ArchiveJsonData, LIMIT_SETTINGS } from '../../contract/settings';
import { say } from '../texts';

/** One message per field that is wrong; nothing while the archive is switched off. */
type ArchiveFaults = Partial<Record<keyof ArchiveJsonData, string>>;

/** What must be right before the archive part of the settings is worth saving. The backend checks again. */
export function findArchiveFaults(settings: ArchiveJsonData): ArchiveFaults {
  if (!settings.archiveEnabled) {
    return {};
  }
  const faults: ArchiveFaults = {
    archiveHost: faultOfHost(settings.archiveHost ?? ''),
    archiveDatabase: faultOfName(settings.archiveDatabase, say('faults.database')),
    archiveUser: faultOfName(settings.archiveUser, say('faults.user')),
    archiveSchema: faultOfName(settings.archiveSchema),
    archiveSourceName: faultOfSourceName(settings.archiveSourceName),
    archiveSettle: faultOfSettle(settings.archiveSettle ?? ''),
    ...Object.fromEntries(LIMIT_SETTINGS.map((name) => [name, faultOfLimit(settings[name])])),
  };
  return Object.fromEntries(Object.entries(faults).filter(([, message]) => message !== undefined));
}

/** A hint, not a fault: what travels over the network in the clear. */
export function isUnencryptedRemote(settings: ArchiveJsonData): boolean {
  const host = (settings.archiveHost ?? '').replace(/:\d+$/, '');
  const local = host === '' || host === 'localhost' || host === '[::1]' || /^127\./.test(host) || host.startsWith('/');
  return Boolean(settings.archiveEnabled) && !local && (settings.archiveSslMode ?? 'disable') === 'disable';
}

/** @returns a message when the text is not a PEM certificate; an empty text is none */
export function faultOfCertificate(pem: string): string | undefined {
  const complete = /^\s*-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*$/.test(pem);
  return pem === '' || complete ? undefined : say('faults.certificate');
}

function faultOfHost(host: string): string | undefined {
  if (host === '') {
    return say('faults.host');
  }
  if (host.includes('://')) {
    return say('faults.hostScheme');
  }
  const parts = /^(\[[0-9a-fA-F:.]+\]|[^\s:/@?#[\]]+)(?::(\d{1,5}))?$/.exec(host);
  if (!parts) {
    return say('faults.hostForm');
  }
  const port = Number(parts[2] ?? 5432);
  return port >= 1 && port <= 65535 ? undefined : say('faults.port');
}

/** PostgreSQL cuts longer identifiers off without an error, and would then use another one than was typed. */
function faultOfName(name = '', whenEmpty?: string): string | undefined {
  const isTooLong = new TextEncoder().encode(name).length > 63;
  return name === '' ? whenEmpty : (faultOfEdges(name) ?? (isTooLong ? say('faults.nameLength') : undefined));
}

function faultOfSourceName(name = ''): string | undefined {
  return faultOfEdges(name) ?? (name.length > 100 ? say('faults.sourceNameLength') : undefined);
}

function faultOfEdges(text: string): string | undefined {
  return text === text.trim() ? undefined : say('faults.whiteSpace');
}

function faultOfSettle(duration: string): string | undefined {
  return duration === '' || parseDurationMs(duration) !== undefined ? undefined : say('recorded.settleFault');
}

function faultOfLimit(limit: number | undefined): string | undefined {
  return limit === undefined || (Number.isSafeInteger(limit) && limit > 0) ? undefined : say('faults.limit');
}
