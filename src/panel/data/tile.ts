import { type Action, type FieldSparkline, type LinkModel, type ScopedVars } from '@grafana/data';
import { type SummaryState } from '../../contract/summary';

/** What one tile shows; everything is ready to draw, nothing is left to decide. */
export interface Tile {
  /** Unique among the tiles, and the same for the same series after a refresh. */
  key: string;
  name: string;
  /** The group's labels when the name does not say them: `instance=web-1`. */
  group?: string;
  /** Absent: there is no value, and `noData` says why. */
  value?: TileValue;
  state: TileState;
  noData?: NoData;
  /** Unix milliseconds of the value shown, only when it is older than a reader would expect. */
  asOfMs?: number;
  /** Set where nobody knows how it is now: how old the value is. It is drawn dimmed. */
  old?: string;
  /** Further calculations beside the value. */
  extras: TileExtra[];
  /** Absent: there is nothing to compare with, or nobody asked. */
  change?: TileChange;
  labels: Readonly<Record<string, string>>;
  /** Name of the metric in a standard record. */
  metricName: string;
  /** Unix milliseconds of the value, if it is known. */
  valueAtMs?: number;
  /** Lowest and highest value in the range, as texts. */
  extremes?: { lowest: string; highest: string };
  /** How the series of the metric are one value, in words; only of summary metrics. */
  aggregation?: string;
  /** The expression, as it was asked; only of summary metrics. */
  promql?: string;
  /** From which value on which state holds, ascending; empty when nobody said. */
  limits: TileLimit[];
  sparkline?: TileSparkline;
  linkCount: number;
  getLinks?: () => LinkModel[];
  /** What a click can do about it, as the field's configuration says. */
  actions?: TileAction[];
}

/** An action of Grafana's, with what its variables stand for. */
export interface TileAction {
  /** Its variables are filled. */
  title: string;
  action: Action;
  scope: ScopedVars;
}

export interface TileValue {
  numeric: number;
  text: string;
  prefix?: string;
  suffix?: string;
}

/** `none`: nobody said what is good or bad. `other`: a threshold whose colour is neither green, amber nor red. */
export type Severity = SummaryState | 'no-data' | 'other' | 'none';

export interface TileState {
  severity: Severity;
  /** Absent for `none`. */
  word?: string;
  /** CSS colour of bar, icon and sparkline; absent: neutral. */
  color?: string;
}

export interface TileChange {
  direction: 'up' | 'down' | 'same';
  /** `+2.3 pp`, or the word for no change. */
  text: string;
  /** `vs yesterday` */
  against: string;
  /** The whole sentence, with the value of then. */
  spoken: string;
  /** The value of then is out of Prometheus by now; the archive still has it. */
  isFromArchive?: true;
}

export interface TileLimit {
  state: TileState;
  /** `from 80 %`; of the lowest one `below 80 %`. */
  text: string;
}

export interface NoData {
  headline: string;
  reason: string;
  /** Unix milliseconds. */
  lastSeenMs?: number;
}

export interface TileExtra {
  label: string;
  text: string;
}

export interface TileSparkline {
  data: FieldSparkline;
  /** Names trend and last value: a canvas says nothing by itself. */
  label: string;
}

/** Most urgent first. No data stands above a warning: what is not known may be worse. */
export const SEVERITY_ORDER: readonly Severity[] = ['critical', 'no-data', 'warning', 'other', 'none', 'ok'];
