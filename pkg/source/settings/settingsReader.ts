import * as v from 'valibot';
import { isRecord } from '../../../src/contract/lenient';
import { storedAmount, storedFlag, storedText } from '../../../src/contract/storedSettings';

/**
 * Reads `jsonData`, which comes from provisioning files and older versions of the config page: a value of the wrong type is
 * coerced, or its default is used, with a warning instead of a failure.
 */
export class SettingsReader {
  readonly warnings: string[] = [];
  private readonly values: Readonly<Record<string, unknown>>;

  constructor(jsonData: unknown) {
    this.values = isRecord(jsonData) ? jsonData : {};
    if (!isRecord(jsonData) && (jsonData ?? '') !== '') {
      this.warnings.push('jsonData is not an object and was ignored.');
    }
  }

  /** A text without white space around it; `undefined` for an absent or empty one. */
  text(key: string): string | undefined {
    const type = typeof this.values[key];
    const text = this.read(key, storedText, 'is not a text and was ignored');
    if (text !== undefined && type !== 'string') {
      this.warnings.push(`jsonData.${key} is a ${type}; its text is used.`);
    }
    return text?.trim() || undefined;
  }

  /** A number that is not negative; `undefined` for an absent or unusable one. */
  amount(key: string): number | undefined {
    return this.read(key, storedAmount, 'is not a number of 0 or more; the default is used');
  }

  /** A truth value; `"true"` and `"false"` count. */
  flag(key: string): boolean {
    const value = this.read(key, storedFlag, '');
    if (value !== undefined && value !== this.values[key]) {
      this.warnings.push(`jsonData.${key} is not true or false.`);
    }
    return value ?? false;
  }

  /** `undefined` for an absent, empty or unusable value; for the last of them with a warning. */
  private read<T extends v.GenericSchema>(key: string, form: T, fault: string): v.InferOutput<T> | undefined {
    const value = this.values[key] ?? '';
    const read = v.safeParse(form, value);
    if (value !== '' && !read.success) {
      this.warnings.push(`jsonData.${key} ${fault}.`);
    }
    return value !== '' && read.success ? read.output : undefined;
  }
}
