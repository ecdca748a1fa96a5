import { memo, useRef } from 'react';
import { useTheme2 } from '@grafana/ui';
import { sparklinePath } from './sparklinePath';
import { type TileSparkline } from '../data/tile';
import { useInView } from './useInView';

interface Props {
  sparkline: TileSparkline;
  color?: string;
  widthPx: number;
  heightPx: number;
}

/**
 * A line with a name. Drawn as one SVG path: Grafana's `Sparkline` builds a new uPlot with a canvas for each new data, and an
 * update of 200 tiles then took twice as long as Grafana's Stat panel (bench/panel). What nobody sees is not drawn at all;
 * its name is there all the same, for those who listen.
 */
export const SparklineBox = memo(function SparklineBox({ sparkline, color, widthPx, heightPx }: Props) {
  const theme = useTheme2();
  const box = useRef<HTMLDivElement>(null);
  const isInView = useInView(box);
  if (widthPx < 20 || heightPx < 12) {
    return null;
  }
  return (
    <div
      ref={box}
      role="img"
      aria-label={sparkline.label}
      style={{ height: heightPx, lineHeight: 0, contain: 'strict', color: color ?? theme.colors.text.secondary }}
    >
      {isInView && <Drawing data={sparkline.data} widthPx={widthPx} heightPx={heightPx} />}
    </div>
  );
});

/** The area is filled evenly: a gradient of its own for each of 200 lines doubled the time of painting (bench/panel). */
function Drawing({ data, widthPx, heightPx }: { data: TileSparkline['data']; widthPx: number; heightPx: number }) {
  const { line, area } = sparklinePath(data, widthPx, heightPx);
  return (
    <svg width={widthPx} height={heightPx} aria-hidden="true" focusable="false">
      <path d={area} fill="currentColor" fillOpacity="0.14" />
      <path d={line} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  );
}
