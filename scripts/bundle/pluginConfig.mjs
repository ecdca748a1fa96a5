import { readFileSync } from 'node:fs';
import { rspack } from '@rspack/core';
import { runbooksPage } from './runbooksPage.mjs';
import { fromRoot, resolveTypescript, typescriptRule, version } from './shared.mjs';

/**
 * What Grafana shares with its plugins. Not in the list, and therefore in our bundle: `@grafana/schema`, `i18n`,
 * `e2e-selectors`, `prometheus`, `plugin-ui`, `assistant`.
 */
export const sharedByGrafana = [
  'lodash',
  'moment',
  '@emotion/css',
  '@emotion/react',
  'prismjs',
  'react',
  'react/jsx-runtime',
  'react/jsx-dev-runtime',
  'react-dom',
  'redux',
  'react-redux',
  'react-router',
  'rxjs',
  'rxjs/operators',
  'i18next',
  'd3',
  'slate',
  'jquery',
  'react-inlinesvg',
];
export const sharedGrafanaPackage = /^@grafana\/(data|runtime|ui)(\/|$)/;

/**
 * One plugin as Grafana loads it: `module.js` is an anonymous AMD module, lazy chunks lie beside it.
 *
 * @param {{ id: string, folder: string, development: boolean }} plugin `folder` below src/
 */
export function pluginConfig({ id, folder, development }) {
  const context = fromRoot('src', folder);
  return {
    name: id,
    mode: development ? 'development' : 'production',
    devtool: 'source-map',
    target: ['web', 'es2022'],
    context,
    entry: { module: [fromRoot('scripts/bundle/publicPath.js'), './module.ts'] },
    externals: [{ 'amd-module': 'module' }, ...sharedByGrafana, sharedGrafanaPackage],
    module: { rules: [typescriptRule('es2022')] },
    resolve: {
      ...resolveTypescript,
      alias: { 'monaco-promql$': fromRoot('src/datasource/query/monacoPromqlStub.ts') },
    },
    output: {
      path: fromRoot('dist', id),
      filename: '[name].js',
      chunkFilename: '[name].[contenthash:8].js',
      library: { type: 'amd' },
      publicPath: `public/plugins/${id}/`,
      // Two plugins on one page would otherwise share the global array of loaded chunks.
      uniqueName: id,
      // The backend's executables are built by themselves.
      clean: { keep: /gpx_/ },
    },
    plugins: [
      new rspack.DefinePlugin({ PLUGIN_ID: JSON.stringify(id) }),
      new rspack.CopyRspackPlugin({ patterns: copied(context) }),
    ],
    performance: { hints: false },
  };
}

function copied(context) {
  return [
    { from: 'plugin.json', context, transform: stampManifest },
    { from: 'README.md', context },
    { from: 'img', to: 'img', context },
    { from: 'locales', to: 'locales', context, noErrorOnMissing: true },
    ...dashboardsOf(context),
    ...runbooksOf(context),
    { from: fromRoot('LICENSE'), to: '[name][ext]' },
    { from: fromRoot('CHANGELOG.md'), to: '[name][ext]' },
  ];
}

/** The dashboards a plugin includes are those we provision: one text for both ways. */
function dashboardsOf(context) {
  const { includes = [] } = JSON.parse(readFileSync(`${context}/plugin.json`, 'utf8'));
  return includes
    .filter(({ type }) => type === 'dashboard')
    .map(({ path }) => ({ from: fromRoot('provisioning', path), to: path }));
}

/** Alerts link to the page; Grafana serves it, so the links work without the internet. */
function runbooksOf(context) {
  const { alerting } = JSON.parse(readFileSync(`${context}/plugin.json`, 'utf8'));
  const page = {
    from: fromRoot('docs/runbooks.md'),
    to: 'runbooks.html',
    transform: (text) => runbooksPage(String(text)),
  };
  return alerting === true ? [page] : [];
}

/** SOURCE_DATE_EPOCH (seconds) makes the date, and so the whole build, repeatable. */
function stampManifest(content) {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const now = epoch ? new Date(Number(epoch) * 1000) : new Date();
  return content.toString().replaceAll('%VERSION%', version).replaceAll('%TODAY%', now.toISOString().slice(0, 10));
}
