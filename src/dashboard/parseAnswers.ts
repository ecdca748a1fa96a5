import { dataFrameFromJSON, type DataFrame, type DataFrameJSON } from '@grafana/data';

/** `{frames: DataFrameJSON[]}` → frames; throws an `Error` for anything else. */
export function parseFrames(body: unknown): DataFrame[] {
  if (!isRecord(body) || !Array.isArray(body.frames) || !body.frames.every(isFrameJson)) {
    throw new Error('The answer holds no frames');
  }
  return body.frames.map((frame) => dataFrameFromJSON(frame));
}

/** The message of an error body: `{error: {message}}`, `{error: "…"}` or `{message}`. */
export function parseFailure(body: unknown): string | undefined {
  if (!isRecord(body)) {
    return undefined;
  }
  const texts = [isRecord(body.error) ? body.error.message : body.error, body.message];
  return texts.find((text): text is string => typeof text === 'string' && text !== '');
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFrameJson(value: unknown): value is DataFrameJSON {
  if (!isRecord(value) || !isRecord(value.schema) || !Array.isArray(value.schema.fields)) {
    return false;
  }
  const fieldsAreFine = value.schema.fields.every((field) => isRecord(field) && typeof field.name === 'string');
  const columns = isRecord(value.data) ? value.data.values : [];
  return fieldsAreFine && Array.isArray(columns) && columns.every(Array.isArray);
}
