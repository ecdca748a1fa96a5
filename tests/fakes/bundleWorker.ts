import { rspack } from '@rspack/core';
import path from 'node:path';

/**
 * Bundles the program of the parsers' worker threads, as the build does: a thread of a test cannot load TypeScript.
 *
 * @returns path of the program, in `folder`
 */
export async function bundleWorker(folder: string): Promise<string> {
  const compiler = rspack({
    mode: 'development',
    devtool: false,
    target: 'node24',
    entry: { answerWorker: path.resolve(__dirname, '../../pkg/source/workers/answerWorker.ts') },
    module: {
      rules: [{ test: /\.ts$/, loader: 'builtin:swc-loader', options: { jsc: { parser: { syntax: 'typescript' } } } }],
    },
    resolve: { extensions: ['.ts', '.js'] },
    output: { path: folder, filename: '[name].js' },
  });
  await new Promise<void>((resolve, reject) => {
    compiler.run((error, stats) => {
      const failed = error ?? (stats?.hasErrors() ? new Error(stats.toString('errors-only')) : undefined);
      compiler.close(() => (failed ? reject(failed) : resolve()));
    });
  });
  return path.join(folder, 'answerWorker.js');
}
