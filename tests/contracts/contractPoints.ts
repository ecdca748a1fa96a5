import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../..');
const MARKS = ['open', 'differs', 'adds'] as const;
const FOLDERS = ['pkg', 'src', 'tests', 'scripts', 'bench', 'examples', 'docs', 'provisioning'];

/** One heading of docs/contract, and what stands under it. */
export interface ContractPoint {
  id: string;
  title: string;
  /** What stands in brackets behind the title: not done yet; another result than Grafana's; something said besides. */
  mark?: (typeof MARKS)[number];
  text: string;
}

/** @param name of a file in docs/contract */
export function readPoints(name: string): ContractPoint[] {
  return pointsIn(readFileSync(path.join(ROOT, 'docs/contract', name), 'utf8'));
}

export function pointsIn(markdown: string): ContractPoint[] {
  return markdown
    .split(/^(?=### )/m)
    .filter((part) => part.startsWith('### '))
    .map((part) => {
      const found = /^### ([AQRP][\d.]+) (.+?)(?: \((\w+)\))?\n([^]*?)(?=\n## |$)/.exec(part);
      if (!found) {
        throw new Error(`No heading of a point: ${part.slice(0, 60)}`);
      }
      const [, id, title, word, text] = found;
      const mark = MARKS.find((one) => one === word);
      return { id, title, text, ...(mark ? { mark } : {}) };
    });
}

export interface CitingFile {
  file: string;
  text: string;
}

/** Every text of the project in which a point may be cited. */
export function citingFiles(): CitingFile[] {
  const within = FOLDERS.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name))
  );
  const atTop = readdirSync(ROOT).filter((name) => name.endsWith('.md'));
  return [...within, ...atTop]
    .filter((file) => /\.(tsx?|mjs|cjs|go|sh|sql|ya?ml|md)$/.test(file))
    .map((file) => ({ file, text: readFileSync(path.join(ROOT, file), 'utf8') }));
}

/** The ids a text cites. */
export function citedIn(text: string): string[] {
  return [...text.matchAll(/\[([AQRP]\d+(?:\.\d+)?)\]/g)].map(([, id]) => id);
}

/** What cannot be looked up: a promise, section or requirement by anything but its id in brackets. */
export function looseCitations(text: string): string[] {
  return text.match(/\b(promises?|contract|requirements?) [RQA]?\d+(\.\d+)?\b|\(R\d+\)|\b[\w-]+ §\s?\d+/gi) ?? [];
}

/** Tests, and the suites that several of them run. */
export function isTest(file: string): boolean {
  return /(\.test\.tsx?|_test\.go|\.spec\.ts)$/.test(file) || /^tests\/contracts\/\w+Contract\.ts$/.test(file);
}
