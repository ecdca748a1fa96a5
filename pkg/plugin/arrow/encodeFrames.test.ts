import { tableFromIPC } from 'apache-arrow';
import { type Frame } from '../../core/frames/frame';
import { encodeFrames } from './encodeFrames';

const frameOf = (value: number, rows = 1): Frame => ({
  fields: [{ type: 'number', name: 'Value', values: new Float64Array(rows).fill(value) }],
});

/** How often other work had its turn before `work` was done. */
async function turnsDuring<T>(work: Promise<T>): Promise<{ turns: number; result: T }> {
  let turns = 0;
  let running = true;
  const count = (): void => {
    turns++;
    if (running) {
      setImmediate(count);
    }
  };
  setImmediate(count);
  const result = await work;
  running = false;
  return { turns, result };
}

describe('encodeFrames', () => {
  it('gives every frame in order, with the refId of the query', async () => {
    const files = await encodeFrames([frameOf(1), frameOf(2)], 'B');
    const tables = files.map((file) => tableFromIPC(file));
    expect(tables.map((table) => table.getChildAt(0)?.get(0))).toEqual([1, 2]);
    expect(tables[1].schema.metadata.get('refId')).toBe('B');
  });

  it('lets other work have its turn between many small frames and between few large ones', async () => {
    const small = await turnsDuring(
      encodeFrames(
        Array.from({ length: 500 }, (_, i) => frameOf(i)),
        'A'
      )
    );
    expect(small.result).toHaveLength(500);
    expect(small.turns).toBeGreaterThanOrEqual(8);
    const large = await turnsDuring(
      encodeFrames(
        Array.from({ length: 10 }, (_, i) => frameOf(i, 40_000)),
        'A'
      )
    );
    expect(large.turns).toBeGreaterThanOrEqual(8);
  });

  it('answers one small query without waiting for a turn', async () => {
    const { turns } = await turnsDuring(encodeFrames([frameOf(1)], 'A'));
    expect(turns).toBe(0);
  });
});
