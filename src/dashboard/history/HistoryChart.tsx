import { useId, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type ArchiveHistory } from '../../contract/archivePage';
import { ChartTooltip } from '../chart/ChartTooltip';
import { cursorStops, nearestStop, readAt } from '../chart/chartCursor';
import { scaleOf } from '../chart/chartScale';
import { ChartPlot } from '../chart/ChartPlot';
import { type ChartText } from '../chart/chartText';
import { useLanguage } from '../language';

interface Props {
  history: ArchiveHistory;
  text: ChartText;
  colors: readonly string[];
  widthPx: number;
  heightPx: number;
  /** The time all charts point at. */
  cursorMs: number | undefined;
  onCursor: (timeMs: number | undefined) => void;
}

const AXIS_PX = { left: 52, right: 8, top: 8, bottom: 20 };
const PAGE_STEPS = 20;

/**
 * One history as lines. A slider in the eyes of the keyboard and of screen readers: arrows, Page Up and Down, Home and End move
 * along the times that have something to tell, Escape hides the tooltip.
 */
export function HistoryChart({ history, text, colors, widthPx, heightPx, cursorMs, onCursor }: Props) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const [isPointed, setPointed] = useState(false);
  const plotPx = Math.max(40, widthPx - AXIS_PX.left - AXIS_PX.right);
  const scale = useMemo(
    () => scaleOf(history, plotPx, heightPx - AXIS_PX.top - AXIS_PX.bottom),
    [history, plotPx, heightPx]
  );
  const stops = useMemo(() => cursorStops(history), [history]);
  const box = useRef<HTMLDivElement>(null);
  const hintId = useId();
  const at = cursorMs === undefined || stops.length === 0 ? stops.length - 1 : nearestStop(stops, cursorMs);
  const reading = useMemo(() => (at >= 0 ? readAt(history, stops[at]) : undefined), [history, stops, at]);

  const point = ({ clientX }: PointerEvent) => {
    const left = box.current?.getBoundingClientRect().left ?? 0;
    const timeMs = scale.fromMs + ((clientX - left - AXIS_PX.left) / plotPx) * (scale.toMs - scale.fromMs);
    setPointed(true);
    onCursor(Math.min(scale.toMs, Math.max(scale.fromMs, timeMs)));
  };
  const leave = () => {
    setPointed(false);
    onCursor(undefined);
  };
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
      onPointerMove={point}
      onPointerDown={point}
      // A finger leaves as soon as it is lifted; what it pointed at stays until the focus goes.
      onPointerLeave={({ pointerType }) => pointerType === 'mouse' && leave()}
      onBlur={leave}
      onKeyDown={press}
    >
      <ChartPlot
        history={history}
        scale={scale}
        margins={AXIS_PX}
        colors={colors}
        formatTick={text.tick}
        cursor={showsCursor ? reading : undefined}
      />
      {showsCursor && isPointed && (
        <ChartTooltip
          reading={reading}
          text={text}
          colors={colors}
          title={dateTimeFormat(reading.timeMs)}
          leftPx={AXIS_PX.left + scale.x(reading.timeMs)}
          widthPx={widthPx}
        />
      )}
      <span id={hintId} hidden>
        {say('page.history.keys')}
      </span>
    </div>
  );
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
    // Moving a finger sideways reads values, up and down scrolls the page.
    touchAction: 'pan-y',
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 2 },
  }),
});
