import { rspack } from '@rspack/core';
import { fromRoot, resolveTypescript, typescriptRule } from './shared.mjs';

/** Programs for Node >= 20, each one CommonJS file with everything in it, started by its own first line (worker threads: not). */
export function nodeConfig({ entries, development }) {
  return {
    name: 'node',
    mode: development ? 'development' : 'production',
    devtool: 'source-map',
    target: 'node20',
    context: fromRoot(),
    entry: entries,
    module: { rules: [typescriptRule('es2022'), { test: /\.(sql|proto)$/, type: 'asset/source' }] },
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
      new rspack.optimize.LimitChunkCountPlugin({ maxChunks: 1 }),
      new rspack.BannerPlugin({ banner: '#!/usr/bin/env node', raw: true, entryOnly: true, exclude: /Worker/ }),
    ],
    performance: { hints: false },
  };
}
