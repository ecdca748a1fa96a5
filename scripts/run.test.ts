import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Linter } from 'eslint';

/** A machine with an old Node, told by a preload, and with an npm that gives what a test says: no network. */
const root = path.resolve(__dirname, '..');
const PARTS = ['scripts/run.mjs', 'scripts/runProgram.mjs', 'scripts/npmPackages.mjs', 'scripts/node/nodeBinary.mjs'];
const PRETEND = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.8' } });`;
const SCRIPT = `
import { execFileSync } from 'node:child_process';
const run = (program) => execFileSync(program, ['-p', '"by PATH"'], { encoding: 'utf8' }).trim();
const found = [run('node'), run('npm')];
console.log(JSON.stringify({ args: process.argv.slice(2), node: process.env.NODE, found }));
process.exitCode = 7;
`;
const VERSION = /NODE_VERSION = '([\d.]+)'/.exec(readFileSync(path.join(root, PARTS[3]), 'utf8'))?.[1] ?? '';
const ARCH = process.arch === 'arm64' ? 'arm64' : 'amd64';

const NODE = `${VERSION}-linux-${ARCH}`;
const WHOLE = [NODE, expect.stringMatching(/^npm-11\./)];

let checkout = '';
const inCheckout = (...parts: string[]): string => path.join(checkout, ...parts);
const cached = (): string[] => (existsSync(inCheckout('.cache/node')) ? readdirSync(inCheckout('.cache/node')) : []);

beforeEach(() => {
  checkout = mkdtempSync(path.join(os.tmpdir(), 'promkeep-run-'));
  [...PARTS, 'package.json'].forEach((file) => cpSync(path.join(root, file), inCheckout(file)));
  mkdirSync(inCheckout('bin'));
  writeFileSync(inCheckout('pretend.cjs'), PRETEND);
  writeFileSync(inCheckout('script.mjs'), SCRIPT);
});

afterEach(() => rmSync(checkout, { recursive: true, force: true }));

/** The npm of this machine: `$folder` is where the package has to go, `$package` what is wanted. */
function giveNpm(lines: string): void {
  const npm = inCheckout('bin/npm');
  writeFileSync(npm, `#!/bin/sh\npackage=$2 folder=$4\ntouch ${inCheckout('npm-was-called')}\n${lines}\n`);
  chmodSync(npm, 0o755);
}

