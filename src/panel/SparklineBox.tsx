import { memo, useId, useMemo } from 'react';
import { useTheme2 } from '@grafana/ui';
import { sparklinePath } from './sparklinePath';
import { type TileSparkline } from './tile';

interface Props {
  sparkline: TileSparkline;
  color?: string;
  widthPx: number;
  heightPx: number;
}

/**
 * A line with a name. Drawn as one SVG path: Grafana's `Sparkline` builds a new uPlot with a canvas for each new data, and an
 * update of 200 tiles then took twice as long as Grafana's Stat panel (bench/panel).
 */
export const SparklineBox = memo(function SparklineBox({ sparkline, color, widthPx, heightPx }: Props) {
  const theme = useTheme2();
  const id = useId();
  const { line, area } = useMemo(
    () => sparklinePath(sparkline.data, widthPx, heightPx),
    [sparkline.data, widthPx, heightPx]
  );
  if (widthPx < 20 || heightPx < 12) {
    return null;
  }
  return (
    <div
      role="img"
      aria-label={sparkline.label}
      style={{ height: heightPx, lineHeight: 0, contain: 'strict', color: color ?? theme.colors.text.secondary }}
    >
      <svg width={widthPx} height={heightPx} aria-hidden="true" focusable="false">
        <linearGradient id={id} x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stopColor="currentColor" stopOpacity="0.25" />
          <stop offset="1" stopColor="currentColor" stopOpacity="0.02" />
        </linearGradient>
        <path d={area} fill={`url(#${id})`} />
        <path
          d={line}
          fill="none"
          stroke="currentColor"
          strokeWidth="1.5"
          strokeLinejoin="round"
          strokeLinecap="round"
        />
      </svg>
    </div>
  );
});
