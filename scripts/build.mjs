// Builds everything below dist/: both Grafana plugins, the backend's executable, the stand-alone program and its page.
//   npm run build [-- --arch amd64|arm64] [--no-executable] [--development] [--watch]
import { chmodSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { rspack } from '@rspack/core';
import { buildExecutable } from './buildExecutable.mjs';
import { checkPlugin } from './bundle/checkPlugin.mjs';
import { nodeConfig } from './bundle/nodeConfig.mjs';
import { pageConfig } from './bundle/pageConfig.mjs';
import { pluginConfig } from './bundle/pluginConfig.mjs';
import { precompress } from './bundle/precompress.mjs';
import { printSizes } from './bundle/printSizes.mjs';
import { fromRoot } from './bundle/shared.mjs';

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

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

async function main() {
  const parts = describeParts();
  if (options.watch) {
    watch(parts);
    return;
  }
  rmSync(fromRoot('dist/promkeep'), { recursive: true, force: true });
  const started = Date.now();
  report(await compile(parts.configs));
  finish(parts);
  if (!options['no-executable']) {
    await buildExecutable({ arch: options.arch });
  }
  parts.folders.forEach(printSizes);
  console.log(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
}

function describeParts() {
  const { development } = options;
  const plugins = [
    { id: DATASOURCE, folder: 'datasource' },
    {
      id: PANEL,
      folder: 'panel',
      unwanted: [[/\/@grafana\/prometheus\//, 'the panel contains no AGPL code of others']],
    },
  ];
  const programs = { promkeep: './pkg/main.ts', exporter: './examples/customExporter/main.ts' };
  const configs = [
    ...plugins.map((plugin) => pluginConfig({ ...plugin, development })),
    pageConfig({ development }),
    nodeConfig({ entries: programs, development }),
  ];
  return { plugins, programs, configs, folders: [DATASOURCE, PANEL, 'promkeep'] };
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

function finish({ plugins, programs }) {
  Object.keys(programs).forEach((name) => chmodSync(fromRoot('dist/promkeep', `${name}.js`), 0o755));
  if (!options.development) {
    precompress(fromRoot('dist/promkeep/page'));
  }
  const faults = plugins.flatMap(checkPlugin);
  if (faults.length > 0) {
    throw new Error(faults.join('\n'));
  }
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
