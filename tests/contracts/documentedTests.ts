import { readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../..');

export function readDocument(name: string): string {
  return readFileSync(path.join(ROOT, 'docs', name), 'utf8');
}

/** The cells of a document's table rows whose first cell is a number such as `7.1`. */
export function numberedRows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => /^\| *\d+\.\d+/.test(line))
    .map((line) =>
      line
        .replace(/^\||\|$/g, '')
        .split('|')
        .map((cell) => cell.trim())
    );
}

/** The tests a cell names, as `path`: “name”. */
export function namedTests(cell: string): Array<{ file: string; name: string }> {
  return [...cell.matchAll(/`([^`]+)`: “([^”]+)”/g)].map(([, file, name]) => ({ file, name }));
}

/** What is wrong with the naming of a test; `undefined` when the file has a test of this name. */
export function faultOfTest({ file, name }: { file: string; name: string }): string | undefined {
  let source: string;
  try {
    source = readFileSync(path.join(ROOT, file), 'utf8');
  } catch {
    return `${file} does not exist`;
  }
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // the title stands in the first argument of a call, or after the table of it.each; Go's are functions
  const form = file.endsWith('.go')
    ? new RegExp(`^func ${escaped}\\(`, 'm')
    : new RegExp(`(it|test|describe|\\)|\\n\\s*)(\\.each[^\\n]*)?\\(?\\s*(['"\`])${escaped}\\3,`);
  return form.test(source) ? undefined : `${file} has no test “${name}”`;
}
