import { type PromkeepOptions } from '../query/promkeepPromQuery';
import { settingsHints } from './settingsHints';

function hints(part: { url?: string; basicAuth?: boolean }, jsonData: PromkeepOptions & Record<string, unknown> = {}) {
  return settingsHints({ url: 'http://prom:9090', basicAuth: false, ...part, jsonData });
}

describe('hints on the settings page', () => {
  it('are none where all is well, or nothing is entered yet', () => {
    expect(hints({}, { customQueryParameters: 'tenant=a', oauthPassThru: true })).toEqual([]);
    expect(hints({ url: '' })).toEqual([]);
    expect(hints({ url: ' HTTPS://prom/x ' })).toEqual([]);
  });

  it.each(['prom:9090', 'localhost', 'ftp://prom', 'http://', 'http:/prom'])('name the scheme %s lacks', (url) => {
    expect(hints({ url })).toEqual([expect.stringContaining('http://')]);
  });

  it('name custom parameters that would replace the query', () => {
    expect(hints({}, { customQueryParameters: 'query=up&a=b&step=1' })).toEqual([
      expect.stringContaining('“query”'),
      expect.stringContaining('“step”'),
    ]);
  });

  it('say that basic auth beats OAuth, and that requests are not signed', () => {
    expect(hints({ basicAuth: true }, { oauthPassThru: true })).toHaveLength(1);
    expect(hints({}, { sigV4Auth: true })).toHaveLength(1);
  });
});
