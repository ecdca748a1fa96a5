import { createTheme, FieldType, ThemeContext } from '@grafana/data';
import { act, render, screen } from '@testing-library/react';
import { SparklineBox } from './SparklineBox';
import { type TileSparkline } from '../data/tile';

/** jsdom has no layout and no IntersectionObserver; the browser test sees the real one. */
class HandObserver {
  static all: HandObserver[] = [];
  readonly watched = new Set<Element>();
  constructor(private readonly callback: (entries: Array<{ target: Element; isIntersecting: boolean }>) => void) {
    HandObserver.all.push(this);
  }
  observe(target: Element): void {
    this.watched.add(target);
  }
  unobserve(target: Element): void {
    this.watched.delete(target);
  }
  move(target: Element, isIntersecting: boolean): void {
    this.callback([{ target, isIntersecting }]);
  }
}

const sparkline: TileSparkline = {
  label: 'CPU usage: rising, last 3 %',
  data: {
    y: {
      name: 'v',
      type: FieldType.number,
      config: {},
      values: [1, 2, 3],
      state: { range: { min: 1, max: 3, delta: 2 } },
    },
  },
};
const lines = (count: number) => (
  <ThemeContext.Provider value={createTheme()}>
    {Array.from({ length: count }, (_, i) => (
      <SparklineBox key={i} sparkline={sparkline} widthPx={200} heightPx={40} />
    ))}
  </ThemeContext.Provider>
);

beforeEach(() => {
  Reflect.deleteProperty(globalThis, 'IntersectionObserver');
});

it('draws at once where the browser cannot tell what is in view', () => {
  render(lines(1));
  expect(screen.getByRole('img', { name: sparkline.label }).querySelector('path')).not.toBeNull();
});

it('names what is out of view, draws it when it comes into view, and watches all with one observer', () => {
  Object.assign(globalThis, { IntersectionObserver: HandObserver });
  const { unmount } = render(lines(3));
  const boxes = screen.getAllByRole('img', { name: sparkline.label });
  expect(boxes.map((box) => box.querySelectorAll('path').length)).toEqual([0, 0, 0]);
  expect(HandObserver.all).toHaveLength(1);
  const [observer] = HandObserver.all;
  act(() => observer.move(boxes[1], true));
  expect(boxes.map((box) => box.querySelectorAll('path').length)).toEqual([0, 2, 0]);
  act(() => observer.move(boxes[1], false));
  expect(boxes.map((box) => box.querySelectorAll('path').length)).toEqual([0, 0, 0]);
  unmount();
  expect(observer.watched.size).toBe(0);
});
