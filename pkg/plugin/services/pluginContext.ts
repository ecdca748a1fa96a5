import { type Caller, type DatasourceSettings } from '../../core/ports/datasource';
import { PromkeepError } from '../../core/model/errors';
import { parseJson } from '../../core/model/parseJson';
import { grafanaHeaders } from './callerHeaders';
import { type WireDatasourceRequest, type WireDatasourceSettings, type WirePluginContext } from './wireMessages';

/** Who asks, and with which headers (`callerHeaders.ts` says which of them count). */
export function toCaller(context: WirePluginContext | null, headers: Pick<Caller, 'headers' | 'doubtful'>): Caller {
  const user = context?.user;
  return {
    orgId: context?.orgId ?? 0,
    ...(user && { user: { login: user.login, role: user.role } }),
    ...headers,
  };
}

/** Who asks in a call that is no resource call. */
export function grafanaCaller({ pluginContext, headers }: WireDatasourceRequest): Caller {
  return toCaller(pluginContext, grafanaHeaders(headers, pluginContext));
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
  const { uid, name, url, user, basicAuthEnabled, basicAuthUser, decryptedSecureJsonData } = context.settings;
  return {
    ...{ uid, name, orgId: context.orgId, url, user, basicAuthEnabled, basicAuthUser },
    jsonData: parseJsonData(context.settings),
    secrets: { ...decryptedSecureJsonData },
    grafanaConfig: { ...context.grafanaConfig },
  };
}

/** The one place where `jsonData` is parsed. Throws `SETTINGS_INVALID` when it is not a JSON object. */
export function parseJsonData(wire: WireDatasourceSettings): unknown {
  if (wire.jsonData.length === 0) {
    return {};
  }
  const parsed = parseJson(wire.jsonData.toString('utf8'));
  if (parsed === undefined) {
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
