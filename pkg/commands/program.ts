import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type RollupCommandOptions } from './archive';
import { asPromkeepError } from '../core/model/errors';
import { EXIT, exitCodeOf, type CommandHost } from './commandHost';
import { type BackfillCommandOptions, type LedgerCommandOptions, type VerifyCommandOptions } from './ledger';
import { QUERY_FORMATS, type QueryCommandOptions } from './query';
import { type ServeCommandOptions } from './serve';
import { LOG_FORMATS, LOG_LEVELS } from './terminalLogger';
import { VERSION } from './version';

const EXIT_HELP = `
Exit codes: 0 it worked, 1 it did not, 2 wrong usage or configuration, 130 stopped by force.
Configuration: one YAML file and the environment; docs/configuration.md lists every key.`;

/** Runs one command. Resolves with the exit code; errors are told on stderr, with their stack only for `--debug`. */
export async function runProgram(host: CommandHost, args: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  const program = buildProgram(host, (result) => (code = result));
  if (args.length === 0) {
    host.writeError(program.helpInformation());
    host.writeError('\nSay what to do, for example: promkeep serve\n');
    return EXIT.failed;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    }
    host.writeError(`${describeFailure(error, program.opts<{ debug?: boolean }>().debug === true)}\n`);
    return exitCodeOf(error);
  }
}

function buildProgram(host: CommandHost, finish: (code: number) => void): Command {
  const program = new Command('promkeep')
    .description('See Prometheus in Grafana, and keep what you see, in plain Postgres.')
    .version(VERSION, '-V, --version', 'print the version')
    .option('--debug', 'print stack traces')
    .helpOption('-h, --help', 'print help')
    .addHelpText('after', EXIT_HELP)
    .showHelpAfterError('(promkeep --help lists the commands)')
    .exitOverride()
    .configureOutput({ writeOut: (text) => host.writeOut(text), writeErr: (text) => host.writeError(text) });
  const runs: Runs =
    (work) =>
    async (...args) =>
      finish(await work(...args));
  addServe(program, host, runs);
  addQuery(program, host, runs);
  addArchive(program, host, runs);
  addRollup(program, host, runs);
  addLedger(program, host, runs);
  program
    .command('plugin', { hidden: true })
    .description("run as Grafana's backend plugin (Grafana starts it so itself)")
    .action(() => {
      throw new Error('Grafana starts the plugin: without arguments and with its own environment.');
    });
  return program;
}

/** The action of a command; what it needs is imported when it is called. */
type Runs = <Args extends unknown[]>(work: (...args: Args) => Promise<number>) => (...args: Args) => Promise<void>;

function add(to: Command, name: string, description: string): Command {
  return to
    .command(name)
    .description(description)
    .option('-c, --config <file>', 'configuration file (default: $PROMKEEP_CONFIG)');
}

function addServe(program: Command, host: CommandHost, runs: Runs): void {
  add(program, 'serve', 'serve the dashboard and the API, and record queries into the archive')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('-p, --port <port>', 'port to listen on (default: 5000)', parsePort)
    .option('--page <folder>', 'folder of the built page')
    .addOption(new Option('--log-format <format>', 'form of the log lines').choices(LOG_FORMATS).default('text'))
    .addOption(new Option('--log-level <level>', 'least important lines to print').choices(LOG_LEVELS).default('info'))
    .action(runs(async (options: ServeCommandOptions) => (await import('./serve')).runServe(host, options)));
}

function addQuery(program: Command, host: CommandHost, runs: Runs): void {
  add(program, 'query', 'ask Prometheus once and print the answer')
    .argument('<expr>', 'PromQL')
    .option('-u, --url <url>', 'Prometheus (default: prometheus.url)')
    .option('-t, --time <time>', 'evaluate at this time: Unix seconds or RFC 3339 (default: now)')
    .option('--start <time>', 'evaluate over a range from here …')
    .option('--end <time>', '… to here')
    .option('--step <duration>', 'distance of the points: 15s, 1m, or seconds')
    .addOption(new Option('-f, --format <format>', 'form of the answer').choices(QUERY_FORMATS).default('table'))
    .action(
      runs(async (expr: string, options: QueryCommandOptions) =>
        (await import('./query')).runQuery(host, expr, options)
      )
    );
}

function addArchive(program: Command, host: CommandHost, runs: Runs): void {
  add(program, 'migrate', "bring the archive's tables up to date").action(
    runs(async (options: { config?: string }) => (await import('./archive')).runMigrate(host, options))
  );
  const archive = program
    .command('archive')
    .description('look into the archive, and decide on what waits to be deleted');
  add(archive, 'status', 'say what is kept and what is missing')
    .option('--json', 'print everything as JSON')
    .action(
      runs(async (options: { config?: string; json?: boolean }) =>
        (await import('./archive')).runArchiveStatus(host, options)
      )
    );
  add(archive, 'take-back', 'keep what waits to be deleted of a recorded query')
    .argument('<query>', 'its name')
    .action(
      runs(async (query: string, options: { config?: string }) =>
        (await import('./deletions')).runTakeBack(host, query, options)
      )
    );
  add(archive, 'carry-out', 'let what waits for a recorded query hold now, without waiting for its date')
    .argument('<query>', 'its name')
    .action(
      runs(async (query: string, options: { config?: string }) =>
        (await import('./deletions')).runCarryOut(host, query, options)
      )
    );
}

function addRollup(program: Command, host: CommandHost, runs: Runs): void {
  add(program, 'rollup', 'store rollups of closed days now, or compute stored ones again from the samples there are')
    .option('--recompute', 'compute again what may still change (samples that have expired cannot)')
    .option('--query <name>', 'only this recorded query')
    .option('--from <time>', 'begin: Unix seconds or RFC 3339 (default: everything)')
    .option('--to <time>', 'end (default: now)')
    .action(runs(async (options: RollupCommandOptions) => (await import('./archive')).runRollup(host, options)));
}

function addLedger(program: Command, host: CommandHost, runs: Runs): void {
  add(program, 'gaps', 'say what the archive lacks of each recorded query, and why')
    .option('--json', 'print everything as JSON')
    .action(runs(async (options: LedgerCommandOptions) => (await import('./ledger')).runGaps(host, options)));
  add(
    program,
    'backfill',
    'fill what the archive lacks in a window, beside a running archiver; may be stopped and called again'
  )
    .requiredOption('--from <time>', 'begin: Unix seconds or RFC 3339')
    .option('--to <time>', 'end (default: now)')
    .option('--query <name>', 'only this recorded query')
    .action(runs(async (options: BackfillCommandOptions) => (await import('./ledger')).runBackfill(host, options)));
  add(program, 'verify', 'compare the archive with what Prometheus still has; ends with 1 when they differ')
    .option('--from <time>', 'begin: Unix seconds or RFC 3339 (default: everything)')
    .option('--to <time>', 'end (default: now)')
    .option('--query <name>', 'only this recorded query')
    .option('--repair', 'write again what differs')
    .option('--json', 'print everything as JSON')
    .action(runs(async (options: VerifyCommandOptions) => (await import('./ledger')).runVerify(host, options)));
}

function parsePort(text: string): string {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new InvalidArgumentError('A port is a number up to 65535.');
  }
  return text;
}

function describeFailure(error: unknown, debug: boolean): string {
  const ours = asPromkeepError(error);
  if (!debug) {
    return ours.message;
  }
  const stacks = [ours, ours.cause].map((one) => (one instanceof Error ? (one.stack ?? one.message) : ''));
  return stacks.filter((stack) => stack !== '').join('\nCaused by: ');
}
