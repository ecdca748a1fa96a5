import { type ArchiveJsonData } from '../contract/settings';

/** One message per field that is wrong; nothing while the archive is switched off. */
export type ArchiveFaults = Partial<Record<keyof ArchiveJsonData, string>>;

/** What must be right before the archive part of the settings is worth saving. The backend checks again. */
export function findArchiveFaults(settings: ArchiveJsonData): ArchiveFaults {
  if (!settings.archiveEnabled) {
    return {};
  }
  const faults: ArchiveFaults = {
    archiveHost: faultOfHost(settings.archiveHost ?? ''),
    archiveDatabase: faultOfName(settings.archiveDatabase, 'Enter the name of the database.'),
    archiveUser: faultOfName(settings.archiveUser, 'Enter the PostgreSQL user.'),
    archiveSchema: faultOfOptionalName(settings.archiveSchema),
    archiveSourceName: faultOfSourceName(settings.archiveSourceName ?? ''),
    archiveKeepMaxRowsPerDay: faultOfLimit(settings.archiveKeepMaxRowsPerDay),
    archiveKeepMaxSeries: faultOfLimit(settings.archiveKeepMaxSeries),
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
  return pem === '' || complete ? undefined : 'Paste a PEM certificate, from BEGIN CERTIFICATE to END CERTIFICATE.';
}

function faultOfHost(host: string): string | undefined {
  if (host === '') {
    return 'Enter the PostgreSQL server, for example 127.0.0.1:5432.';
  }
  if (host.includes('://')) {
    return 'Enter host:port without a scheme, for example 127.0.0.1:5432.';
  }
  const parts = /^(\[[0-9a-fA-F:.]+\]|[^\s:/@?#[\]]+)(?::(\d{1,5}))?$/.exec(host);
  if (!parts) {
    return 'Enter host or host:port; put an IPv6 address in brackets.';
  }
  const port = Number(parts[2] ?? 5432);
  return port >= 1 && port <= 65535 ? undefined : 'The port must be between 1 and 65535.';
}

function faultOfName(name: string | undefined, whenEmpty: string): string | undefined {
  return name ? faultOfOptionalName(name) : whenEmpty;
}

/** PostgreSQL cuts longer identifiers off without an error, and would then use another one than was typed. */
function faultOfOptionalName(name = ''): string | undefined {
  if (name !== name.trim()) {
    return 'Remove the white space at the beginning or the end.';
  }
  return new TextEncoder().encode(name).length <= 63 ? undefined : 'PostgreSQL names have at most 63 bytes.';
}

function faultOfSourceName(name: string): string | undefined {
  if (name !== name.trim()) {
    return 'Remove the white space at the beginning or the end.';
  }
  return name.length <= 100 ? undefined : 'The source name has at most 100 characters.';
}

function faultOfLimit(limit: number | undefined): string | undefined {
  return limit === undefined || (Number.isSafeInteger(limit) && limit > 0)
    ? undefined
    : 'Enter a whole number greater than 0, or leave the field empty for the default.';
}
