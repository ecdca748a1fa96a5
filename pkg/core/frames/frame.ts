import { type Labels } from '../model/series';

/** A data frame, neutral to how it travels (Arrow to Grafana, JSON to the page). All fields have the same length. */
export interface Frame {
  name?: string;
  refId?: string;
  fields: Field[];
  meta?: FrameMeta;
}

export type Field = TimeField | NumberField | Int8Field | StringField;

interface FieldBase {
  name: string;
  /** Absent and `{}` are different on the wire. */
  labels?: Labels;
  config?: FieldConfig;
}

/** Unix milliseconds. */
export interface TimeField extends FieldBase {
  type: 'time';
  values: Float64Array;
}

export interface NumberField extends FieldBase {
  type: 'number';
  values: Float64Array;
  /** Positions (true) that hold no value; absent: every position holds one. NaN is a value. */
  nulls?: Uint8Array;
}

export interface Int8Field extends FieldBase {
  type: 'int8';
  values: Int8Array;
}

export interface StringField extends FieldBase {
  type: 'string';
  values: string[];
}

/** The keys Grafana knows that Promkeep uses [P7]. */
export interface FieldConfig {
  displayNameFromDS?: string;
  description?: string;
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  /** Milliseconds between points, on time fields. */
  interval?: number;
  thresholds?: {
    mode: 'absolute' | 'percentage';
    steps: Array<{ value: number | null; color: string; state?: string }>;
  };
  links?: Array<{ title: string; url: string; targetBlank?: boolean }>;
}

export interface FrameMeta {
  type?: FrameType;
  typeVersion?: [number, number];
  custom?: Record<string, unknown>;
  stats?: Array<FieldConfig & { displayName?: string; value: number }>;
  notices?: Notice[];
  executedQueryString?: string;
  preferredVisualisationType?: 'graph' | 'table';
}

export type FrameType = 'timeseries-multi' | 'timeseries-long' | 'numeric-multi' | 'heatmap-cells' | 'table';

export interface Notice {
  severity: 'info' | 'warning' | 'error';
  text: string;
}
