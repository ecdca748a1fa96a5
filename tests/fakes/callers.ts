import { type Caller, type DataQuery } from '../../pkg/core/ports/datasource';
import { type Clock } from '../../pkg/core/ports/clock';
import { type LogAttributes, type Logger } from '../../pkg/core/ports/logger';

/** 2026-01-01T00:00:00Z */
export const NOW_MS = 1_767_225_600_000;

export const clock: Clock = { nowMs: () => NOW_MS };

export const editor: Caller = { orgId: 1, user: { login: 'eva', role: 'Editor' }, headers: {} };
export const alert: Caller = { orgId: 1, headers: { fromalert: 'true' } };

/** A query over the last minute before `NOW_MS`, as Grafana sends it. */
export function dataQuery(json: Record<string, unknown>, part: Partial<DataQuery> = {}): DataQuery {
  return {
    refId: 'A',
    queryType: '',
    maxDataPoints: 100,
    intervalMs: 15_000,
    range: { fromMs: NOW_MS - 60_000, toMs: NOW_MS },
    json,
    ...part,
  };
}

/** A logger that remembers. */
export class MemoryLogger implements Logger {
  readonly lines: Array<{ level: string; message: string; attributes?: LogAttributes }> = [];

  debug(message: string, attributes?: LogAttributes): void {
    this.lines.push({ level: 'debug', message, attributes });
  }

  info(message: string, attributes?: LogAttributes): void {
    this.lines.push({ level: 'info', message, attributes });
  }

  warn(message: string, attributes?: LogAttributes): void {
    this.lines.push({ level: 'warn', message, attributes });
  }

  error(message: string, attributes?: LogAttributes): void {
    this.lines.push({ level: 'error', message, attributes });
  }
}
