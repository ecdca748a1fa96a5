import { parametersOf } from './formParameters';

it('reads those of the query, then those of the form', () => {
  const both = parametersOf('a=1&b=2', Buffer.from('a=%C3%BC+x'));
  expect([...both]).toEqual([
    ['a', '1'],
    ['b', '2'],
    ['a', 'ü x'],
  ]);
  expect([...parametersOf('')]).toEqual([]);
});

it('refuses millions of them before it reads one', () => {
  const before = performance.now();
  expect(() => parametersOf('', Buffer.from('a&'.repeat(2 ** 21)))).toThrow('at most 10000 parameters, not 2097153');
  expect(performance.now() - before).toBeLessThan(1_000);
});
