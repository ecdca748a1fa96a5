import { layOut, valueFontPx } from './grid';

describe('layOut', () => {
  it('puts four tiles in a row on a wide page', () => {
    expect(layOut({ count: 4, widthPx: 1100, minTileWidthPx: 220 })).toMatchObject({ columns: 4, overflows: false });
  });

  it('makes two rows of two where three would fit, not three and a lonely one', () => {
    expect(layOut({ count: 4, widthPx: 700, minTileWidthPx: 220 }).columns).toBe(2);
  });

  it('has one column on a phone', () => {
    expect(layOut({ count: 4, widthPx: 328, minTileWidthPx: 220 })).toMatchObject({ columns: 1, tileWidthPx: 328 });
  });

  it('fills a wall screen with large tiles', () => {
    const grid = layOut({ count: 4, widthPx: 1900, heightPx: 1000, minTileWidthPx: 180 });
    expect(grid).toMatchObject({ columns: 2, tileHeightPx: 496, overflows: false, isNarrow: false });
    expect(grid.sparklinePx).toBeGreaterThan(100);
    expect(valueFontPx(grid, 6)).toBe(88);
  });

  it('gives up sparklines before it scrolls', () => {
    const grid = layOut({ count: 4, widthPx: 400, heightPx: 180, minTileWidthPx: 180 });
    expect(grid).toMatchObject({ columns: 2, sparklinePx: 0, overflows: false });
  });

  it('scrolls when the tiles cannot be read otherwise', () => {
    expect(layOut({ count: 4, widthPx: 200, heightPx: 150, minTileWidthPx: 180 })).toMatchObject({
      columns: 1,
      overflows: true,
    });
  });

  it('makes room for texts below the value, and gives up the sparkline for them', () => {
    const box = { count: 2, widthPx: 600, heightPx: 110, minTileWidthPx: 180 };
    expect(layOut(box).sparklinePx).toBeGreaterThan(0);
    expect(layOut({ ...box, notesPxAt: () => 36 })).toMatchObject({ sparklinePx: 0, overflows: false });
    expect(layOut({ ...box, notesPxAt: () => 90 })).toMatchObject({ overflows: true });
  });

  it('survives a panel without any width', () => {
    expect(layOut({ count: 3, widthPx: 0, heightPx: 0, minTileWidthPx: 180 })).toMatchObject({
      columns: 1,
      tileWidthPx: 0,
    });
  });
});

it('shrinks the value to the longest text', () => {
  const grid = layOut({ count: 1, widthPx: 200, heightPx: 300, minTileWidthPx: 180 });
  expect(valueFontPx(grid, 5)).toBeGreaterThan(valueFontPx(grid, 12));
  expect(valueFontPx(grid, 500)).toBe(14);
});
