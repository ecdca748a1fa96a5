import { canonicalSelectors, readRawSelectors } from './rawSelectors';

it('reads selectors, one a line', () => {
  expect(readRawSelectors('up\n\n  {job="node", instance=~"a.*"} \n')).toEqual([
    [{ name: '__name__', operator: '=', value: 'up' }],
    [
      { name: 'job', operator: '=', value: 'node' },
      { name: 'instance', operator: '=~', value: 'a.*' },
    ],
  ]);
});

it('writes what means the same as the same text', () => {
  const text = 'up\nup{job="x"}\n{a="1",b!="2"}';
  expect(canonicalSelectors(text)).toBe(text);
  expect(canonicalSelectors("{__name__='up'}\nup {job = 'x'}\n{b!=`2`, a='\\x31'}\nup")).toBe(text);
  expect(canonicalSelectors('{"a.b"="c"}')).toBe('{"a.b"="c"}');
});

it.each(['', ' \n', 'rate(up[5m])', 'up[5m]', 'up offset 5m', 'up + up', 'up @ 5', 'up{', '$metric', '1', '"up"'])(
  'refuses %j, which is no selector',
  (text) => expect(() => readRawSelectors(text)).toThrow(expect.objectContaining({ code: 'QUERY_INVALID' }))
);

it.each(['{}', '{a=""}', '{a!="b"}', '{a=~".*"}', '{a=~"b|"}', '{a!~"b"}', '{a=~"(x?)"}', 'up\n{a=~"b*"}'])(
  'refuses %j, which every series would match',
  (text) => expect(() => readRawSelectors(text)).toThrow(expect.objectContaining({ code: 'QUERY_INVALID' }))
);

it.each(['{a!=""}', '{a=~".+"}', '{a!~""}', '{a!="b",c="d"}', '{__name__=~"up|node_.+"}'])('takes %j', (text) => {
  expect(readRawSelectors(text)).toHaveLength(1);
});
