import { isRecord } from '../../src/contract/lenient';
import { type Faults } from './faults';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that override the file. An empty variable counts as unset, as in `${NAME:-}` of a compose file. */
export const ENVIRONMENT: ReadonlyArray<{ name: string; path: readonly string[]; parse?: (text: string) => unknown }> =
  [
    { name: 'PROMETHEUS_URL', path: ['prometheus', 'url'] },
    { name: 'PROMETHEUS_USER', path: ['prometheus', 'basic_auth', 'user'] },
    { name: 'PROMETHEUS_PASSWORD', path: ['prometheus', 'basic_auth', 'password'] },
    { name: 'PROMETHEUS_BEARER_TOKEN_FILE', path: ['prometheus', 'bearer_token_file'] },
    { name: 'PROMKEEP_DATABASE_URL', path: ['archive', 'url'] },
    { name: 'PROMKEEP_HOST', path: ['server', 'host'] },
    { name: 'PROMKEEP_PORT', path: ['server', 'port'], parse: (text) => (/^\d+$/.test(text) ? Number(text) : text) },
    { name: 'PROMKEEP_ENGINE_URL', path: ['server', 'engine'] },
    { name: 'PROMKEEP_TOKEN', path: ['server', 'token'] },
    { name: 'PROMKEEP_USER', path: ['server', 'basic_auth', 'user'] },
    { name: 'PROMKEEP_PASSWORD', path: ['server', 'basic_auth', 'password'] },
    {
      name: 'PROMKEEP_ALLOWED_HOSTS',
      path: ['server', 'allowed_hosts'],
      parse: (text) => text.split(',').map((host) => host.trim()),
    },
  ];

/** The file's tree with the environment laid over it, and which path came from which variable. */
export function overlayEnvironment(
  tree: unknown,
  environment: Environment
): { tree: unknown; origin: ReadonlyMap<string, string> } {
  const origin = new Map<string, string>();
  let result = tree;
  for (const { name, path, parse } of ENVIRONMENT) {
    const text = environment[name];
    if (text !== undefined && text !== '') {
      result = withValue(result, path, parse ? parse(text) : text);
      origin.set(path.join('.'), name);
    }
  }
  return { tree: result, origin };
}

/** Keys whose `${NAME}` is replaced by the environment: secrets, and what often differs between machines. */
const EXPANDED = /^(url|engine|user|password|token|bearer_token|schema|\w+_file)$/;

/** Replaces `${NAME}` in those keys and in header values. PromQL is left alone. */
export function expandVariables(tree: unknown, environment: Environment, faults: Faults, path: string[] = []): unknown {
  if (isRecord(tree)) {
    return Object.fromEntries(
      Object.entries(tree).map(([key, value]) => [key, expandVariables(value, environment, faults, [...path, key])])
    );
  }
  const expands = EXPANDED.test(path[path.length - 1] ?? '') || path[path.length - 2] === 'headers';
  if (typeof tree !== 'string' || !expands) {
    return tree;
  }
  return tree.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined) {
      faults.add(path.join('.'), `the environment variable ${name} is not set`);
      return '?';
    }
    return value;
  });
}

function withValue(tree: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) {
    return value;
  }
  const known = tree == null ? {} : tree;
  // A file with a list or text where a group belongs stays as it is: the schema names that fault.
  return isRecord(known) ? { ...known, [key]: withValue(known[key], rest, value) } : known;
}
