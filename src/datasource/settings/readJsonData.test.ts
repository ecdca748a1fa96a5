import { type PromkeepOptions } from '../query/promkeepPromQuery';
import { readJsonData } from './readJsonData';

/** What Grafana hands on from a provisioning file, whatever its types. */
function stored(text: string): PromkeepOptions {
  return JSON.parse(text);
}

describe('reading stored settings', () => {
  it('leaves right ones untouched, unknown ones too', () => {
    const right = stored(
      '{"httpMethod":"POST","timeInterval":"5s","seriesLimit":0,"incrementalQuerying":true,"keepCookies":["a"],' +
        '"exemplarTraceIdDestinations":[{"datasourceUid":"t","name":"trace_id"}],"somethingElse":{"deep":[1]}}'
    );
    expect(readJsonData(right)).toEqual({ jsonData: right, warnings: [] });
    expect(readJsonData(right).jsonData).toBe(right);
  });

  // [Q7.3]
  it('reads numbers as texts, texts as numbers and flags', () => {
    const { jsonData, warnings } = readJsonData(
      stored(
        '{"timeInterval":5,"prometheusVersion":2.5,"seriesLimit":"500","incrementalQuerying":"true","archiveHost":5}'
      )
    );
    expect(jsonData).toEqual({
      timeInterval: '5',
      prometheusVersion: '2.5',
      seriesLimit: 500,
      incrementalQuerying: true,
      archiveHost: '5',
    });
    expect(warnings).toContain('seriesLimit is read as 500');
    expect(warnings).toHaveLength(5);
  });

  it('leaves out what has no meaning, and says so', () => {
    const { jsonData, warnings } = readJsonData(
      stored('{"timeInterval":{"a":1},"seriesLimit":"many","cacheLevel":"Enormous","httpMethod":"PUT","keepCookies":5}')
    );
    expect(Object.values(jsonData).every((value) => value === undefined)).toBe(true);
    expect(warnings).toContain('httpMethod is ignored');
    expect(warnings).toHaveLength(5);
  });

  it('takes choices in any case and null for unset', () => {
    const { jsonData, warnings } = readJsonData(stored('{"httpMethod":"get","cacheLevel":"high","timeInterval":null}'));
    expect(jsonData).toEqual({ httpMethod: 'GET', cacheLevel: 'High', timeInterval: undefined });
    expect(warnings).toHaveLength(2);
  });

  it('makes a list of links to traces of what resembles one', () => {
    const links = (text: string) =>
      readJsonData(stored(`{"exemplarTraceIdDestinations":${text}}`)).jsonData.exemplarTraceIdDestinations;
    expect(links('{"name":"trace_id","url":"http://x"}')).toEqual([{ name: 'trace_id', url: 'http://x' }]);
    expect(links('[5,"x",null,{"name":5,"datasourceUid":{}},{"url":7}]')).toEqual([
      { name: '5' },
      { name: '', url: '7' },
    ]);
    expect(links('"trace_id"')).toBeUndefined();
  });

  it('takes anything but an object for no settings', () => {
    expect(readJsonData(stored('null')).jsonData).toEqual({});
    expect(readJsonData(stored('[1]')).jsonData).toEqual({});
  });

  it('reads the names of custom headers as texts', () => {
    expect(readJsonData(stored('{"httpHeaderName1":5}')).jsonData).toEqual({ httpHeaderName1: '5' });
  });
});
