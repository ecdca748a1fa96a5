import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** The mark in Node's binary that says whether a program is appended. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * Grafana passes no NODE_* variables on, so what a person would set there is built in. With the system's certificates a
 * Prometheus behind a company's own CA is trusted as Grafana trusts it (Go uses the system's store too).
 */
export const NODE_ARGUMENTS = ['--use-system-ca'];

/**
 * Puts a program into a copy of Node's binary.
 *
 * @param {object} parts
 * @param {string} parts.bundle the program, one CommonJS file
 * @param {string} parts.node Node's binary for the target
 * @param {string} parts.builderNode the same version of Node, able to run on this machine
 * @param {boolean} parts.isNative the target is this machine's kind: only then can the code be compiled in advance (10 ms of
 *   the start), and only then can be tried whether a stripped binary still works
 * @param {string} parts.outFile
 */
export function makeSingleFile({ bundle, node, builderNode, isNative, outFile }) {
  const work = mkdtempSync(join(dirname(outFile), '.executable-'));
  try {
    const program = join(work, 'program');
    copyFileSync(node, program);
    chmodSync(program, 0o755);
    if (isNative) {
      stripSymbols(program, join(work, 'stripped'));
    }
    inject(program, makeBlob({ bundle, builderNode, isNative, work }));
    chmodSync(program, 0o755);
    renameSync(program, outFile);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function makeBlob({ bundle, builderNode, isNative, work }) {
  const output = join(work, 'program.blob');
  const config = join(work, 'sea-config.json');
  writeFileSync(
    config,
    JSON.stringify({
      main: bundle,
      output,
      disableExperimentalSEAWarning: true,
      useCodeCache: isNative,
      execArgv: NODE_ARGUMENTS,
      execArgvExtension: 'none',
    })
  );
  execFileSync(builderNode, ['--experimental-sea-config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  return output;
}

/** In a process of its own: postject reports much on both outputs that concerns nobody unless it fails. */
function inject(program, blob) {
  execFileSync(
    process.execPath,
    [require.resolve('postject/dist/cli.js'), program, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE],
    { stdio: ['ignore', 'pipe', 'pipe'] }
  );
}

/** Takes a seventh off the size. Without a strip on the machine the symbols stay. */
function stripSymbols(program, stripped) {
  if (spawnSync('strip', ['--strip-all', '-o', stripped, program], { stdio: 'ignore' }).status === 0) {
    renameSync(stripped, program);
  }
}
