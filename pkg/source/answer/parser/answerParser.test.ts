import { AnswerParser, type Envelope } from './answerParser';
import { refusalOf, toQueryResult } from './queryAnswer';

function parse(body: string, chunkBytes = Infinity): Envelope {
  const parser = new AnswerParser();
  const bytes = Buffer.from(body);
  for (let i = 0; i < bytes.length; i += Math.min(chunkBytes, bytes.length)) {
    parser.feed(bytes.subarray(i, Math.min(bytes.length, i + chunkBytes)));
  }
  return parser.finish();
}

/** Each body is read whole and byte by byte: the first takes the fast path, the second the careful one. */
function bothWays(body: string): Envelope {
  const whole = parse(body);
  expect(parse(body, 1)).toEqual(whole);
  return whole;
}

const success = (data: string, rest = ''): string => `{"status":"success","data":${data}${rest}}`;
const matrix = (series: string): string => success(`{"resultType":"matrix","result":[${series}]}`);

describe('shapes', () => {
  // [Q3.2]
  it('reads a matrix', () => {
    const result = toQueryResult(
      bothWays(matrix('{"metric":{"__name__":"up","job":"a"},"values":[[1,"1"],[1.5,"-0"],[2.0015,"NaN"],[3,"+Inf"]]}'))
    );
    expect(result.resultType).toBe('matrix');
    expect(result.series).toEqual([
      {
        labels: { __name__: 'up', job: 'a' },
        timesMs: Float64Array.of(1000, 1500, 2001, 3000),
        values: Float64Array.of(1, -0, NaN, Infinity),
      },
    ]);
  });

  it('lets series on one grid share their times, and no others', () => {
    const one = (samples: string): string => `{"metric":{},"values":[${samples}]}`;
    const bodies = ['[1,"1"],[2,"2"]', '[1,"3"],[2,"4"]', '[1,"5"]', '[1,"6"],[3,"7"]', '[1,"8"],[3,"9"]'];
    const { series } = toQueryResult(bothWays(matrix(bodies.map(one).join(','))));
    const [first, second, shorter, other, otherAgain] = series.map(({ timesMs }) => timesMs);
    expect(second).toBe(first);
    expect(otherAgain).toBe(other);
    expect([first, shorter, other]).toEqual([[1000, 2000], [1000], [1000, 3000]].map((ms) => Float64Array.from(ms)));
    expect(series.map(({ values }) => [...values])).toEqual([[1, 2], [3, 4], [5], [6, 7], [8, 9]]);
  });

  it('reads a vector with the key order reversed and resultType last', () => {
    const { series, resultType } = toQueryResult(
      bothWays('{"data":{"result":[{"value":[7.25,"5"],"metric":{}},{"value":[8,"6"]}],"resultType":"vector"}}')
    );
    expect(resultType).toBe('vector');
    expect(series[0]).toEqual({ labels: {}, timesMs: Float64Array.of(7250), values: Float64Array.of(5) });
    expect(series[1].labels).toBeUndefined();
  });

  it('reads a scalar as a series without labels', () => {
    const { series } = toQueryResult(bothWays(success('{"result":[1.5,"2.5"],"resultType":"scalar"}')));
    expect(series).toEqual([{ labels: undefined, timesMs: Float64Array.of(1500), values: Float64Array.of(2.5) }]);
  });

  it('reads a string, and does not take a numeric one for a number', () => {
    const result = toQueryResult(bothWays(success('{"resultType":"string","result":[1,"12"]}')));
    expect(result.series).toEqual([]);
    expect(result.text).toEqual({ timeMs: 1000, value: '12' });
  });

  it('keeps floats and native histograms of one series side by side', () => {
    const histogram = '[2,{"count":"3","sum":"4.5","extra":[{}],"buckets":[[3,"-1","1","2"],[0,"1","2","1"]]}]';
    const { series } = toQueryResult(bothWays(matrix(`{"metric":{},"histograms":[${histogram}],"values":[[1,"5"]]}`)));
    expect(series[0].values).toEqual(Float64Array.of(5));
    expect(series[0].histograms).toEqual({
      timesMs: Float64Array.of(2000),
      counts: Float64Array.of(3),
      sums: Float64Array.of(4.5),
      bucketStart: Uint32Array.of(0, 2),
      bucketRule: Int8Array.of(3, 0),
      bucketLower: Float64Array.of(-1, 1),
      bucketUpper: Float64Array.of(1, 2),
      bucketCount: Float64Array.of(2, 1),
    });
  });

  it('reads a histogram without buckets in a vector', () => {
    const body = success('{"resultType":"vector","result":[{"metric":{},"histogram":[2,{"count":"0","sum":"0"}]}]}');
    const [series] = toQueryResult(bothWays(body)).series;
    expect(series.values).toHaveLength(0);
    expect(series.histograms?.bucketStart).toEqual(Uint32Array.of(0, 0));
  });

  it('treats null lists as empty ones', () => {
    expect(toQueryResult(bothWays(success('{"resultType":"matrix","result":null}'))).series).toEqual([]);
    const [series] = toQueryResult(bothWays(matrix('{"metric":null,"values":null,"histograms":null}'))).series;
    expect(series).toEqual({ labels: undefined, timesMs: new Float64Array(0), values: new Float64Array(0) });
  });
});

