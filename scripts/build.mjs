// Builds everything below dist/: both Grafana plugins, the backend's executable, the stand-alone program and its page.
//   npm run build [-- --arch amd64|arm64] [--no-executable] [--development] [--watch]
import { chmodSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { rspack } from '@rspack/core';
import { checkPlugin } from './bundle/checkPlugin.mjs';
import { nodeConfig } from './bundle/nodeConfig.mjs';
import { pageConfig } from './bundle/pageConfig.mjs';
import { pluginConfig } from './bundle/pluginConfig.mjs';
import { precompress } from './bundle/precompress.mjs';
import { printSizes } from './bundle/printSizes.mjs';
import { exists, fromRoot } from './bundle/shared.mjs';

/** While rooms of the repository are still empty, their part of the build is left out with a message instead of failing. */
const MISSING_IS_FATAL = false;

const DATASOURCE = 'promkeep-prometheus-datasource';
const PANEL = 'promkeep-summary-panel';

const { values: options } = parseArgs({
  options: {
    arch: { type: 'string', default: process.arch === 'arm64' ? 'arm64' : 'amd64' },
    development: { type: 'boolean', default: false },
    'no-executable': { type: 'boolean', default: false },
    watch: { type: 'boolean', default: false },
  },
});

const missing = [];
const present = (path) => exists(path) || !missing.push(path);

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

async function main() {
  const parts = findParts();
  if (missing.length > 0 && MISSING_IS_FATAL) {
    throw new Error(`These entries are missing: ${missing.join(', ')}`);
  }
  if (options.watch) {
    watch(parts);
    return;
  }
  rmSync(fromRoot('dist/promkeep'), { recursive: true, force: true });
  const started = Date.now();
  report(await compile(parts.configs));
  finish(parts);
  if (!options['no-executable']) {
    await buildExecutable();
  }
  parts.folders.forEach(printSizes);
  console.log(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
  missing.forEach((path) => console.warn(`LEFT OUT: ${path} does not exist yet.`));
}

/** The parts whose entry exists; the paths of the others are put on the list of what is missing. */
function findParts() {
  const { development } = options;
  const plugins = [
    { id: DATASOURCE, folder: 'datasource' },
    {
      id: PANEL,
      folder: 'panel',
      unwanted: [[/\/@grafana\/prometheus\//, 'the panel contains no AGPL code of others']],
    },
  ].filter(({ folder }) => present(`src/${folder}/module.ts`) && present(`src/${folder}/plugin.json`));
  const page = present('src/dashboard/main.tsx') && present('src/dashboard/index.html');
  const programs = Object.entries({ promkeep: 'pkg/main.ts', exporter: 'examples/customExporter/main.ts' })
    .filter(([, path]) => present(path))
    .map(([name, path]) => [name, `./${path}`]);
  const configs = plugins.map((plugin) => pluginConfig({ ...plugin, development }));
  if (page) {
    configs.push(pageConfig({ development }));
  }
  if (programs.length > 0) {
    configs.push(nodeConfig({ entries: Object.fromEntries(programs), development }));
  }
  const folders = [...plugins.map(({ id }) => id), ...(page || programs.length > 0 ? ['promkeep'] : [])];
  return { plugins, page, programs, configs, folders };
}

function compile(configs) {
  const compiler = rspack(configs);
  return new Promise((resolve, reject) => {
    compiler.run((error, stats) => {
      compiler.close((closeError) => (error || closeError ? reject(error ?? closeError) : resolve(stats)));
    });
  });
}

/** Warnings are printed; errors end the build. */
function report(stats) {
  if (stats.hasErrors()) {
    throw new Error(stats.toString({ preset: 'errors-only', colors: false }));
  }
  if (stats.hasWarnings()) {
    console.warn(stats.toString({ preset: 'errors-warnings', colors: false }));
  }
}

function finish({ plugins, page, programs }) {
  programs.forEach(([name]) => chmodSync(fromRoot('dist/promkeep', `${name}.js`), 0o755));
  if (page && !options.development) {
    precompress(fromRoot('dist/promkeep/page'));
  }
  const faults = plugins.flatMap(checkPlugin);
  if (faults.length > 0) {
    throw new Error(faults.join('\n'));
  }
}

async function buildExecutable() {
  if (!present('scripts/buildExecutable.mjs')) {
    return;
  }
  const { buildExecutable: build } = await import('./buildExecutable.mjs');
  await build({ arch: options.arch });
}

/** Rebuilds what changes until Ctrl-C. Page files stay uncompressed and the executable as it was. */
function watch(parts) {
  rspack(parts.configs).watch({ aggregateTimeout: 200 }, (error, stats) => {
    if (error) {
      console.error(error.message);
      return;
    }
    console.log(stats.toString({ preset: 'errors-warnings', timings: true, colors: process.stdout.isTTY }));
    if (!stats.hasErrors()) {
      try {
        finish(parts);
      } catch (fault) {
        console.error(fault.message);
      }
    }
  });
}
