import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Remembers what a file was made from, outside the folder of the file: Grafana's signature covers every file in there.
 *
 * @param {string} outFile
 * @param {string} cacheDir
 * @param {Array<string | Buffer>} inputs
 */
export function buildStamp(outFile, cacheDir, inputs) {
  const path = join(cacheDir, `stamp-${createHash('sha256').update(outFile).digest('hex').slice(0, 16)}.json`);
  const hash = createHash('sha256');
  inputs.forEach((input) => hash.update(input).update('\0'));
  const made = hash.digest('hex');
  const read = () => {
    const { size, mtimeMs } = statSync(outFile);
    return JSON.stringify({ made, size, mtimeMs });
  };
  return {
    /** Whether the file is there, untouched, and made from the same. */
    isFresh: () => existsSync(outFile) && existsSync(path) && readFileSync(path, 'utf8') === read(),
    write() {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, read());
    },
  };
}
