import { fromHalfOpen, toHalfOpen, toMultirange } from './gridRanges';

it('stores grid times up to one step behind the last, so that neighbours join', () => {
  expect(toMultirange([{ fromMs: 0, toMs: 30_000 }], 15_000)).toBe(
    '{["1970-01-01T00:00:00.000Z","1970-01-01T00:00:45.000Z")}'
  );
});

it('claims nothing between grid times', () => {
  expect(toHalfOpen({ fromMs: 1, toMs: 44_999 }, 15_000)).toEqual({ fromMs: 15_000, untilMs: 45_000 });
  expect(toMultirange([{ fromMs: 1, toMs: 14_999 }], 15_000)).toBe('{}');
});

it('gives back first and last grid time', () => {
  const stored = toHalfOpen({ fromMs: 15_000, toMs: 60_000 }, 15_000);
  expect(stored && fromHalfOpen(stored.fromMs, stored.untilMs, 15_000)).toEqual({ fromMs: 15_000, toMs: 60_000 });
});

it('keeps ranges within the years PostgreSQL and ISO-8601 share', () => {
  expect(toMultirange([{ fromMs: -Infinity, toMs: Infinity }], 60_000)).toBe(
    '{["0001-01-01T00:00:00.000Z","10000-01-01T00:00:00.000Z")}'
  );
});
