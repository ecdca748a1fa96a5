import { type Clock } from '../core/ports/clock';
import { type LogAttributes, type Logger } from '../core/ports/logger';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export const LOG_FORMATS = ['text', 'json'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface TerminalLogOptions {
  level: LogLevel;
  format: LogFormat;
  clock: Clock;
  write(line: string): void;
}

/** A line a message: `2026-01-02T03:04:05.678Z WARN  Text. key=value`, or one JSON object. */
export function createTerminalLogger({ level, format, clock, write }: TerminalLogOptions): Logger {
  const lowest = LOG_LEVELS.indexOf(level);
  const toLine = format === 'json' ? jsonLine : textLine;
  const at = (own: LogLevel) => (message: string, attributes?: LogAttributes) => {
    if (LOG_LEVELS.indexOf(own) >= lowest) {
      write(`${toLine(new Date(clock.nowMs()).toISOString(), own, message, attributes)}\n`);
    }
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function jsonLine(time: string, level: LogLevel, message: string, attributes: LogAttributes = {}): string {
  return JSON.stringify({ ...attributes, time, level, message });
}

function textLine(time: string, level: LogLevel, message: string, attributes: LogAttributes = {}): string {
  const pairs = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${quoted(String(value))}`);
  return `${time} ${level.toUpperCase().padEnd(5)} ${message}${pairs.join('')}`;
}

/** Only what would blur the line is quoted; a line break in a foreign text must not look like a line of ours. */
function quoted(text: string): string {
  return /^[\w.:/+-]+$/.test(text) ? text : JSON.stringify(text);
}
