import fs from 'node:fs';
import { proxiesFrom } from '../compose/openParts';
import { type Config } from '../config/config';
import { loadConfig } from '../config/loadConfig';
import { PromkeepError } from '../core/model/errors';
import { type Logger } from '../core/ports/logger';
import { DEFAULT_DEFINITIONS } from '../core/manage/defaultDefinitions';
import { SUMMARY_DEFAULTS } from '../core/summary/summaryDefaults';
import { type ProxySettings } from '../source/settings/prometheusSettings';
import { type CommandHost } from './commandHost';

/** Reads the file named by `--config` or `PROMKEEP_CONFIG`, and the environment. Throws `CONFIG_INVALID`. */
export function readConfig(
  host: CommandHost,
  configPath: string | undefined,
  overrides: Readonly<Record<string, string | undefined>> = {}
): Config {
  const name = configPath ?? (host.environment.PROMKEEP_CONFIG || undefined);
  return loadConfig({
    ...(name === undefined ? {} : { file: { name, text: readConfigFile(name) } }),
    environment: { ...host.environment, ...withoutUndefined(overrides) },
    readFile: (path) => fs.readFileSync(path, 'utf8'),
    defaults: { recordedQueries: DEFAULT_DEFINITIONS, summaryMetrics: SUMMARY_DEFAULTS },
  });
}

export function proxiesOf(host: CommandHost): ProxySettings {
  return proxiesFrom(host.environment);
}

/** For commands that end at once: only what goes wrong is told. */
export function quietLogger(host: CommandHost): Logger {
  const say = (message: string): void => host.writeError(`${message}\n`);
  return { debug() {}, info() {}, warn: say, error: say };
}

function readConfigFile(name: string): string {
  try {
    return fs.readFileSync(name, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new PromkeepError('CONFIG_INVALID', `The configuration ${name} cannot be read${code}.`, { cause });
  }
}

function withoutUndefined(record: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