describe('envelope', () => {
  const data = '{"resultType":"vector","result":[]}';

  // [Q7.11]
  it('keeps the error when data is null before it', () => {
    const envelope = bothWays('{"data":null,"status":"error","errorType":"bad_data","error":"no \\"}\\""}');
    expect(refusalOf(envelope)).toEqual({ errorType: 'bad_data', error: 'no "}"' });
  });

  it('counts a missing status as success unless there is only an error', () => {
    expect(refusalOf(bothWays(`{"data":${data}}`))).toBeUndefined();
    expect(refusalOf(bothWays('{"error":"x"}'))).toEqual({ errorType: 'error', error: 'x' });
  });

  it.each(['"text"', '7', 'null', '{"a":["b"]}', '[1,null,["x"],{"y":"z"}]'])(
    'ignores warnings %s, which are no strings, and keeps the data',
    (warnings) => {
      const envelope = bothWays(`{"warnings":${warnings},"status":"success","infos":${warnings},"data":${data}}`);
      expect(envelope.warnings).toEqual([]);
      expect(envelope.infos).toEqual([]);
      expect(toQueryResult(envelope).resultType).toBe('vector');
    }
  );

  // [Q3.1]
  it('keeps warnings, infos and raw stats', () => {
    const result = toQueryResult(
      bothWays(
        success(`{"stats":{"samples":{"a":[1,{"b":"}"}]}},${data.slice(1)}`, ',"warnings":["w",1],"infos":["i"]')
      )
    );
    expect(result).toMatchObject({ warnings: ['w'], infos: ['i'], stats: { samples: { a: [1, { b: '}' }] } } });
  });

  // [Q3.1]
  it('skips unknown keys of every kind, and white space', () => {
    const body = ` {\n"x" : [1, {"y": "\\\\"}, true], "n":-1.5e3 , "data" : { "z":null,\t"resultType":"matrix",
      "result" : [ { "q" : {} , "metric" : { "a" : "b" } , "values" : [ [ 1 , "2" ] , [ 3 , "4" ] ] } ] } } \n`;
    const [series] = toQueryResult(bothWays(body)).series;
    expect(series.labels).toEqual({ a: 'b' });
    expect(series.values).toEqual(Float64Array.of(2, 4));
  });

  it('decodes escapes, surrogate pairs and UTF-8, and keeps __proto__ a label', () => {
    const labels = '{"a":"\\u00e9\\ud83d\\ude00\\n\\"\\\\\\/","ü":"😀","__proto__":"p"}';
    const [series] = toQueryResult(bothWays(matrix(`{"metric":${labels},"values":[]}`))).series;
    expect(Object.entries(series.labels ?? {})).toEqual([
      ['a', 'é😀\n"\\/'],
      ['ü', '😀'],
      ['__proto__', 'p'],
    ]);
  });

  it('reads values whose characters are escaped', () => {
    const [series] = toQueryResult(bothWays(matrix('{"metric":{},"values":[[1,"\\u0031\\u002e5"]]}'))).series;
    expect(series.values).toEqual(Float64Array.of(1.5));
  });
});

describe('malformed bodies', () => {
  it.each([
    ['', 'the body is empty'],
    ['<html>', 'no JSON object'],
    ['[1]', 'no JSON object'],
    ['{"status":"success"}x', 'more text follows'],
    ['{"a":1 "b":2}', 'a comma or the end'],
    ['{"a" 1}', 'a colon'],
    ['{"a":1,}', 'after the comma'],
    ['{"a":[1}}', 'bracket'],
    ['{"a":,}', 'a value was expected'],
    ['{"status":"a\nb"}', 'control character'],
    ['{"status":"\\q"}', 'escape'],
    [matrix('{"values":[[1,5]]}'), 'a string was expected'],
    [matrix('{"values":[[1,"x"]]}'), 'no number'],
    [matrix('{"values":[[1,""]]}'), 'no number'],
    [matrix('{"values":[[1,"1e400"]]}'), 'no number'],
    [matrix('{"values":[["1","5"]]}'), 'a number was expected'],
    [matrix('{"values":[[1]]}'), 'too short'],
    [matrix('{"values":[[]]}'), 'too short'],
    [matrix('{"values":[[1,"2",3]]}'), 'too long'],
    [matrix('{"values":[5]}'), 'not a list'],
    [matrix('{"metric":{"a":1}}'), 'a string was expected'],
    [matrix('{},7'), 'not an object'],
    [matrix('{"histograms":[[1,{"buckets":[[9,"1","2","3"]]}]]}'), 'boundary rule'],
    ['{"a":' + '['.repeat(100_000), 'nested'],
    ['{"data":{"result":' + '[{"x":'.repeat(100_000), 'nested'],
  ])('refuses %.60s', (body, message) => {
    expect(() => parse(body)).toThrow(message);
    expect(() => parse(body, 1)).toThrow(message);
  });

  it.each([
    ['{"status":"success"}', 'no resultType found'],
    [success('{"result":[]}'), 'no resultType found'],
    [success('{"resultType":"streams","result":[]}'), 'unknown result type: streams'],
    [success('{"resultType":"scalar","result":[1,"abc"]}'), 'the scalar is no number'],
    [success('{"resultType":"scalar","result":[]}'), 'the result is no scalar'],
    [success('{"resultType":"matrix","result":[1,"2"]}'), 'the result is no matrix'],
  ])('finds no result in %s', (body, message) => {
    expect(() => toQueryResult(bothWays(body))).toThrow(message);
  });
});
