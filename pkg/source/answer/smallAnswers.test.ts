import { snippetOf } from './answerFailure';
import { parseBuildInfo } from './buildInfoAnswer';
import { parseExemplars } from './exemplarAnswer';

const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('parseBuildInfo', () => {
  // [Q4.2]
  it('tells Mimir by its features', () => {
    const prometheus = { status: 'success', data: { version: '2.42.0' } };
    expect(parseBuildInfo(bytes(prometheus))).toEqual({ version: '2.42.0', application: 'Prometheus', features: {} });
    const mimir = { status: 'success', data: { version: '2.1', features: { ruler_config_api: 'true' } } };
    expect(parseBuildInfo(bytes(mimir))).toMatchObject({
      application: 'Mimir',
      features: { ruler_config_api: 'true' },
    });
  });

  it.each(['', '<html>', 'null', '{"status":"error"}', { status: 'success', data: { features: { a: 1 } } }])(
    'knows nothing from %p',
    (body) => {
      expect(parseBuildInfo(bytes(body))).toBeUndefined();
    }
  );
});

describe('parseExemplars', () => {
  it('reads series with their exemplars, and leaves out what cannot be read', () => {
    const exemplar = { labels: { trace_id: 'x', bad: 1 }, value: '0.5', timestamp: 1600096945.479 };
    const data = [{ seriesLabels: { job: 'a' }, exemplars: [exemplar, { value: 'x', timestamp: 1 }, null] }, 7];
    expect(parseExemplars(bytes({ status: 'success', data }))).toEqual([
      { labels: { job: 'a' }, exemplars: [{ labels: { trace_id: 'x' }, value: 0.5, timeMs: 1600096945479 }] },
    ]);
    expect(parseExemplars(bytes({ status: 'success', data: null }))).toEqual([]);
    expect(() => parseExemplars(bytes('<html>'))).toThrow('no JSON object');
  });

  it('keeps every millisecond of a second', () => {
    for (let ms = 0; ms < 1000; ms++) {
      const text = `{"data":[{"exemplars":[{"value":"1","timestamp":1600096945.${String(ms).padStart(3, '0')}}]}]}`;
      expect(parseExemplars(bytes(text))[0].exemplars[0].timeMs).toBe(1600096945000 + ms);
    }
  });
});

it('makes one line of a page, without tags, scripts and secrets', () => {
  const page =
    '<html><head><title>Log\nin</title><script>var a = "x<y";</script></head><body>token=geheim\u0000</body>';
  expect(snippetOf(bytes(page), (text) => text.replaceAll('geheim', '***'))).toBe('Log in token=***');
  expect(snippetOf(bytes('x'.repeat(5000)), String)).toHaveLength(201);
});
