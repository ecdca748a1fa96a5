import { liveLabels } from '../../../src/contract/live';
import { type Frame, type Notice } from '../frames/frame';
import { type FramePacket, frameToJson } from '../frames/frameJson';
import { type Series } from '../model/series';

/**
 * New points as one long frame: `labels`, `Time`, `Value`. The browser's stream matches such rows by their labels; a wide
 * frame's fields it matches by name, and hands one series' past to another when a series comes or goes.
 *
 * @param notices shown with the channel's data until the next frame with a schema
 */
export function liveFrame(series: readonly Series[], notices: readonly Notice[] = []): Frame {
  const floats = series.filter(({ timesMs }) => timesMs.length > 0);
  const rows = floats.reduce((sum, { timesMs }) => sum + timesMs.length, 0);
  const labels = new Array<string>(rows);
  const times = new Float64Array(rows);
  const values = new Float64Array(rows);
  let row = 0;
  for (const one of floats) {
    labels.fill(liveLabels(one.labels), row, row + one.timesMs.length);
    times.set(one.timesMs, row);
    values.set(one.values, row);
    row += one.timesMs.length;
  }
  return {
    fields: [
      { name: 'labels', type: 'string', values: labels },
      { name: 'Time', type: 'time', values: times },
      { name: 'Value', type: 'number', values },
    ],
    ...(notices.length > 0 ? { meta: { notices: [...notices] } } : {}),
  };
}

/** A packet of a frame whose schema the reader has. */
export function dataPacket(frame: Frame): FramePacket {
  return { data: frameToJson(frame).data };
}
