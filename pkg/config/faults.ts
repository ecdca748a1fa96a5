import type * as v from 'valibot';
import { PromkeepError } from '../core/model/errors';
import { keysAt } from './schemaKeys';

/** Collects everything that is wrong, so that a person repairs the file once and not fault by fault. */
export class Faults {
  private readonly lines: string[] = [];

  /** @param origin where values of a path came from when it was not the file, e.g. `PROMKEEP_PORT` */
  constructor(private readonly origin: ReadonlyMap<string, string>) {}

  add(path: string, text: string): void {
    const from = this.origin.get(path);
    const line = `${path}${from ? ` (from ${from})` : ''}: ${text}`;
    if (!this.lines.includes(line)) {
      this.lines.push(line);
    }
  }

  addIssues(issues: ReadonlyArray<v.BaseIssue<unknown>>, schema: v.GenericSchema): void {
    for (const { path = [], expected, input, message } of issues) {
      const keys = path.map(({ key }) => key);
      if (expected !== 'never') {
        this.add(writePath(keys), input === undefined ? 'is missing' : message);
        continue;
      }
      const group = keys.slice(0, -1);
      const allowed = keysAt(schema, group);
      // the library names the first one only
      for (const key of Object.keys(Object(path.at(-1)?.input)).filter((one) => !allowed.includes(one))) {
        this.add(writePath([...group, key]), `unknown key; allowed are ${allowed.join(', ')}`);
      }
    }
  }

  /** @param name of the file, for the message */
  throwIfAny(name: string | undefined): void {
    if (this.lines.length > 0) {
      const where = name ? `The configuration ${name} cannot be used` : 'The configuration cannot be used';
      throw new PromkeepError('CONFIG_INVALID', [`${where}:`, ...this.lines.map((line) => `  - ${line}`)].join('\n'));
    }
  }
}

/** `recorded_queries[2].step`; an empty path is the file as a whole. */
function writePath(path: readonly unknown[]): string {
  const text = path.reduce<string>(
    (before, part) =>
      typeof part === 'number' ? `${before}[${part}]` : `${before}${before ? '.' : ''}${String(part)}`,
    ''
  );
  return text === '' ? 'the file' : text;
}
