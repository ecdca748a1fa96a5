import { quoteGo } from '../model/goQuote';
import { metricText, seriesNamer } from './legend';

describe('seriesNamer', () => {
  const labels = { __name__: 'up', job: 'a', instance: 'h:1' };

  it.each([
    ['', labels, 'up{instance="h:1", job="a"}'],
    ['', { __name__: 'up' }, 'up'],
    ['', { job: 'a' }, '{job="a"}'],
    ['', {}, 'the expression'],
    ['', undefined, 'the expression'],
    ['__auto', labels, ''],
    ['__auto', {}, 'the expression'],
    ['x {{job}} {{ instance }}', labels, 'x a h:1'],
    ['x {{job}}', { __name__: 'up' }, 'x '],
    ['{{__name__}}', labels, 'up'],
    ['{{toString}}', labels, ''],
    ['{}', labels, 'the expression'],
    ['{{job}}', { job: '$&' }, '$&'],
    ['{{job}} {{{job}}} {{job', labels, 'a } {{job'],
    ['{{ }} {{}}} {{a\nb}} {{\njob\n}}', labels, '} {{a\nb}} a'],
  ])('with legend "%s" names %j "%s"', (legend, of, name) => {
    expect(seriesNamer(legend, 'the expression')(of)).toBe(name);
  });

  it.each([' ', '\t', '{{', '}', '{{ }', '{{a ', '{{a\n'])('is not held up by an open legend of many %j', (part) => {
    const legend = `{{${part.repeat(500)}`;
    const startMs = performance.now();
    seriesNamer(legend, 'up')({ job: 'a' });
    expect(performance.now() - startMs).toBeLessThan(500);
  });

  // [Q1.7]
  it('sorts pairs as their UTF-8 text', () => {
    expect(metricText({ '\u{1F600}': '1', '\uFFFD': '2', b: '3', a: '4' })).toBe(
      '{a="4", b="3", \uFFFD="2", \u{1F600}="1"}'
    );
  });
});

describe('quoteGo', () => {
  it.each([
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\n\t\r\u0007\b\f\v', '"\\n\\t\\r\\a\\b\\f\\v"'],
    ['\u0001\u007f', '"\\x01\\x7f"'],
    ['\u00a0\u200b', '"\\u00a0\\u200b"'],
    ['é漢\u{1F600}', '"é漢\u{1F600}"'],
    ['\u{E0001}', '"\\U000e0001"'],
    ['\ud800', '"\ufffd"'],
  ])('quotes %j as Go does', (text, quoted) => {
    expect(quoteGo(text)).toBe(quoted);
  });
});
