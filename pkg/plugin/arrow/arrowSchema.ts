import { canonicalLabels } from '../../../src/contract/standardRecord';
import { type Field, type Frame } from '../../core/frames/frame';
import { type FlatTable, type FlatValue } from './flatbuffer';

/** Arrow's `Type` union: which table describes the type of a column. */
const ARROW_TYPE = { int: 2, floatingPoint: 3, utf8: 5, timestamp: 10 } as const;
const PRECISION_DOUBLE = 2;
const UNIT_NANOSECOND = 3;

/**
 * Arrow's `Schema` table of a frame. Grafana's own things travel in its custom metadata: name, refId and `meta` of the
 * frame; `tstype`, `labels` and `config` of each field. `meta` always says its `typeVersion`, as Grafana's SDK does.
 *
 * @param refId for frames that have none of their own
 */
export function describeSchema(frame: Frame, refId: string): FlatTable {
  const metadata: FlatTable[] = [
    keyValue('name', frame.name ?? ''),
    keyValue('refId', frame.refId ? frame.refId : refId),
  ];
  if (frame.meta) {
    metadata.push(keyValue('meta', JSON.stringify({ ...frame.meta, typeVersion: frame.meta.typeVersion ?? [0, 0] })));
  }
  return [undefined, { kind: 'tables', tables: frame.fields.map(describeField) }, { kind: 'tables', tables: metadata }];
}

function describeField(field: Field): FlatTable {
  const { type, table, tstype } = typeOf(field);
  const metadata = [keyValue('tstype', tstype)];
  if (field.labels) {
    metadata.push(keyValue('labels', canonicalLabels(field.labels)));
  }
  if (field.config) {
    metadata.push(keyValue('config', JSON.stringify(field.config)));
  }
  return [
    { kind: 'string', text: field.name },
    { kind: 'bool', value: isNullable(field) ? 1 : 0 },
    { kind: 'int8', value: type },
    { kind: 'table', table },
    undefined,
    { kind: 'tables', tables: [] },
    { kind: 'tables', tables: metadata },
  ];
}

export function isNullable(field: Field): boolean {
  return field.type === 'number' && field.nulls !== undefined;
}

function typeOf(field: Field): { type: number; table: FlatTable; tstype: string } {
  switch (field.type) {
    case 'time':
      return { type: ARROW_TYPE.timestamp, table: [int16(UNIT_NANOSECOND)], tstype: 'time' };
    case 'number':
      return { type: ARROW_TYPE.floatingPoint, table: [int16(PRECISION_DOUBLE)], tstype: 'number' };
    case 'int8':
      return {
        type: ARROW_TYPE.int,
        table: [
          { kind: 'int32', value: 8 },
          { kind: 'bool', value: 1 },
        ],
        tstype: 'number',
      };
    case 'string':
      return { type: ARROW_TYPE.utf8, table: [], tstype: 'string' };
  }
}

function int16(value: number): FlatValue {
  return { kind: 'int16', value };
}

function keyValue(key: string, value: string): FlatTable {
  return [
    { kind: 'string', text: key },
    { kind: 'string', text: value },
  ];
}
