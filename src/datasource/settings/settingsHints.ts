import { type DataSourceSettings } from '@grafana/data';
import { type PromkeepOptions } from '../query/promkeepPromQuery';
import { say } from '../texts';

/** Grafana's own switches, which the library's type of the settings does not know. */
interface Switches {
  oauthPassThru?: unknown;
  sigV4Auth?: unknown;
}

type Settings = Pick<DataSourceSettings<PromkeepOptions>, 'url' | 'basicAuth'> & {
  jsonData: PromkeepOptions & Switches;
};

/** Parameters of the query itself; the backend does not let custom ones replace them. */
const RESERVED = ['query', 'start', 'end', 'step', 'time'];

/** What the page can tell of the connection's settings before *Save & test*; the backend says the rest. */
export function settingsHints({ url, basicAuth, jsonData }: Settings): string[] {
  const parameters = new URLSearchParams(jsonData.customQueryParameters ?? '');
  const reserved = RESERVED.filter((name) => parameters.has(name));
  return [
    ...(url !== '' && !/^https?:\/\/[^/\s]/i.test(url.trim()) ? [say('hints.urlScheme')] : []),
    ...reserved.map((name) => say('hints.reservedParameter', { name })),
    ...(basicAuth && jsonData.oauthPassThru === true ? [say('hints.basicAuthWins')] : []),
    ...(jsonData.sigV4Auth === true ? [say('hints.notSigned')] : []),
  ];
}
