import { memo, useMemo } from 'react';
import { FieldColorModeId, type FieldConfig } from '@grafana/data';
import { GraphGradientMode, Sparkline, useTheme2, type GraphFieldConfig } from '@grafana/ui';
import { type TileSparkline } from './tile';

interface Props {
  sparkline: TileSparkline;
  color?: string;
  widthPx: number;
  heightPx: number;
}

/**
 * A canvas with a name. Sparkline builds a new uPlot whenever one of its props is another object, so config and theme are
 * kept, and nothing is redrawn unless the data changed.
 */
export const SparklineBox = memo(function SparklineBox({ sparkline, color, widthPx, heightPx }: Props) {
  const theme = useTheme2();
  const lineColor = color ?? theme.colors.text.secondary;
  const config = useMemo<FieldConfig<GraphFieldConfig>>(
    () => ({
      color: { mode: FieldColorModeId.Fixed, fixedColor: lineColor },
      custom: {
        lineWidth: 1.5,
        fillOpacity: 22,
        gradientMode: GraphGradientMode.Opacity,
        pointSize: 3,
        spanNulls: false,
      },
    }),
    [lineColor]
  );
  if (widthPx < 20 || heightPx < 12) {
    return null;
  }
  return (
    <div role="img" aria-label={sparkline.label} style={{ height: heightPx, lineHeight: 0, contain: 'strict' }}>
      <Sparkline sparkline={sparkline.data} config={config} theme={theme} width={widthPx} height={heightPx} />
    </div>
  );
});