/** A package whose "Node" is this one under another name, and so is its "npm"; it is the pinned one in this checkout. */
function givePackage({ version = VERSION } = {}): void {
  const work = inCheckout('made');
  mkdirSync(path.join(work, 'package/bin'), { recursive: true });
  const node = `#!/bin/sh\n[ "$1" = --version ] && echo v${version} && exit\nexec ${process.execPath} "$@"\n`;
  ['node', 'npm-cli.js'].forEach((name) => writeFileSync(path.join(work, 'package/bin', name), node, { mode: 0o755 }));
  execFileSync('tar', ['-czf', 'made.tgz', 'package'], { cwd: work });
  const hash = createHash('sha512')
    .update(readFileSync(path.join(work, 'made.tgz')))
    .digest('base64');
  const file = inCheckout(PARTS[3]);
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/sha512-[^']{20,}/g, `sha512-${hash}`));
  giveNpm(`cp ${work}/made.tgz "$folder/$(echo $package | tr @ -).tgz"`);
}

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${inCheckout('bin')}:${process.env.PATH}`,
  npm_execpath: '',
  npm_lifecycle_event: undefined,
});
const onOldNode = (): string[] => ['--require', inCheckout('pretend.cjs'), inCheckout('scripts/run.mjs'), 'script.mjs'];

function run(...args: string[]): { code: number | null; output: string; errors: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: checkout,
    env: environment(),
    encoding: 'utf8',
  });
  return { code: status, output: stdout, errors: stderr };
}

function start(): { child: ChildProcess; ended: Promise<unknown> } {
  const child = spawn(process.execPath, onOldNode(), { cwd: checkout, env: environment(), stdio: 'ignore' });
  return { child, ended: new Promise((resolve) => child.once('exit', resolve)) };
}

async function until(what: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 200 && !what(); attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(what()).toBe(true);
}

describe('an old Node', () => {
  it('fetches a newer one once, which the script and all below it get, and passes arguments and exit code on', () => {
    givePackage();
    const first = run(...onOldNode(), '--flag', 'a b');
    expect(first).toMatchObject({ code: 7, errors: '' });
    const node = inCheckout('.cache/node', NODE, 'node');
    const told = { args: ['--flag', 'a b'], node, found: ['by PATH', 'by PATH'] };
    const [fetchingNode, fetchingNpm, answer] = first.output.trim().split('\n');
    expect([fetchingNode, fetchingNpm].join()).toMatch(/^Fetching node-linux-\w+ 24\..*,Fetching npm 11\./);
    expect(JSON.parse(answer)).toEqual(told);
    expect(cached()).toEqual(WHOLE);
    giveNpm('exit 1');
    expect(run(...onOldNode(), '--flag', 'a b')).toEqual({ code: 7, output: `${answer}\n`, errors: '' });
  });

  it('uses no package with other content, and keeps nothing of it', () => {
    givePackage();
    giveNpm('echo "not the package" > "$folder/$(echo $package | tr @ -).tgz"');
    const { code, output, errors } = run(...onOldNode());
    expect(code).toBe(1);
    expect(errors).toMatch(/has checksum sha512-\S+, expected sha512-\S+: not used/);
    expect(output).not.toContain('by PATH');
    expect(cached()).toEqual([]);
  });

  it('uses no Node that is of another version than it should be', () => {
    givePackage({ version: '12.0.0' });
    expect(run(...onOldNode())).toMatchObject({
      code: 1,
      errors: expect.stringContaining('there came v12.0.0: not used'),
    });
    expect(cached()).toEqual([]);
  });

  it('says why there is none, and what to do, when npm fails', () => {
    giveNpm('echo "npm error network" >&2; exit 1');
    const { code, errors } = run(...onOldNode());
    expect(code).toBe(1);
    expect(errors).toContain('npm error network');
    expect(errors).toContain('Node 24 or newer is needed; this is 18.20.8');
  });

  it('leaves nothing of a download that is interrupted, and clears up after one that was killed', async () => {
    giveNpm('echo half > "$folder/half.tgz"; exec sleep 20');
    const interrupted = start();
    await until(() => cached().length > 0 && existsSync(inCheckout('npm-was-called')));
    interrupted.child.kill('SIGINT');
    await interrupted.ended;
    expect(cached()).toEqual([]);

    rmSync(inCheckout('npm-was-called'));
    const killed = start();
    await until(() => existsSync(inCheckout('npm-was-called')));
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect(cached()).toEqual([`fetch-${killed.child.pid}`]);
    givePackage();
    expect(run(...onOldNode()).code).toBe(7);
    expect(cached()).toEqual(WHOLE);
  });

  it('can read what runs before there is a newer one', () => {
    const linter = new Linter();
    for (const file of [...PARTS, 'scripts/systemPackages.mjs']) {
      const config = { languageOptions: { ecmaVersion: 2022, sourceType: 'module' } } as const;
      expect(linter.verify(readFileSync(path.join(root, file), 'utf8'), config)).toEqual([]);
    }
  });
});

it('a Node that is new enough runs the script itself and asks npm for nothing', () => {
  giveNpm('exit 1');
  writeFileSync(inCheckout('script.mjs'), 'console.log(process.argv[2]); process.exitCode = 7;');
  expect(run(inCheckout('scripts/run.mjs'), 'script.mjs', 'x')).toEqual({ code: 7, output: 'x\n', errors: '' });
  expect(existsSync(inCheckout('npm-was-called'))).toBe(false);
});
