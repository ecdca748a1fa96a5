// Makes the plugin's executable: Node and the bundled program in one file, as Grafana's plugin folder needs it.
//   node scripts/buildExecutable.mjs [--arch amd64|arm64]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildStamp } from './executable/buildStamp.mjs';
import { fetchNode, NODE_VERSION, nodeIntegrity } from './node/nodeBinary.mjs';
import { makeSingleFile, NODE_ARGUMENTS } from './executable/singleFile.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const cacheDir = join(root, '.cache', 'executable');
const hostArch = process.arch === 'arm64' ? 'arm64' : 'amd64';

/**
 * Builds the executable for Linux, unless the one that is there was made from the same parts.
 *
 * @param {object} options
 * @param {'amd64' | 'arm64'} [options.arch] this machine's unless given
 * @param {string} [options.bundle] the program as one CommonJS file
 * @param {string} [options.outFile]
 * @returns {Promise<string>} path of the executable
 */
export async function buildExecutable({
  arch = hostArch,
  bundle = join(root, 'dist/promkeep/promkeep.js'),
  outFile = join(root, 'dist/promkeep-prometheus-datasource', `gpx_promkeep_linux_${arch}`),
} = {}) {
  if (!['amd64', 'arm64'].includes(arch)) {
    throw new Error(`There is no executable for "${arch}": amd64 and arm64 are possible`);
  }
  if (!existsSync(bundle)) {
    throw new Error(`${bundle} does not exist: npm run build makes it first`);
  }
  const isNative = process.platform === 'linux' && arch === hostArch;
  const inputs = [readFileSync(bundle), nodeIntegrity(arch), NODE_ARGUMENTS.join(' '), String(isNative), ownSource()];
  const stamp = buildStamp(outFile, cacheDir, inputs);
  if (stamp.isFresh()) {
    return outFile;
  }
  mkdirSync(dirname(outFile), { recursive: true });
  const node = await fetchNode(arch, root);
  makeSingleFile({ bundle, node, builderNode: await findBuilder(), isNative, outFile });
  if (isNative) {
    checkStarts(outFile);
  }
  stamp.write();
  return outFile;
}

/** A Node that runs here and has the version that goes into the executable: their blobs are only good for one version. */
async function findBuilder() {
  if (process.platform === 'linux') {
    return fetchNode(hostArch, root);
  }
  if (process.version === `v${NODE_VERSION}`) {
    return process.execPath;
  }
  throw new Error(
    `Building the executable on ${process.platform} needs Node ${NODE_VERSION} (this is ${process.version}); ` +
      'npm run build -- --no-executable leaves it out'
  );
}

/** Injecting and stripping rewrite a 120 MB binary; better to find out here than in Grafana. */
function checkStarts(outFile) {
  const { status, stderr, error } = spawnSync(outFile, ['--help'], { encoding: 'utf8', timeout: 30_000 });
  if (status !== 0) {
    throw new Error(`${outFile} does not start: ${error?.message ?? stderr}`);
  }
}

function ownSource() {
  return readFileSync(join(root, 'scripts/executable/singleFile.mjs'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { arch: { type: 'string', default: hostArch } } });
  console.log(await buildExecutable(values));
}
