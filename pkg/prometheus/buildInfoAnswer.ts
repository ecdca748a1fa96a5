import { type BuildInfo } from '../core/ports';
import { parseJson } from './answerFailure';
import { isRecord } from './settingsReader';

/** Build info of a server; Mimir is told from Prometheus by listing features. `undefined` if the body is not understood. */
export function parseBuildInfo(body: Buffer): BuildInfo | undefined {
  const json = parseJson(body);
  const data = isRecord(json) && json.status === 'success' ? json.data : undefined;
  if (!isRecord(data)) {
    return undefined;
  }
  const features = Object.entries(isRecord(data.features) ? data.features : {});
  if (!features.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
    return undefined;
  }
  return {
    version: typeof data.version === 'string' ? data.version : '',
    application: features.length > 0 ? 'Mimir' : 'Prometheus',
    features: Object.fromEntries(features),
  };
}
