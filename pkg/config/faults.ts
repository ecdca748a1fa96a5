import { type z } from 'zod';
import { PromkeepError } from '../core/errors';
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

  addIssues(issues: readonly z.core.$ZodIssue[], schema: z.core.$ZodType): void {
    for (const issue of issues) {
      if (issue.code === 'unrecognized_keys') {
        const allowed = keysAt(schema, issue.path)?.join(', ');
        for (const key of issue.keys) {
          this.add(writePath([...issue.path, key]), `unknown key${allowed ? `; allowed are ${allowed}` : ''}`);
        }
      } else {
        this.add(writePath(issue.path), describeIssue(issue));
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

function describeIssue(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${article(issue.expected)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message;
    default:
      return issue.message;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'a group of keys',
  record: 'a group of keys',
  array: 'a list',
  number: 'a number',
  boolean: 'true or false',
};

function article(type: string): string {
  return TYPE_NAMES[type] ?? type;
}

/** `recorded_queries[2].step`; an empty path is the file as a whole. */
export function writePath(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (before, part) =>
      typeof part === 'number' ? `${before}[${part}]` : `${before}${before ? '.' : ''}${String(part)}`,
    ''
  );
  return text === '' ? 'the file' : text;
}
