import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * The text of an SQL file beside this one. A bundle has no files beside it: the build puts scripts/bundle/readSql.js, which has
 * all of them in it, in place of this module.
 */
export function readSql(name: string): string {
  return readFileSync(path.join(__dirname, name), 'utf8');
}
