import { type LogAttributes, type Logger } from '../../core/ports/logger';

/** Grafana reads longer lines in pieces, which it cannot parse. */
export const MAX_LINE_BYTES = 64 * 1024;
const MAX_VALUE_CHARACTERS = 8 * 1024;
const CUT = '… (cut)';

/** Attribute names whose values are never written, whoever passes them. */
const SECRET_NAME = /passw|secret|token|authorization|cookie|credential|api[-_]?key|private[-_]?key/i;
/** User and password in a URL. Without its scheme: looked for from every letter of a text, that took time with its square. */
const URL_CREDENTIALS = /:\/\/[^\s/@]*@/g;

type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * Writes go-hclog's JSON lines, from which Grafana makes its own log. A message, level or time that is not a string kills
 * Grafana, so all three are strings whatever was passed, and attributes cannot override them.
 *
 * @param write takes one line, `\n` included
 * @param nowMs Unix milliseconds
 */
export function createHclogLogger(write: (line: string) => void, nowMs: () => number): Logger {
  const log =
    (level: Level) =>
    (message: string, attributes: LogAttributes = {}): void =>
      write(formatLine(level, message, attributes, nowMs()));
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}

function formatLine(level: Level, message: string, attributes: LogAttributes, timeMs: number): string {
  const head = {
    '@level': level,
    '@message': clean(message),
    '@timestamp': toMicrosecondTime(timeMs),
  };
  const line = JSON.stringify({ ...cleanAttributes(attributes), ...head }) + '\n';
  if (Buffer.byteLength(line) <= MAX_LINE_BYTES) {
    return line;
  }
  // many attributes or much that JSON escapes: the message matters most
  return JSON.stringify({ ...head, '@message': head['@message'].slice(0, MAX_VALUE_CHARACTERS), cut: true }) + '\n';
}

/** Six fraction digits: with the three of `toISOString` Grafana takes the line for raw text. */
function toMicrosecondTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('Z', '000Z');
}

function cleanAttributes(attributes: LogAttributes): Record<string, string | number | boolean> {
  const cleaned: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || name.startsWith('@') || name === 'timestamp') {
      continue;
    }
    if (SECRET_NAME.test(name)) {
      cleaned[name] = '[hidden]';
    } else {
      cleaned[name] = typeof value === 'number' || typeof value === 'boolean' ? value : clean(value);
    }
  }
  return cleaned;
}

function clean(value: unknown): string {
  const text = String(value).replace(URL_CREDENTIALS, '://[hidden]@');
  return text.length > MAX_VALUE_CHARACTERS ? text.slice(0, MAX_VALUE_CHARACTERS) + CUT : text;
}
