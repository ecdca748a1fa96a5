import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fromRoot } from './shared.mjs';

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(11);

/** One line for each file of `dist/<folder>` that is not one of many small ones (locales, compressed twins, maps). */
export function printSizes(folder) {
  const path = fromRoot('dist', folder);
  const files = readdirSync(path, { recursive: true })
    .map((name) => ({ name: String(name), size: statSync(join(path, String(name))) }))
    .filter(({ size, name }) => size.isFile() && !/\.(map|gz|br)$/.test(name))
    .sort((a, b) => b.size.size - a.size.size);
  const total = files.reduce((sum, { size }) => sum + size.size, 0);
  console.log(`dist/${folder}  ${files.length} files, ${kilobytes(total).trim()} without maps and compressed copies`);
  for (const { name, size } of files.slice(0, 6)) {
    const text = /\.(js|css|html)$/.test(name);
    const zipped = text ? `  gzip ${kilobytes(gzipSync(readFileSync(join(path, name))).length).trim()}` : '';
    console.log(`  ${kilobytes(size.size)}  ${name}${zipped}`);
  }
}
