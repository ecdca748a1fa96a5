import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Asked, compareAll, describeDifferences, type Outcome } from './promqlAnswers';
import { type PromqlCase } from './promqlCase';
import { readConformance } from './promqlConformance';
import { ownCases } from './promqlCorpus';
import { madeTimes, MINUTE_MS } from './promqlData';
import {
  copyData,
  endScraping,
  prometheusVersion,
  type Source,
  startCopy,
  startEmptyRemote,
  startReader,
  startSource,
  temporaryDir,
} from './promqlServers';
import { archiveAll } from './rawArchiving';

/** `npm run test:soak` scrapes for ten minutes, and asks at more times. */
const IS_SOAK = process.env.PROMKEEP_SOAK_SCRAPE_MS !== undefined;
const SCRAPE_MS = Number(process.env.PROMKEEP_SOAK_SCRAPE_MS ?? 60_000);
jest.setTimeout(900_000 + 4 * SCRAPE_MS);

const closers: Array<() => Promise<unknown>> = [];
const nowMs = Math.floor(Date.now() / 1_000) * 1_000;
const times = madeTimes(nowMs);
const conformance = readConformance();
let urls: { truth: string; subject: string };
let major: number;
let endMs: number;

beforeAll(async () => {
  const version = await prometheusVersion();
  major = version.major;
  process.stderr.write(`PromQL equality: ${version.text}\n`);
  const { dir, remove } = await temporaryDir();
  closers.push(remove);
  const source = await startSource(dir, { times, host: conformance.host, scrapeMs: SCRAPE_MS, major });
  closers.unshift(source.stop);
  endMs = await endScraping(source, dir);
  const readUrl = await subjectOf(source, dir);
  // beside a remote that has nothing Prometheus takes series in the order of their labels, as it does with what it reads
  const empty = await startEmptyRemote();
  const truth = await startReader(empty.url, { dataDir: source.dataDir, major });
  const subject = await startReader(readUrl, { major });
  closers.unshift(subject.stop, truth.stop, empty.stop);
  for (const [name, { process: one }] of Object.entries({ truth, subject })) {
    void one.exited.then(
      (code) => code === 0 || process.stderr.write(`the ${name} ended: ${one.output().slice(-4_000)}\n`)
    );
  }
  urls = { truth: truth.url, subject: subject.url };
});

/**
 * Archives all that the source has, and stops it; its data are the truth's from then on. `PROMQL_SUBJECT=prometheus` puts a Prometheus
 * with a copy of them in our place: what is not equal then, Prometheus' own remote read does not give either.
 */
async function subjectOf(source: Source, dir: string): Promise<string> {
  if (process.env.PROMQL_SUBJECT === 'prometheus') {
    await source.stop();
    const copyDir = path.join(dir, 'copy');
    await copyData(source.dataDir, copyDir);
    const copy = await startCopy(copyDir, major);
    closers.unshift(copy.stop);
    return `${copy.url}/api/v1/read`;
  }
  const archived = await archiveAll(source.url, endMs);
  closers.unshift(archived.stop);
  await source.stop();
  return `${archived.url}/api/v1/read`;
}

afterAll(async () => {
  for (const close of closers) {
    await close();
  }
});

const seconds = (ms: number): string => (ms / 1_000).toFixed(3);

function timesAsked(): Asked[] {
  const middle = times.startMs + 150 * MINUTE_MS;
  const range = (fromMs: number, toMs: number, step: string): Asked => ({
    start: seconds(fromMs),
    end: seconds(toMs),
    step,
  });
  const some = [
    // within five minutes behind the made data: lookback at an edge
    { start: seconds(times.endMs + 4 * MINUTE_MS + 1) },
    { start: seconds(endMs - 20_000) },
    range(times.headStartMs - 10 * MINUTE_MS, endMs, '61.5'),
    range(times.startMs - 10 * MINUTE_MS, endMs, '1020'),
  ];
  if (!IS_SOAK) {
    return some;
  }
  return [
    ...some,
    { start: seconds(middle) },
    range(middle - 10 * MINUTE_MS, middle + 20 * MINUTE_MS, '37'),
    range(endMs - SCRAPE_MS, endMs, '1'),
  ];
}

const fits = ({ since, until, native }: PromqlCase): boolean =>
  (since ?? major) <= major && (until ?? major) >= major && !(native === true && major < 3);

function report(name: string, count: number, { asked, filled, reordered, open, differences }: Outcome): void {
  process.stderr.write(
    `${name}: ${count} expressions, ${asked} answers (${filled.size} expressions gave data, ${reordered} in another order, ${open} on which Prometheus does not agree with itself), ${differences.length} differ\n`
  );
  if (process.env.PROMQL_DIFFERENCES) {
    writeFileSync(`${process.env.PROMQL_DIFFERENCES}.${name}`, describeDifferences(differences, 1_000));
  }
}

it('answers our own expressions as the source does', async () => {
  const cases = ownCases(Math.floor(times.startMs / 1_000) + 9_000);
  const fitting = cases.filter(fits);
  const outcome = await compareAll(urls, fitting, timesAsked());
  report('own', fitting.length, outcome);
  expect(fitting.length).toBeGreaterThan(500);
  expect(describeDifferences(outcome.differences)).toMatch(/^0 queries/);
  expect(outcome.filled.size / fitting.length).toBeGreaterThan(0.8);
});

it('answers the public conformance queries as the source does', async () => {
  if (conformance.skipped !== undefined) {
    process.stderr.write(`SKIPPED: ${conformance.skipped}\n`);
    return;
  }
  const outcome = await compareAll(urls, conformance.cases, timesAsked());
  report('conformance', conformance.cases.length, outcome);
  expect(describeDifferences(outcome.differences)).toMatch(/^0 queries/);
  expect(outcome.filled.size / conformance.cases.length).toBeGreaterThan(0.8);
});
