import { memo, useId, useMemo } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type ArchiveHistory } from '../../contract/archivePage';
import { type CursorReading } from './chartCursor';
import { seriesPaths } from './chartPaths';
import { timeTicks, valueTicks, type ChartScale } from './chartScale';
import { type ChartSelection } from './useChartPointer';

interface Props {
  history: ArchiveHistory;
  scale: ChartScale;
  margins: { left: number; right: number; top: number; bottom: number };
  colors: readonly string[];
  formatTicks: (values: readonly number[]) => string[];
  cursor: CursorReading | undefined;
  selection: ChartSelection | undefined;
}

/** A gap of one point in thirty days would be too thin to see. */
const LEAST_GAP_PX = 3;

/** The drawing of a chart; what it says stands in the slider around it and in the table below. */
export function ChartPlot({ history, scale, margins, colors, formatTicks, cursor, selection }: Props) {
  const styles = useStyles2(getStyles);
  const { left, right, top, bottom } = margins;
  return (
    <svg
      width={scale.widthPx + left + right}
      height={scale.heightPx + top + bottom}
      viewBox={`0 0 ${scale.widthPx + left + right} ${scale.heightPx + top + bottom}`}
      aria-hidden="true"
      focusable="false"
      className={styles.svg}
    >
      <g transform={`translate(${left} ${top})`}>
        <Axes scale={scale} formatTicks={formatTicks} />
        <Gaps history={history} scale={scale} />
        <Limits history={history} scale={scale} />
        <Lines history={history} scale={scale} colors={colors} />
        {selection && (
          <rect
            x={selection.fromPx}
            width={selection.toPx - selection.fromPx}
            height={scale.heightPx}
            className={styles.selection}
            data-testid="promkeep-selection"
          />
        )}
        {cursor && (
          <g>
            <path d={`M${scale.x(cursor.timeMs).toFixed(1)} 0V${scale.heightPx}`} className={styles.cursor} />
            {cursor.values.map(
              (reading, i) =>
                reading && (
                  <circle key={i} cx={scale.x(cursor.timeMs)} cy={scale.y(reading.value)} r="3.5" fill={colors[i]} />
                )
            )}
          </g>
        )}
      </g>
    </svg>
  );
}

const Axes = memo(function Axes({ scale, formatTicks }: Pick<Props, 'scale' | 'formatTicks'>) {
  const styles = useStyles2(getStyles);
  const { values } = valueTicks(scale);
  const texts = formatTicks(values);
  return (
    <>
      {values.map((value, i) => (
        <g key={value} transform={`translate(0 ${scale.y(value).toFixed(1)})`}>
          <path d={`M0 0H${scale.widthPx}`} className={styles.grid} />
          <text x="-8" dy="0.32em" textAnchor="end">
            {texts[i]}
          </text>
        </g>
      ))}
      {timeTicks(scale).map(({ timeMs, label }) => (
        <text key={timeMs} x={scale.x(timeMs)} y={scale.heightPx + 15} textAnchor={anchorOf(scale, timeMs)}>
          {label}
        </text>
      ))}
    </>
  );
});

/** A label at an edge stays inside. */
function anchorOf({ x, widthPx }: ChartScale, timeMs: number): 'start' | 'middle' | 'end' {
  return x(timeMs) > widthPx - 28 ? 'end' : x(timeMs) < 20 ? 'start' : 'middle';
}

const Gaps = memo(function Gaps({ history: { gaps, stepMs }, scale }: Pick<Props, 'history' | 'scale'>) {
  const styles = useStyles2(getStyles);
  const id = useId();
  return (
    <>
      <pattern id={id} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <path d="M0 0V6" className={styles.hatch} />
      </pattern>
      {gaps.map((gap) => {
        const startPx = Math.max(0, scale.x(gap.fromMs - stepMs / 2));
        const endPx = Math.min(scale.widthPx, scale.x(gap.toMs + stepMs / 2));
        const widthPx = Math.max(LEAST_GAP_PX, endPx - startPx);
        return (
          <rect
            key={gap.fromMs}
            data-testid="promkeep-gap"
            x={Math.min(startPx, scale.widthPx - widthPx).toFixed(1)}
            width={widthPx.toFixed(1)}
            height={scale.heightPx}
            fill={`url(#${id})`}
          />
        );
      })}
    </>
  );
});

const Limits = memo(function Limits({ history: { thresholds }, scale }: Pick<Props, 'history' | 'scale'>) {
  const styles = useStyles2(getStyles);
  const lines = thresholds
    .filter(({ value }) => value > scale.low && value <= scale.high)
    .map(({ value, state }) => (
      <path
        key={value}
        d={`M0 ${scale.y(value).toFixed(1)}H${scale.widthPx}`}
        className={styles.limit}
        data-state={state}
      />
    ));
  return <>{lines}</>;
});

const Lines = memo(function Lines({ history, scale, colors }: Pick<Props, 'history' | 'scale' | 'colors'>) {
  const { series, bucketMs } = history;
  const paths = useMemo(() => series.map((one) => seriesPaths(one, scale, bucketMs)), [series, scale, bucketMs]);
  const drawn = paths.map(({ line, dots, band }, i) => (
    <g key={i} color={colors[i]}>
      {band !== '' && <path d={band} fill="currentColor" opacity="0.2" />}
      <path d={line} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" strokeLinecap="round" />
      {dots !== '' && (
        <path d={dots} stroke="currentColor" strokeWidth="5" strokeLinecap="round" data-testid="promkeep-dots" />
      )}
    </g>
  ));
  return <>{drawn}</>;
});

const getStyles = (theme: GrafanaTheme2) => ({
  svg: css({
    display: 'block',
    // On paper a card is as wide as the page.
    '@media print': { maxWidth: '100%', height: 'auto' },
    overflow: 'hidden',
    text: { fontSize: 11, fill: theme.colors.text.secondary, fontVariantNumeric: 'tabular-nums' },
  }),
  grid: css({ stroke: theme.colors.border.weak, shapeRendering: 'crispEdges' }),
  cursor: css({ stroke: theme.colors.text.secondary, strokeDasharray: '3 3' }),
  selection: css({ fill: theme.colors.primary.main, opacity: 0.25 }),
  hatch: css({ stroke: theme.colors.text.secondary, strokeWidth: 2, opacity: 0.45 }),
  limit: css({
    strokeDasharray: '6 4',
    '&[data-state="warning"]': { stroke: theme.colors.warning.main },
    '&[data-state="critical"]': { stroke: theme.colors.error.main },
  }),
});
