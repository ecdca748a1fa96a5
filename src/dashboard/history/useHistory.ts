import { useEffect, useRef, useState } from 'react';
import { type ArchiveHistory, type SeriesPick } from '../../contract/archivePage';
import { type PageApi } from '../live/api';
import { messageOf } from '../live/liveFeed';
import { resolveRange, type PageRange } from './timeRange';

export interface HistoryState {
  /** The last answer, also while there is no newer one. */
  history?: ArchiveHistory;
  failure?: string;
}

export interface HistoryWish {
  name: string;
  expression: string | undefined;
  range: PageRange;
  /** The width of the drawing; 0: not drawn now. */
  points: number;
  /** The server's clock, of the newest word about the archive. */
  serverTimeMs: number;
  /** The newest time the archive has of it. */
  newestMs: number | undefined;
  pick: SeriesPick;
  withRows: boolean;
}

/** What Prometheus adds to the archive's end is asked for again after this time, also when the archive stands still. */
const LIVE_MS = 15_000;
/** A wider window does not change what is drawn until it is this much wider. */
const POINT_STEPS = 100;

/** The history of one recorded query; asked for again when the archive has more of it and when the last answer was none. */
export function useHistory(api: PageApi, wish: HistoryWish): HistoryState {
  const { name, expression, range, points, serverTimeMs, newestMs, pick, withRows } = wish;
  const [state, setState] = useState<HistoryState>({});
  const asked = useRef<Asked>();
  const wanted = Math.ceil(points / POINT_STEPS) * POINT_STEPS;
  const key = JSON.stringify([name, range, wanted, pick, withRows]);
  useEffect(() => {
    const before = asked.current;
    const isOther = before?.key !== key;
    const isMore = before?.newestMs !== newestMs || serverTimeMs - (before?.atMs ?? 0) >= LIVE_MS;
    const isNews = isOther || before.failed || (isMore && range.kind === 'last');
    const isSoon = !isOther && !before.failed && serverTimeMs - before.atMs < leastWaitMs(range, wanted);
    if (wanted === 0 || !isNews || isSoon) {
      return;
    }
    before?.controller.abort();
    const mark: Asked = { key, newestMs, failed: false, atMs: serverTimeMs, controller: new AbortController() };
    asked.current = mark;
    const isPicked = pick.filter !== '' || pick.order !== 'largest';
    const request = {
      ...{ name, ...resolveRange(range, serverTimeMs), points: wanted },
      ...(expression === undefined ? {} : { expression }),
      ...(isPicked ? { pick } : {}),
      ...(withRows ? { withRows } : {}),
    };
    api.history(request, mark.controller.signal).then(
      (history) => asked.current === mark && setState({ history }),
      (error: unknown) => {
        mark.failed = true;
        if (asked.current === mark) {
          setState((last) => ({ history: last.history, failure: messageOf(error) }));
        }
      }
    );
  }, [api, name, expression, range, key, wanted, serverTimeMs, newestMs, pick, withRows]);
  useEffect(() => () => asked.current?.controller.abort(), []);
  return state;
}

interface Asked {
  key: string;
  newestMs: number | undefined;
  failed: boolean;
  /** On the server's clock. */
  atMs: number;
  controller: AbortController;
}

/** What moves by less than a pixel need not be drawn again. */
function leastWaitMs(range: PageRange, points: number): number {
  return range.kind === 'last' ? range.rangeMs / points : Infinity;
}
