// Whether dist/ is what the sources would give.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = [
  'src',
  'pkg',
  'examples',
  'scripts/bundle',
  'scripts/executable',
  'scripts/build.mjs',
  'scripts/buildExecutable.mjs',
  'package-lock.json',
];
const PROGRAM = 'dist/promkeep/promkeep.js';
const PARTS = [PROGRAM, 'dist/promkeep/exporter.js', 'dist/promkeep/page/index.html'];

const PLUGINS = ['dist/promkeep-prometheus-datasource/module.js', 'dist/promkeep-summary-panel/module.js'];

/** Why a build is needed, or `undefined`. The plugins count only for Grafana; their executable has a check of its own. */
export function whyBuild(root, { withGrafana }) {
  const parts = withGrafana ? [...PARTS, ...PLUGINS] : PARTS;
  const missing = parts.find((path) => !existsSync(join(root, path)));
  if (missing !== undefined) {
    return `${missing} is not there`;
  }
  const builtMs = statSync(join(root, PROGRAM)).mtimeMs;
  return SOURCES.some((path) => newestMs(join(root, path)) > builtMs) ? 'sources have changed' : undefined;
}

function newestMs(path) {
  if (!existsSync(path)) {
    return 0;
  }
  const found = statSync(path);
  if (!found.isDirectory()) {
    return /\.(test|spec)\.tsx?$/.test(path) ? 0 : found.mtimeMs;
  }
  return Math.max(0, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}
