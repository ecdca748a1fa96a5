import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** Writes `.gz` and `.br` beside each text file below `folder`; index.html gets a fresh nonce on each request and stays. */
export function precompress(folder) {
  for (const file of readdirSync(folder, { recursive: true }).map(String)) {
    const path = join(folder, file);
    if (!/\.(js|css|svg|json|txt)$/.test(file) || !statSync(path).isFile()) {
      continue;
    }
    const content = readFileSync(path);
    const params = {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    };
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
    writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
  }
}
