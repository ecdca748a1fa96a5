// Runs a script with a Node that is new enough (`engines` in package.json): this one, or one fetched from npm.
//   node scripts/run.mjs [--packages] <script> [arguments]      --packages: with the npm packages installed
// Node 18 must be able to run this file and what it imports; the scripts themselves need not care.
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { installNpmPackages, packagesAreInstalled } from './npmPackages.mjs';
import { runProgram } from './runProgram.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const needed = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node.match(/\d+/)[0];

main(process.argv.slice(2)).catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

async function main(args) {
  if (Number(process.versions.node.split('.')[0]) < Number(needed)) {
    process.exitCode = await runWith(await fetchNewNode(), args);
    return;
  }
  const withPackages = args[0] === '--packages';
  const [script, ...rest] = args.slice(Number(withPackages));
  if (withPackages && !packagesAreInstalled(root)) {
    await installNpmPackages(root);
  }
  const file = resolve(root, script);
  process.argv = [process.argv[0], file, ...rest];
  await import(pathToFileURL(file).href);
}

async function fetchNewNode() {
  const { fetchNodeAndNpm, hostArch } = await import('./node/nodeBinary.mjs');
  const why = `Node ${needed} or newer is needed; this is ${process.versions.node}`;
  if (hostArch() === undefined) {
    throw new Error(
      `${why}, and there is none to fetch for ${process.platform}/${process.arch}: install one (nodejs.org).`
    );
  }
  try {
    return await fetchNodeAndNpm(root);
  } catch (error) {
    throw new Error(
      `${error.message}\n${why}, and no other could be fetched from npm (above): install one (nodejs.org).`
    );
  }
}

/** Once more, this time with `node`, and so that everything below finds it and its npm too, by whichever way it looks. */
function runWith({ node, npm }, args) {
  const env = {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
    NODE: node,
    npm_node_execpath: node,
    npm_execpath: npm,
  };
  endWithParent();
  return runProgram(node, [fileURLToPath(import.meta.url), ...args], { root: process.cwd(), env });
}

/** npm that is killed cannot pass it on; `npm start` sees that its parent is gone, which is now this process. */
function endWithParent() {
  const parent = process.ppid;
  const byNpm = process.env.npm_lifecycle_event !== undefined;
  setInterval(() => {
    if (byNpm && process.ppid !== parent) {
      process.exit(129);
    }
  }, 1_000).unref();
}
