import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { fromRoot } from './shared.mjs';
import { sharedByGrafana, sharedGrafanaPackage } from './pluginConfig.mjs';

/** Packages that must not be in any of a plugin's files, each with the reason. */
const UNWANTED = [
  [/\/node_modules\/monaco-(editor|promql)\//, 'a second Monaco: Grafana brings its own'],
  [/\/node_modules\/@(codemirror|prometheus-io\/codemirror-promql)\//, 'comes with monaco-promql and is never used'],
  [/\/node_modules\/moment-timezone\//, '0.7 MB of time zones Grafana has'],
  [/^webpack:\/\/[^/]+\/\.\.\/\.\.\/pkg\//, 'src/ never imports pkg/'],
];
/** Two copies of these break translations: one is set up, the other is asked. */
const SINGLE = ['@grafana/i18n', 'react-i18next'];

/**
 * What React 19 no longer has, as it stands in minified code. Grafana 13.2 runs plugins on React 19. `defaultProps` on
 * functions and string refs cannot be told from other uses of the words and are not searched.
 */
const GONE_IN_REACT_19 = [
  ...['findDOMNode', 'unmountComponentAtNode', 'unstable_renderSubtreeIntoContainer', 'createFactory'],
  ...['__SECRET_INTERNALS_DO_NOT_USE_OR_YOU_WILL_BE_FIRED', 'getChildContext', 'childContextTypes'],
  ...['react-dom/test-utils', 'react-test-renderer/shallow'],
];

/**
 * What a plugin in dist/ must fulfil to load in Grafana.
 *
 * @param {{ id: string, unwanted?: Array<[RegExp, string]> }} plugin
 * @returns {string[]} faults; empty when all is well
 */
export function checkPlugin({ id, unwanted = [] }) {
  const folder = fromRoot('dist', id);
  const files = readdirSync(folder, { recursive: true }).map(String);
  const sources = files.filter((file) => file.endsWith('.js.map')).flatMap((file) => readSources(join(folder, file)));
  const faults = checkDefine(readFileSync(join(folder, 'module.js'), 'utf8'));
  for (const [pattern, reason] of [...UNWANTED, ...unwanted]) {
    const found = sources.find((source) => pattern.test(source));
    if (found) {
      faults.push(`contains ${found} (${reason})`);
    }
  }
  for (const name of SINGLE) {
    const copies = new Set(sources.flatMap((source) => source.match(`^.*/node_modules/${name}/`) ?? []));
    if (copies.size > 1) {
      faults.push(`contains ${copies.size} copies of ${name}: ${[...copies].join(', ')}`);
    }
  }
  for (const file of files.filter((name) => name.endsWith('.js'))) {
    const code = readFileSync(join(folder, file), 'utf8');
    const gone = GONE_IN_REACT_19.filter((name) => new RegExp(`[.'"\`{,]${name}\\b`).test(code));
    faults.push(...gone.map((name) => `${file} uses ${name}, which React 19 does not have`));
  }
  const manifest = readFileSync(join(folder, 'plugin.json'), 'utf8');
  if (JSON.parse(manifest).id !== id || manifest.includes('%')) {
    faults.push('plugin.json has another id or an unreplaced placeholder');
  }
  return faults.map((fault) => `${id}: ${fault}`);
}

/** `module.js` must be exactly one `define([dependencies], factory)` whose dependencies Grafana can give. */
function checkDefine(code) {
  const calls = [];
  runInNewContext(code, { define: (...parameters) => calls.push(parameters) });
  const [first] = calls;
  if (calls.length !== 1 || first.length !== 2 || !Array.isArray(first[0]) || typeof first[1] !== 'function') {
    return ['module.js is not one define([...], factory)'];
  }
  return Array.from(first[0])
    .filter((name) => name !== 'module' && !sharedByGrafana.includes(name) && !sharedGrafanaPackage.test(name))
    .map((name) => `module.js asks Grafana for "${name}", which it does not share`);
}

function readSources(path) {
  return JSON.parse(readFileSync(path, 'utf8')).sources;
}
