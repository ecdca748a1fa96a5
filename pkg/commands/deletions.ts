import { type ArchiveStatus } from '../core/ports/archive';
import { EXIT, type CommandHost, untilStopped } from './commandHost';
import { formatTable } from './table';
import { type ArchiveCommandOptions, withArchive } from './withArchive';

/** `promkeep archive take-back <query>`: what waits to be deleted of a recorded query stays. */
export function runTakeBack(host: CommandHost, query: string, options: ArchiveCommandOptions): Promise<number> {
  return withArchive(host, options, async (archive) => {
    await archive.definitions.takeBack(query, undefined);
    host.writeOut(`Taken back: what waited to be deleted of ${query} stays.\n`);
    return EXIT.ok;
  });
}

/** `promkeep archive carry-out <query>`: does not wait for the date. Written to the audit as the command line's. */
export function runCarryOut(host: CommandHost, query: string, options: ArchiveCommandOptions): Promise<number> {
  return withArchive(host, options, async (archive) => {
    const done = await untilStopped(host, (signal) => archive.definitions.carryOut(query, undefined, signal));
    host.writeOut(
      done
        ? `Carried out: it holds for ${query} from now on; the next upkeep removes what has expired by it.\n`
        : `It holds for ${query} from now on; the next upkeep removes the rest of the data.\n`
    );
    return EXIT.ok;
  });
}

/** What waits to be deleted, and for which queries the upkeep failed; nothing where there is neither. */
export function describeDeletions({ pending, failures }: ArchiveStatus): string {
  const waiting = pending.map(({ query, what, present, wanted, by, atMs, samples }) => [
    query ?? 'all',
    what,
    present ?? 'default',
    wanted,
    by,
    new Date(atMs).toISOString(),
    samples === undefined ? '' : String(samples),
  ]);
  const failing = failures.map(({ query, task, runs, sinceMs, message }) => [
    query,
    task,
    String(runs),
    new Date(sinceMs).toISOString(),
    message,
  ]);
  return (
    section(
      'Waits to be deleted',
      formatTable(['query', 'what', 'now', 'wanted', 'by', 'date', 'samples'], waiting, [6]),
      waiting
    ) + section('Upkeep failed for', formatTable(['query', 'task', 'runs', 'since', 'error'], failing, [2]), failing)
  );
}

function section(title: string, table: string, rows: readonly unknown[]): string {
  return rows.length === 0 ? '' : `\n${title}\n${table}`;
}
