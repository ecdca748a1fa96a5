import { useId, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { ChartTooltip } from '../chart/ChartTooltip';
import { cursorStops, nearestStop, readAt } from '../chart/chartCursor';
import { scaleOf, valueTicks } from '../chart/chartScale';
import { ChartPlot } from '../chart/ChartPlot';
import { type ChartText } from '../chart/chartText';
import { useLanguage } from '../language';
import { useChartPointer } from '../chart/useChartPointer';
import { type ShownSeries } from './shownSeries';

/** What all charts of the page share. */
export interface ChartControl {
  /** The time all charts point at. */
  cursorMs: number | undefined;
  onCursor: (timeMs: number | undefined) => void;
  onZoom: (range: { fromMs: number; toMs: number }) => void;
  onZoomBack: () => void;
}

interface Props {
  shown: ShownSeries;
  text: ChartText;
  widthPx: number;
  heightPx: number;
  control: ChartControl;
}

const MARGINS_PX = { right: 8, top: 8, bottom: 20 };
/** Labels of the value axis: digits at 11 px, and the air beside them. */
const AXIS_LABEL = { characterPx: 6.6, airPx: 12, leastPx: 40 };
const PAGE_STEPS = 20;

/**
 * One history as lines. A slider in the eyes of the keyboard and of screen readers: arrows, Page Up and Down, Home and End move
 * along the times that have something to tell, Escape hides the tooltip.
 */
export function HistoryChart({ shown: { history, colors }, text, widthPx, heightPx, control }: Props) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const { cursorMs, onCursor } = control;
  const [isPointed, setPointed] = useState(false);
  const { scale, margins } = useMemo(
    () => layOut({ history, text, widthPx, heightPx }),
    [history, text, widthPx, heightPx]
  );
  const stops = useMemo(() => cursorStops(history), [history]);
  const box = useRef<HTMLDivElement>(null);
  const hintId = useId();
  const at = cursorMs === undefined || stops.length === 0 ? stops.length - 1 : nearestStop(stops, cursorMs);
  const reading = useMemo(() => (at >= 0 ? readAt(history, stops[at]) : undefined), [history, stops, at]);
  const leave = () => {
    setPointed(false);
    onCursor(undefined);
  };
  const { selection, ...handlers } = useChartPointer(
    box,
    { scale, leftPx: margins.left },
    {
      ...control,
      onPoint: (timeMs) => {
        setPointed(true);
        onCursor(timeMs);
      },
      onLeave: leave,
    }
  );
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      leave();
      return;
    }
    const target = keyTarget(event.key, at, stops.length);
    if (target !== undefined && stops.length > 0) {
      event.preventDefault();
      setPointed(true);
      onCursor(stops[Math.min(stops.length - 1, Math.max(0, target))]);
    }
  };
  const showsCursor = cursorMs !== undefined && reading !== undefined;
  return (
    <div
      ref={box}
      className={styles.chart}
      role="slider"
      tabIndex={0}
      aria-label={say('page.history.chart', { name: history.displayName })}
      aria-describedby={hintId}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, stops.length - 1)}
      aria-valuenow={Math.max(0, at)}
      aria-valuetext={reading ? text.reading(reading) : say('page.history.empty')}
      {...handlers}
      onBlur={({ relatedTarget }) => {
        setPointed(false);
        // Another chart that is pointed at has set the time anew already.
        if (!(relatedTarget instanceof Element && relatedTarget.getAttribute('role') === 'slider')) {
          onCursor(undefined);
        }
      }}
      onKeyDown={press}
    >
      <ChartPlot
        history={history}
        scale={scale}
        margins={margins}
        colors={colors}
        formatTicks={text.ticks}
        cursor={showsCursor ? reading : undefined}
        selection={selection}
      />
      {showsCursor && isPointed && !selection && (
        <ChartTooltip
          reading={reading}
          text={text}
          colors={colors}
          title={dateTimeFormat(reading.timeMs)}
          leftPx={margins.left + scale.x(reading.timeMs)}
          widthPx={widthPx}
        />
      )}
      <span id={hintId} hidden>
        {say('page.history.keys')}
      </span>
    </div>
  );
}

/** The value axis is as wide as its longest label. */
function layOut({
  history,
  text,
  widthPx,
  heightPx,
}: Pick<Props, 'text' | 'widthPx' | 'heightPx'> & Pick<ShownSeries, 'history'>) {
  const plotHeightPx = heightPx - MARGINS_PX.top - MARGINS_PX.bottom;
  const labels = text.ticks(valueTicks(scaleOf(history, 1, plotHeightPx)).values);
  const { characterPx, airPx, leastPx } = AXIS_LABEL;
  const left = Math.max(leastPx, Math.ceil(Math.max(...labels.map(({ length }) => length)) * characterPx + airPx));
  const plotPx = Math.max(40, widthPx - left - MARGINS_PX.right);
  return { scale: scaleOf(history, plotPx, plotHeightPx), margins: { ...MARGINS_PX, left } };
}

function keyTarget(key: string, at: number, count: number): number | undefined {
  const moves: Readonly<Record<string, number>> = {
    ArrowLeft: at - 1,
    ArrowDown: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at + 1,
    PageDown: at - PAGE_STEPS,
    PageUp: at + PAGE_STEPS,
    Home: 0,
    End: count - 1,
  };
  return moves[key];
}

const getStyles = (theme: GrafanaTheme2) => ({
  chart: css({
    position: 'relative',
    lineHeight: 0,
    borderRadius: 4,
    userSelect: 'none',
    // Moving a finger sideways reads values, up and down scrolls the page.
    touchAction: 'pan-y',
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 2 },
  }),
});
