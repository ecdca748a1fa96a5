import { type Field, type FieldConfig, type Frame } from './frame';
import { type Labels } from '../model/series';

/** A frame in Grafana's JSON form [P8], as Live and the stand-alone page read it. */
export interface FrameJson {
  schema: FrameSchemaJson;
  data: FrameDataJson;
}

/** One packet of a stream of frames: those after the first usually leave out the schema. */
export type FramePacket = Pick<FrameJson, 'data'> & Partial<Pick<FrameJson, 'schema'>>;

export interface FrameSchemaJson extends Pick<Frame, 'name' | 'refId' | 'meta'> {
  fields: FieldSchemaJson[];
}

export interface FieldSchemaJson {
  name: string;
  type: 'time' | 'number' | 'string';
  /** Always there: Grafana's own decoder panics without it. */
  typeInfo: { frame: 'time.Time' | 'float64' | 'int8' | 'string'; nullable?: true };
  labels?: Labels;
  config?: FieldConfig;
}

export interface FrameDataJson {
  values: Array<Array<number | string | null>>;
  /** Per field, where JSON's null stands for a float that JSON does not have; absent when there is none. */
  entities?: Array<FieldEntities | null>;
}

export type FieldEntities = Partial<Record<'NaN' | 'Inf' | 'NegInf', number[]>>;

const GO_TYPES = { time: 'time.Time', number: 'float64', int8: 'int8', string: 'string' } as const;

export function frameToJson(frame: Frame): FrameJson {
  const entities = frame.fields.map(entitiesOf);
  const { name, refId, meta } = frame;
  return {
    schema: {
      ...(name === undefined ? {} : { name }),
      ...(refId === undefined ? {} : { refId }),
      // The SDK always writes a version with a meta, so a reader may rely on it.
      ...(meta === undefined ? {} : { meta: { typeVersion: [0, 0], ...meta } }),
      fields: frame.fields.map(fieldSchema),
    },
    data: {
      values: frame.fields.map(jsonValues),
      ...(entities.some((one) => one !== null) ? { entities } : {}),
    },
  };
}

function fieldSchema(field: Field): FieldSchemaJson {
  const nullable = field.type === 'number' && field.nulls !== undefined;
  return {
    name: field.name,
    type: field.type === 'int8' ? 'number' : field.type,
    typeInfo: { frame: GO_TYPES[field.type], ...(nullable ? { nullable } : {}) },
    ...(field.labels === undefined ? {} : { labels: field.labels }),
    ...(field.config === undefined ? {} : { config: field.config }),
  };
}

function jsonValues(field: Field): Array<number | string | null> {
  if (field.type !== 'number') {
    return Array.from<number | string>(field.values);
  }
  const { values, nulls } = field;
  return Array.from(values, (value, i) => (nulls?.[i] || !Number.isFinite(value) ? null : value));
}

function entitiesOf(field: Field): FieldEntities | null {
  if (field.type !== 'number') {
    return null;
  }
  const found: FieldEntities = {};
  field.values.forEach((value, i) => {
    if (Number.isFinite(value) || field.nulls?.[i]) {
      return;
    }
    const kind = Number.isNaN(value) ? 'NaN' : value > 0 ? 'Inf' : 'NegInf';
    (found[kind] ??= []).push(i);
  });
  return Object.keys(found).length > 0 ? found : null;
}
