import { type FieldSparkline } from '@grafana/data';

/** Room for the half of the line that would be cut off at the edges. */
const EDGE_PX = 1;

/**
 * A sparkline as SVG path data: the line, and the area below it. Gaps (null) interrupt both; a value between two gaps is a
 * dot, drawn by the line's round caps.
 *
 * @param widthPx, heightPx size of the drawing
 */
export function sparklinePath(
  { x, y, timeRange }: FieldSparkline,
  widthPx: number,
  heightPx: number
): { line: string; area: string } {
  const times: ArrayLike<number> = x?.values ?? Array.from(y.values, (_, i) => i);
  const fromMs = timeRange?.from.valueOf() ?? times[0];
  const toMs = timeRange?.to.valueOf() ?? times[times.length - 1];
  const { min, max } = y.state?.range ?? { min: 0, max: 1 };
  const scaleX = widthPx / Math.max(1, toMs - fromMs);
  const extent = (max ?? 1) - (min ?? 0);
  // Nothing but zeros has no extent: a line along the bottom.
  const scaleY = extent > 0 ? (heightPx - 2 * EDGE_PX) / extent : 0;
  const runs: string[][] = [[]];
  for (let i = 0; i < y.values.length; i++) {
    const value: unknown = y.values[i];
    if (typeof value !== 'number') {
      runs.push([]);
      continue;
    }
    const pointX = (times[i] - fromMs) * scaleX;
    const pointY = heightPx - EDGE_PX - (value - (min ?? 0)) * scaleY;
    runs[runs.length - 1].push(`${pointX.toFixed(1)} ${pointY.toFixed(1)}`);
  }
  const drawn = runs.filter((points) => points.length > 0);
  return {
    line: drawn.map((points) => `M${points.join('L')}${points.length === 1 ? 'h0' : ''}`).join(''),
    area: drawn.map((points) => areaBelow(points, heightPx)).join(''),
  };
}

function areaBelow(points: readonly string[], heightPx: number): string {
  const [firstX, lastX] = [points[0], points[points.length - 1]].map((point) => point.split(' ')[0]);
  return `M${firstX} ${heightPx}L${points.join('L')}L${lastX} ${heightPx}Z`;
}
