import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(fileURLToPath(import.meta.url), '../../..');
export const fromRoot = (...parts) => join(root, ...parts);
const { version, engines } = JSON.parse(readFileSync(fromRoot('package.json'), 'utf8'));
export { version };
/** The oldest major version of Node that the programs run on. */
export const neededNode = Number(engines.node.match(/\d+/)[0]);

/** TypeScript by rspack's own swc; the automatic JSX runtime is shared with Grafana (>= 12.3) through `react/jsx-runtime`. */
export function typescriptRule(target) {
  return {
    test: /\.tsx?$/,
    exclude: /node_modules/,
    loader: 'builtin:swc-loader',
    type: 'javascript/auto',
    options: {
      jsc: {
        target,
        parser: { syntax: 'typescript', tsx: true },
        transform: { react: { runtime: 'automatic' } },
      },
    },
  };
}

export const resolveTypescript = { extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'] };
