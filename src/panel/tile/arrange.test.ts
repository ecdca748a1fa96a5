import { arrange } from './arrange';
import { type Severity, type Tile } from '../data/tile';

function tile(name: string, severity: Severity): Tile {
  return { key: name, name, labels: {}, metricName: name, limits: [], state: { severity }, extras: [], linkCount: 0 };
}

const tiles = [tile('b10', 'ok'), tile('b9', 'critical'), tile('a', 'ok'), tile('c', 'no-data'), tile('d', 'warning')];
const all = { sort: 'given', hideHealthy: false, limit: 100 } as const;
const namesOf = (options: Parameters<typeof arrange>[1]) => arrange(tiles, options).shown.map(({ name }) => name);

it('keeps the order given', () => {
  expect(namesOf(all)).toEqual(['b10', 'b9', 'a', 'c', 'd']);
});

it('puts the most urgent first, no data above a warning, equals in their order', () => {
  expect(namesOf({ ...all, sort: 'severity' })).toEqual(['b9', 'c', 'd', 'b10', 'a']);
});

it('sorts names as people count', () => {
  expect(namesOf({ ...all, sort: 'name' })).toEqual(['a', 'b9', 'b10', 'c', 'd']);
});

it('counts what it leaves out', () => {
  expect(arrange(tiles, { sort: 'severity', hideHealthy: true, limit: 2 })).toMatchObject({
    shown: [{ name: 'b9' }, { name: 'c' }],
    hiddenHealthy: 2,
    more: 1,
  });
});
