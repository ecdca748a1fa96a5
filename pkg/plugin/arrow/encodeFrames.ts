import { type Frame } from '../../core/frames/frame';
import { processTurns } from '../../core/model/turns';
import { ArrowEncoder } from './arrowFile';

/** How much is encoded before other work has its turn: one to two milliseconds (docs/adr/0015). */
const TURN_BYTES = 256 * 1024;
/** Small frames cost by their number. */
const TURN_FRAMES = 50;

/** The frames of one answer as Arrow files, in turns with other work. Throws `INTERNAL` when a frame's fields differ in length. */
export async function encodeFrames(frames: readonly Frame[], refId: string): Promise<Uint8Array[]> {
  const encoder = new ArrowEncoder();
  const encoded: Uint8Array[] = [];
  let [turnBytes, turnFrames] = [0, 0];
  for (const frame of frames) {
    const file = encoder.encode(frame, refId);
    encoded.push(file);
    turnBytes += file.length;
    turnFrames++;
    if (turnBytes >= TURN_BYTES || turnFrames >= TURN_FRAMES) {
      [turnBytes, turnFrames] = [0, 0];
      await processTurns.next();
    }
  }
  return encoded;
}
