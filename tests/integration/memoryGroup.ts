import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** A control group with a limit on memory: what is started in it is killed by the kernel beyond that. */
export interface MemoryGroup {
  /** Goes before a command, which it runs inside. */
  readonly prefix: string[];
  /** The most there was at once, page cache included. */
  peakBytes(): number;
  remove(): void;
}

/** Of version 2 or 1, whichever can be made here; `undefined` where neither can, as in most containers. */
export function createMemoryGroup(limitMib: number): MemoryGroup | undefined {
  const name = `promkeep-test-${process.pid}-${Date.now()}`;
  return (
    create(path.join('/sys/fs/cgroup', name), limitMib, ['memory.max', 'memory.peak']) ??
    create(path.join('/sys/fs/cgroup/memory', name), limitMib, ['memory.limit_in_bytes', 'memory.max_usage_in_bytes'])
  );
}

function create(folder: string, limitMib: number, [limit, peak]: [string, string]): MemoryGroup | undefined {
  try {
    fs.mkdirSync(folder);
    if (!fs.existsSync(path.join(folder, limit))) {
      // a folder that is no control group, or one without control of memory
      fs.rmdirSync(folder);
      return undefined;
    }
    fs.writeFileSync(path.join(folder, limit), String(limitMib * 1024 * 1024));
    const prefix = ['/bin/sh', '-c', `echo $$ > ${folder}/cgroup.procs && exec "$0" "$@"`];
    execFileSync(prefix[0], [...prefix.slice(1), 'true'], { stdio: 'ignore' });
    return {
      prefix,
      peakBytes: () => Number(fs.readFileSync(path.join(folder, peak), 'utf8')),
      remove: () => fs.rmdirSync(folder),
    };
  } catch {
    return undefined;
  }
}
