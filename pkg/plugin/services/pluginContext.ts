import { type Caller, type DatasourceSettings } from '../../core/ports/datasource';
import { PromkeepError } from '../../core/model/errors';
import { type WireDatasourceSettings, type WirePluginContext } from './wireMessages';

/** Who asks, and with which headers (`callerHeaders.ts` says which of them count). */
export function toCaller(context: WirePluginContext | null, headers: Pick<Caller, 'headers' | 'doubtful'>): Caller {
  const user = context?.user;
  return {
    orgId: context?.orgId ?? 0,
    ...(user && { user: { login: user.login, role: user.role } }),
    ...headers,
  };
}

/** A context that names a datasource. */
export interface DatasourceContext {
  orgId: number;
  settings: WireDatasourceSettings;
  grafanaConfig: Readonly<Record<string, string>>;
}

/** Throws `SETTINGS_INVALID` when the request names no datasource. */
export function requireDatasource(context: WirePluginContext | null): DatasourceContext {
  const settings = context?.dataSourceInstanceSettings;
  if (!context || !settings) {
    throw new PromkeepError('SETTINGS_INVALID', 'The request names no datasource');
  }
  return { orgId: context.orgId, settings, grafanaConfig: context.grafanaConfig };
}

/** Throws `SETTINGS_INVALID` when `jsonData` is not a JSON object. */
export function toDatasourceSettings(context: DatasourceContext): DatasourceSettings {
  const wire = context.settings;
  return {
    uid: wire.uid,
    name: wire.name,
    orgId: context.orgId,
    url: wire.url,
    user: wire.user,
    basicAuthEnabled: wire.basicAuthEnabled,
    basicAuthUser: wire.basicAuthUser,
    jsonData: parseJsonData(wire),
    secrets: { ...wire.decryptedSecureJsonData },
    grafanaConfig: { ...context.grafanaConfig },
  };
}

/** The one place where `jsonData` is parsed. Throws `SETTINGS_INVALID` when it is not a JSON object. */
export function parseJsonData(wire: WireDatasourceSettings): unknown {
  if (wire.jsonData.length === 0) {
    return {};
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(wire.jsonData.toString('utf8'));
  } catch {
    // the parser's own message quotes the text, which may hold what should not be logged
    throw new PromkeepError('SETTINGS_INVALID', `The settings of datasource "${wire.name}" are not valid JSON`);
  }
  if (parsed === null) {
    return {};
  }
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new PromkeepError('SETTINGS_INVALID', `The settings of datasource "${wire.name}" are not a JSON object`);
  }
  return parsed;
}
