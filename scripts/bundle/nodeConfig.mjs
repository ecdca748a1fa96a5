import { rspack } from '@rspack/core';
import { fromRoot, neededNode, resolveTypescript, typescriptRule } from './shared.mjs';

/** Before anything else, since what an older Node lacks may be missing anywhere. */
const BANNER = `#!/usr/bin/env node
if (parseInt(process.versions.node) < ${neededNode}) {
  console.error('Promkeep needs Node ${neededNode} or newer; this is ' + process.versions.node + '. In the checkout, npm run promkeep brings its own.');
  process.exit(1);
}`;

/** Programs for Node, each one CommonJS file with everything in it, started by its own first line. */
export function nodeConfig({ entries, development }) {
  return {
    name: 'node',
    mode: development ? 'development' : 'production',
    devtool: 'source-map',
    target: `node${neededNode}`,
    context: fromRoot(),
    entry: entries,
    module: { rules: [typescriptRule('es2022'), { test: /\.sql$/, type: 'asset/source' }] },
    resolve: resolveTypescript,
    // Optional native driver, reached only through `pg.native`.
    externals: { 'pg-native': 'commonjs pg-native' },
    node: { __dirname: false, __filename: false },
    output: { path: fromRoot('dist/promkeep'), filename: '[name].js', chunkFilename: '[name].chunk.js' },
    optimization: {
      minimizer: [
        // Names of classes and functions are read at run time (errors, stack traces, Fastify's plugin names).
        new rspack.SwcJsMinimizerRspackPlugin({
          extractComments: false,
          minimizerOptions: { compress: true, mangle: { keep_classnames: true, keep_fnames: true } },
        }),
      ],
    },
    plugins: [
      new rspack.NormalModuleReplacementPlugin(/\/readSql$/, fromRoot('scripts/bundle/readSql.js')),
      new rspack.optimize.LimitChunkCountPlugin({ maxChunks: 1 }),
      new rspack.BannerPlugin({ banner: BANNER, raw: true, entryOnly: true }),
    ],
    performance: { hints: false },
  };
}
