import { useRef, useState, type MouseEvent, type PointerEvent, type RefObject } from 'react';
import { type ChartScale } from './chartScale';

/** Between two times of the chart, in pixels of its plot. */
export interface ChartSelection {
  fromPx: number;
  toPx: number;
}

interface Listener {
  onPoint: (timeMs: number) => void;
  onLeave: () => void;
  onZoom: (range: { fromMs: number; toMs: number }) => void;
  onZoomBack: () => void;
}

/** Less is a click by a hand that is not quite still. */
const LEAST_DRAG_PX = 6;
const LEAST_ZOOM_MS = 2_000;

/**
 * A mouse reads values, selects a range by dragging, and goes back by a double click; a finger reads values. What a finger pointed
 * at stays when it is lifted, until the focus goes.
 */
export function useChartPointer(
  box: RefObject<HTMLElement>,
  { scale, leftPx }: { scale: ChartScale; leftPx: number },
  { onPoint, onLeave, onZoom, onZoomBack }: Listener
) {
  const [selection, setSelection] = useState<ChartSelection>();
  const startPx = useRef<number>();
  const plotPx = ({ clientX }: MouseEvent): number =>
    Math.min(scale.widthPx, Math.max(0, clientX - (box.current?.getBoundingClientRect().left ?? 0) - leftPx));
  const timeAt = (px: number): number => scale.fromMs + (px / scale.widthPx) * (scale.toMs - scale.fromMs);
  const drop = () => {
    startPx.current = undefined;
    setSelection(undefined);
  };
  const move = (event: PointerEvent) => {
    const px = plotPx(event);
    onPoint(timeAt(px));
    const start = startPx.current;
    if (start !== undefined && (selection || Math.abs(px - start) >= LEAST_DRAG_PX)) {
      setSelection({ fromPx: Math.min(start, px), toPx: Math.max(start, px) });
    }
  };
  return {
    selection,
    onPointerMove: move,
    onPointerDown: (event: PointerEvent) => {
      onPoint(timeAt(plotPx(event)));
      if (event.pointerType === 'mouse' && event.button === 0) {
        startPx.current = plotPx(event);
        // The button may be let go outside.
        box.current?.setPointerCapture(event.pointerId);
      }
    },
    onPointerUp: () => {
      if (selection) {
        const [fromMs, toMs] = [selection.fromPx, selection.toPx].map((px) => Math.round(timeAt(px) / 1_000) * 1_000);
        onZoom({ fromMs, toMs: Math.max(toMs, fromMs + LEAST_ZOOM_MS) });
      }
      drop();
    },
    onPointerCancel: drop,
    onPointerLeave: ({ pointerType }: PointerEvent) => {
      if (pointerType === 'mouse' && startPx.current === undefined) {
        onLeave();
      }
    },
    onDoubleClick: onZoomBack,
  };
}
