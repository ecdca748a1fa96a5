/**
 * Reads `jsonData`, which comes from provisioning files and older versions of the config page: a value of the wrong type is
 * coerced, or its default is used, with a warning instead of a failure.
 */
export class SettingsReader {
  readonly warnings: string[] = [];
  private readonly values: Readonly<Record<string, unknown>>;

  constructor(jsonData: unknown) {
    if (isRecord(jsonData)) {
      this.values = jsonData;
    } else {
      this.values = {};
      if (jsonData !== undefined && jsonData !== null && jsonData !== '') {
        this.warnings.push('jsonData is not an object and was ignored.');
      }
    }
  }

  /** A text without white space around it; `undefined` for an absent or empty one. */
  text(key: string): string | undefined {
    const value = this.values[key] ?? '';
    if (typeof value === 'string') {
      return value.trim() || undefined;
    }
    if (typeof value === 'number' || typeof value === 'boolean') {
      this.warnings.push(`jsonData.${key} is a ${typeof value}; its text is used.`);
      return String(value);
    }
    this.warnings.push(`jsonData.${key} is not a text and was ignored.`);
    return undefined;
  }

  /** A number that is not negative; `undefined` for an absent or unusable one. */
  amount(key: string): number | undefined {
    const value = this.values[key];
    if (value === undefined || value === null || value === '') {
      return undefined;
    }
    const amount = typeof value === 'string' ? Number(value.trim() || NaN) : value;
    if (typeof amount !== 'number' || !Number.isFinite(amount) || amount < 0) {
      this.warnings.push(`jsonData.${key} is not a number of 0 or more; the default is used.`);
      return undefined;
    }
    return amount;
  }

  /** A truth value; `"true"` and `"false"` count. */
  flag(key: string): boolean {
    const value = this.values[key];
    if (typeof value === 'boolean' || value === undefined || value === null || value === '') {
      return value === true;
    }
    this.warnings.push(`jsonData.${key} is not true or false.`);
    return value === 'true' || value === 1;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
