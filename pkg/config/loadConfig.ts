import * as v from 'valibot';
import { parseDocument } from 'yaml';
import { type Config, type ConfigInput } from './config';
import { expandVariables, overlayEnvironment } from './environment';
import { Faults } from './faults';
import { resolveConfig } from './resolveConfig';
import { FILE_SCHEMA } from './schema';

/**
 * Reads the configuration: file, then environment over it, then defaults. Throws one `CONFIG_INVALID` that lists every fault with
 * its path and what is allowed there; no message repeats a value, which may be a secret.
 */
export function loadConfig(input: ConfigInput): Config {
  const name = input.file?.name;
  const overlaid = overlayEnvironment(parseYaml(input.file), input.environment);
  const faults = new Faults(overlaid.origin);
  const parsed = v.safeParse(FILE_SCHEMA, expandVariables(overlaid.tree, input.environment, faults));
  if (!parsed.success) {
    faults.addIssues(parsed.issues, FILE_SCHEMA);
    faults.throwIfAny(name);
    throw new v.ValiError(parsed.issues);
  }
  const config = resolveConfig(parsed.output, input, faults);
  faults.throwIfAny(name);
  return config;
}

function parseYaml(file: ConfigInput['file']): unknown {
  if (!file) {
    return {};
  }
  const document = parseDocument(file.text, { prettyErrors: false });
  const faults = new Faults(new Map());
  for (const error of document.errors) {
    const line = file.text.slice(0, error.pos[0]).split('\n').length;
    faults.add(`line ${line}`, `this is not YAML: ${error.message}`);
  }
  faults.throwIfAny(file.name);
  return document.toJS() ?? {};
}
