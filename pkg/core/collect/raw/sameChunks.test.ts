import { type Chunk } from '../../model/rawSeries';
import { takeOutSame } from './sameChunks';

const chunk = (minTimeMs: number, maxTimeMs: number, ...more: number[]): Chunk => ({
  ...{ minTimeMs, maxTimeMs, encoding: 'xor' },
  data: Uint8Array.of(0, 2, ...more),
});
const RANGES = [
  { fromMs: 0, toMs: 99 },
  { fromMs: 200, toMs: 299 },
];

it('takes out what both have byte for byte within a range, and counts its samples', () => {
  const ours = [chunk(0, 9, 1), chunk(10, 99, 2), chunk(200, 299, 3)];
  const theirs = [chunk(0, 9, 1), chunk(10, 99, 9), chunk(200, 299, 3)];
  expect(takeOutSame(ours, theirs, RANGES)).toEqual({ ours: [ours[1]], theirs: [theirs[1]], same: 4 });
});

it.each([
  ['another end', chunk(0, 8, 1)],
  ['another length', chunk(0, 9, 1, 0)],
  ['another encoding', { ...chunk(0, 9, 1), encoding: 'histogram' as const }],
  ['another begin', chunk(1, 9, 1)],
])('leaves chunks with %s', (_, theirs) => {
  expect(takeOutSame([chunk(0, 9, 1)], [theirs], RANGES).same).toBe(0);
});

it('leaves chunks that reach out of the ranges, whatever they hold', () => {
  const both = [chunk(90, 110), chunk(150, 160), chunk(290, 300)];
  expect(takeOutSame(both, [...both], RANGES)).toEqual({ ours: both, theirs: both, same: 0 });
});
