import { rspack } from '@rspack/core';
import { fromRoot, resolveTypescript, typescriptRule } from './shared.mjs';

/** The stand-alone page: the panel's components without Grafana. Hashed files may be cached for ever, index.html may not. */
export function pageConfig({ development }) {
  return {
    name: 'page',
    mode: development ? 'development' : 'production',
    devtool: development ? 'source-map' : false,
    target: ['web', 'es2022'],
    context: fromRoot('src/dashboard'),
    entry: { main: './main.tsx' },
    experiments: { css: true },
    module: { rules: [typescriptRule('es2022'), { test: /\.css$/, type: 'css/auto' }] },
    resolve: {
      ...resolveTypescript,
      alias: {
        // 10 years of time zones around now instead of all since 1900: 0.7 MB less.
        'moment-timezone$': fromRoot(
          'node_modules/moment-timezone/builds/moment-timezone-with-data-10-year-range.min.js'
        ),
        'monaco-promql$': fromRoot('src/datasource/query/monacoPromqlStub.ts'),
      },
    },
    output: {
      path: fromRoot('dist/promkeep/page'),
      filename: 'assets/[name].[contenthash:10].js',
      cssFilename: 'assets/[name].[contenthash:10].css',
      assetModuleFilename: 'assets/[name].[contenthash:10][ext]',
      publicPath: '/dashboard/',
      uniqueName: 'promkeep-page',
      // The page's policy demands trusted types; without a policy of its own a lazy chunk could not be loaded.
      trustedTypes: true,
      clean: true,
    },
    plugins: [
      new rspack.HtmlRspackPlugin({
        template: './index.html',
        inject: 'head',
        scriptLoading: 'defer',
        minify: false,
      }),
      // moment's own languages are reached by a `require` with a variable: 0.3 MB nobody asks for.
      new rspack.IgnorePlugin({ resourceRegExp: /^\.\/locale$/, contextRegExp: /moment$/ }),
    ],
    performance: { hints: false },
  };
}
