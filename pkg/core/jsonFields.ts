import { PromkeepError } from './errors';
import { LIMITS, noMoreThan } from './limits';

/**
 * Reads the fields of a JSON object as Go's decoder does: names in any case (the last one wins), null and absent are the
 * default, a wrong type is an error, and so is a list of more entries than a query has.
 */
export class JsonFields {
  private readonly values = new Map<string, unknown>();

  /** @param where begins error messages: `query`, `scopes[0]` */
  constructor(
    json: unknown,
    private readonly where: string
  ) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new PromkeepError(
        'QUERY_INVALID',
        `error unmarshaling query: ${where} must be an object, not ${nameOf(json)}`
      );
    }
    for (const [key, value] of Object.entries(json)) {
      if (value !== null) {
        this.values.set(key.toLowerCase(), value);
      }
    }
  }

  get(key: string): unknown {
    return this.values.get(key.toLowerCase());
  }

  text(key: string): string {
    const value = this.get(key) ?? '';
    if (typeof value !== 'string') {
      throw this.wrong(`"${key}"`, 'a text', value);
    }
    return value;
  }

  flag(key: string): boolean {
    const value = this.get(key) ?? false;
    if (typeof value !== 'boolean') {
      throw this.wrong(`"${key}"`, 'true or false', value);
    }
    return value;
  }

  number(key: string): number {
    const value = this.get(key) ?? 0;
    if (typeof value !== 'number') {
      throw this.wrong(`"${key}"`, 'a number', value);
    }
    return value;
  }

  integer(key: string): number {
    const value = this.number(key);
    if (!Number.isSafeInteger(value)) {
      throw this.wrong(`"${key}"`, 'a whole number', value);
    }
    return value;
  }

  texts(key: string): string[] {
    return this.list(key).map((value, i) => {
      if (typeof value !== 'string') {
        throw this.wrong(`"${key}"[${i}]`, 'a text', value);
      }
      return value;
    });
  }

  objects(key: string): JsonFields[] {
    return this.list(key).map((value, i) => new JsonFields(value, `${this.where}.${key}[${i}]`));
  }

  private list(key: string): unknown[] {
    const value = this.get(key) ?? [];
    if (!Array.isArray(value)) {
      throw this.wrong(`"${key}"`, 'a list', value);
    }
    noMoreThan(value, LIMITS.listEntries, `entries in "${key}" of ${this.where}`);
    return value;
  }

  private wrong(what: string, expected: string, value: unknown): PromkeepError {
    return new PromkeepError(
      'QUERY_INVALID',
      `error unmarshaling query: ${what} of ${this.where} must be ${expected}, not ${nameOf(value)}`
    );
  }
}

function nameOf(value: unknown): string {
  if (value === null) {
    return 'null';
  }
  if (typeof value === 'number') {
    return `the number ${value}`;
  }
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
