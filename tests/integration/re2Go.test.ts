import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { PromkeepError } from '../../pkg/core/model/errors';
import { readRe2 } from '../../pkg/core/matching/re2Match';
import { anyPattern, text } from './re2Patterns';

/** Patterns and texts at random: what Go's `regexp` accepts is accepted here, and matches the same. */
jest.setTimeout(240_000);

const SEED = 20_261_129;
const PATTERNS = 6_000;

const go = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/local/go/bin']
  .map((folder) => path.join(folder, 'go'))
  .find((file) => existsSync(file));
if (go === undefined) {
  console.warn('SKIPPED: patterns are not compared with those of Go, since there is no go on this machine.');
}

/**
 * What Go accepts and re2js does not: two groups of one name, and names of Unicode's classes as Go spells them since 1.25
 * (`\p{greek}`, `\p{Letter}`). Refused by name, never read as something else.
 */
const STRICTER = [/duplicate capture group name/, /invalid character class range: `\\p/i];

interface Question {
  pattern: string;
  texts: string[];
}

interface Answer {
  refused: string;
  matches: boolean[] | null;
}

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'promkeep-regexp-'));
  program = path.join(folder, 'regexp');
  if (go !== undefined) {
    const env = { ...process.env, GO111MODULE: 'off' };
    execFileSync(go, ['build', '-o', program, path.resolve(__dirname, '../regexp/main.go')], { env });
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function askGo(questions: readonly Question[]): Answer[] {
  const input = questions.map((one) => JSON.stringify(one)).join('\n');
  const output = execFileSync(program, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  return output
    .trim()
    .split('\n')
    .map((line): Answer => JSON.parse(line));
}

function askOurs({ pattern, texts }: Question): Answer {
  try {
    return { refused: '', matches: texts.map(readRe2(pattern).compile()) };
  } catch (error) {
    if (error instanceof PromkeepError && error.code === 'QUERY_INVALID') {
      return { refused: error.message, matches: null };
    }
    throw error;
  }
}

function differences(questions: readonly Question[]): string[] {
  return askGo(questions).flatMap((theirs, i): string[] => {
    const { pattern, texts } = questions[i];
    const ours = askOurs(questions[i]);
    if (theirs.refused === '' && STRICTER.some((one) => one.test(ours.refused))) {
      return [];
    }
    if ((ours.refused === '') !== (theirs.refused === '')) {
      return [`${JSON.stringify(pattern)}: Go "${theirs.refused}", here "${ours.refused}"`];
    }
    return texts.flatMap((one, k) =>
      ours.matches?.[k] === theirs.matches?.[k]
        ? []
        : [`${JSON.stringify(pattern)} on ${JSON.stringify(one)}: Go ${theirs.matches?.[k]}, here ${ours.matches?.[k]}`]
    );
  });
}

const withGo = go === undefined ? it.skip : it;

withGo('accepts, refuses and matches as Go does', () => {
  const question = fc.record({ pattern: anyPattern, texts: fc.array(text, { minLength: 8, maxLength: 16 }) });
  const questions = fc.sample(question, { seed: SEED, numRuns: PATTERNS });
  const answers = askGo(questions);
  const accepted = answers.filter(({ refused }) => refused === '');
  // neither side of the comparison is empty
  expect(accepted.length).toBeGreaterThan(PATTERNS / 3);
  expect(accepted.length).toBeLessThan(PATTERNS * 0.9);
  expect(accepted.flatMap(({ matches }) => matches ?? []).filter((one) => one).length).toBeGreaterThan(PATTERNS / 10);
  expect(differences(questions)).toEqual([]);
});

withGo('agrees on the limits that RE2 itself has', () => {
  const patterns = [
    ...['a{1000}', 'a{1001}', '(a{10}){100}', '(a{10}){101}', '((a{0}){1000}){1000}', '(((x{0}){1000}){1000}){1000}'],
    ...['a{2,1}', 'a{1,1000}', 'a{,5}', 'a{00002}', 'a{1,2}{3}'],
    ...[990, 1_100].map((depth) => '('.repeat(depth) + 'a' + ')'.repeat(depth)),
  ];
  expect(differences(patterns.map((pattern) => ({ pattern, texts: ['', 'a', 'aa', 'a{,5}'] })))).toEqual([]);
});

/** Where we refuse by purpose: these would hold the process up (pkg/core/matching/re2Match.ts). All are LIMIT_EXCEEDED, never a guess. */
withGo('refuses more than Go does only by the limits of its own', () => {
  const patterns = ['.{1000}'.repeat(6), 'a.'.repeat(5_001), '(?:a.){500}'.repeat(40), '\\pL'.repeat(101)];
  expect(askGo(patterns.map((pattern) => ({ pattern, texts: [] }))).map(({ refused }) => refused)).toEqual(
    patterns.map(() => '')
  );
  for (const pattern of patterns) {
    expect(() => readRe2(pattern)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  }
});

it.each(['\\p{greek}', '\\p{Letter}', '\\p{ASCII}', '\\pz', '(?P<a>x)(?P<a>y)'])('is stricter about %s', (pattern) => {
  const { refused } = askOurs({ pattern, texts: [] });
  expect(STRICTER.some((one) => one.test(refused))).toBe(true);
});
