import { dateTime, FieldType, type FieldSparkline } from '@grafana/data';
import { sparklinePath } from './sparklinePath';

function sparkline(times: number[], values: Array<number | null>, range: [number, number]): FieldSparkline {
  const [from, to] = range.map((timeMs) => dateTime(timeMs));
  return {
    x: { name: 'time', type: FieldType.time, config: {}, values: times },
    y: { name: 'value', type: FieldType.number, config: {}, values, state: { range: { min: 0, max: 10, delta: 10 } } },
    timeRange: { from, to, raw: { from, to } },
  };
}

it('places time and value within the drawing, up being more', () => {
  const { line, area } = sparklinePath(sparkline([0, 50, 100], [0, 10, 5], [0, 100]), 200, 42);
  expect(line).toBe('M0.0 41.0L100.0 1.0L200.0 21.0');
  expect(area).toBe('M0.0 42L0.0 41.0L100.0 1.0L200.0 21.0L200.0 42Z');
});

it('interrupts the line where there is no value, and shows a value alone as a dot', () => {
  const { line } = sparklinePath(sparkline([0, 25, 50, 75, 100], [0, null, 10, null, 5], [0, 100]), 200, 42);
  expect(line).toBe('M0.0 41.0h0M100.0 1.0h0M200.0 21.0h0');
});

it('leaves room for the part of the range without values', () => {
  expect(sparklinePath(sparkline([50, 100], [0, 10], [0, 100]), 200, 42).line).toBe('M100.0 41.0L200.0 1.0');
});

it('survives a single time', () => {
  expect(sparklinePath(sparkline([5], [5], [5, 5]), 200, 42).line).toBe('M0.0 21.0h0');
});

it('draws nothing but zeros as a line along the bottom', () => {
  const zeros = sparkline([0, 100], [0, 0], [0, 100]);
  zeros.y.state = { range: { min: 0, max: 0, delta: 0 } };
  expect(sparklinePath(zeros, 200, 42).line).toBe('M0.0 41.0L200.0 41.0');
});
