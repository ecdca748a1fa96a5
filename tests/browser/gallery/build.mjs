// Builds the gallery of the panel's view, for tests only.
//   node tests/browser/gallery/build.mjs <output folder>
import path from 'node:path';
import { rspack } from '@rspack/core';
import { pageConfig } from '../../../scripts/bundle/pageConfig.mjs';

const config = pageConfig({ development: false });
const compiler = rspack({
  ...config,
  context: import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
  output: { ...config.output, path: path.resolve(process.argv[2]), publicPath: '/' },
});

compiler.run((error, stats) => {
  compiler.close(() => undefined);
  if (error || stats.hasErrors()) {
    console.error(error ?? stats.toString({ preset: 'errors-only', colors: false }));
    process.exitCode = 1;
  }
});
