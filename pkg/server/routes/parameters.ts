import { PromkeepError } from '../../core/errors';
import { atMost, LIMITS } from '../../core/limits';

/** Query parameters of one request, read strictly: an unknown or repeated one is an error that names what is allowed. */
export class Parameters {
  constructor(
    private readonly query: URLSearchParams,
    allowed: readonly string[]
  ) {
    for (const name of new Set(query.keys())) {
      if (!allowed.includes(name)) {
        const list = allowed.length > 0 ? `allowed are ${allowed.join(', ')}` : 'this path takes none';
        throw invalid(`Unknown parameter "${name}"; ${list}.`);
      }
      if (query.getAll(name).length > 1) {
        throw invalid(`The parameter "${name}" is there more than once.`);
      }
    }
  }

  has(name: string): boolean {
    return (this.query.get(name) ?? '') !== '';
  }

  text(name: string): string {
    const value = this.query.get(name) ?? '';
    if (value.trim() === '') {
      throw invalid(`The parameter "${name}" is missing.`);
    }
    return atMost(value, LIMITS.expressionLength, `The parameter "${name}"`);
  }

  /** Unix seconds (with fraction) or RFC 3339, as milliseconds. */
  timeMs(name: string): number {
    const text = this.text(name);
    const ms = /^-?\d+(\.\d+)?$/.test(text) ? Math.round(Number(text) * 1000) : parseRfc3339(text);
    if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) {
      throw invalid(`The parameter "${name}" must be a time: Unix seconds or RFC 3339, such as 2026-01-02T03:04:05Z.`);
    }
    return ms;
  }

  /** A duration such as `15s` or `1h30m`, or seconds, as milliseconds. */
  durationMs(name: string): number {
    const text = this.text(name);
    const ms = /^\d+(\.\d+)?$/.test(text) ? Math.round(Number(text) * 1000) : parseDuration(text);
    if (!Number.isFinite(ms) || ms < 1) {
      throw invalid(`The parameter "${name}" must be a duration above zero: 15s, 1h30m, or seconds.`);
    }
    return ms;
  }

  /** A whole number in `[min, max]`. */
  integer(name: string, [min, max]: readonly [number, number]): number {
    const value = Number(this.text(name));
    if (!Number.isInteger(value) || value < min || value > max) {
      throw invalid(`The parameter "${name}" must be a whole number between ${min} and ${max}.`);
    }
    return value;
  }
}

function parseRfc3339(text: string): number {
  return /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text.toUpperCase())
    : NaN;
}

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };

function parseDuration(text: string): number {
  if (!/^(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$/.test(text)) {
    return NaN;
  }
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([a-z]*)/g)) {
    totalMs += Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  return totalMs;
}

export function invalid(message: string): PromkeepError {
  return new PromkeepError('QUERY_INVALID', message);
}
