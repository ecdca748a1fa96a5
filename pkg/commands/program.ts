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
  addServe(program, host, finish);
  addQuery(program, host, finish);
  addArchive(program, host, finish);
  addRollup(program, host, finish);
  addLedger(program, host, finish);
  program
    .command('plugin', { hidden: true })
    .description("run as Grafana's backend plugin (Grafana starts it so itself)")
    .action(() => {
      throw new Error('Grafana starts the plugin: without arguments and with its own environment.');
    });
  return program;
}

const configOption = (): Option => new Option('-c, --config <file>', 'configuration file (default: $PROMKEEP_CONFIG)');

function addServe(program: Command, host: CommandHost, finish: (code: number) => void): void {
  program
    .command('serve')
    .description('serve the dashboard and the API, and record queries into the archive')
    .addOption(configOption())
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('-p, --port <port>', 'port to listen on (default: 5000)', parsePort)
    .option('--page <folder>', 'folder of the built page')
    .addOption(new Option('--log-format <format>', 'form of the log lines').choices(LOG_FORMATS).default('text'))
    .addOption(new Option('--log-level <level>', 'least important lines to print').choices(LOG_LEVELS).default('info'))
    .action(async (options: ServeCommandOptions) => {
      const { runServe } = await import('./serve');
      finish(await runServe(host, options));
    });
}

function addQuery(program: Command, host: CommandHost, finish: (code: number) => void): void {
  program
    .command('query')
    .description('ask Prometheus once and print the answer')
    .argument('<expr>', 'PromQL')
    .addOption(configOption())
    .option('-u, --url <url>', 'Prometheus (default: prometheus.url)')
    .option('-t, --time <time>', 'evaluate at this time: Unix seconds or RFC 3339 (default: now)')
    .option('--start <time>', 'evaluate over a range from here …')
    .option('--end <time>', '… to here')
    .option('--step <duration>', 'distance of the points: 15s, 1m, or seconds')
    .addOption(new Option('-f, --format <format>', 'form of the answer').choices(QUERY_FORMATS).default('table'))
    .action(async (expr: string, options: QueryCommandOptions) => {
      const { runQuery } = await import('./query');
      finish(await runQuery(host, expr, options));
    });
}

function addArchive(program: Command, host: CommandHost, finish: (code: number) => void): void {
  program
    .command('migrate')
    .description("bring the archive's tables up to date")
    .addOption(configOption())
    .action(async (options: { config?: string }) => {
      const { runMigrate } = await import('./archive');
      finish(await runMigrate(host, options));
    });
  const archive = program
    .command('archive')
    .description('look into the archive, and decide on what waits to be deleted');
  archive
    .command('status')
    .description('say what is kept and what is missing')
    .addOption(configOption())
    .option('--json', 'print everything as JSON')
    .action(async (options: { config?: string; json?: boolean }) => {
      const { runArchiveStatus } = await import('./archive');
      finish(await runArchiveStatus(host, options));
    });
  archive
    .command('take-back')
    .description('keep what waits to be deleted of a recorded query')
    .argument('<query>', 'its name')
    .addOption(configOption())
    .action(async (query: string, options: { config?: string }) => {
      const { runTakeBack } = await import('./deletions');
      finish(await runTakeBack(host, query, options));
    });
  archive
    .command('carry-out')
    .description('let what waits for a recorded query hold now, without waiting for its date')
    .argument('<query>', 'its name')
    .addOption(configOption())
    .action(async (query: string, options: { config?: string }) => {
      const { runCarryOut } = await import('./deletions');
      finish(await runCarryOut(host, query, options));
    });
}

function addRollup(program: Command, host: CommandHost, finish: (code: number) => void): void {
  program
    .command('rollup')
    .description('store rollups of closed days now, or compute stored ones again from the samples there are')
    .addOption(configOption())
    .option('--recompute', 'compute again what may still change (samples that have expired cannot)')
    .option('--query <name>', 'only this recorded query')
    .option('--from <time>', 'begin: Unix seconds or RFC 3339 (default: everything)')
    .option('--to <time>', 'end (default: now)')
    .action(async (options: RollupCommandOptions) => {
      const { runRollup } = await import('./archive');
      finish(await runRollup(host, options));
    });
}

function addLedger(program: Command, host: CommandHost, finish: (code: number) => void): void {
  program
    .command('gaps')
    .description('say what the archive lacks of each recorded query, and why')
    .addOption(configOption())
    .option('--json', 'print everything as JSON')
    .action(async (options: LedgerCommandOptions) => {
      const { runGaps } = await import('./ledger');
      finish(await runGaps(host, options));
    });
  program
    .command('backfill')
    .description('fill what the archive lacks in a window, beside a running archiver; may be stopped and called again')
    .addOption(configOption())
    .requiredOption('--from <time>', 'begin: Unix seconds or RFC 3339')
    .option('--to <time>', 'end (default: now)')
    .option('--query <name>', 'only this recorded query')
    .action(async (options: BackfillCommandOptions) => {
      const { runBackfill } = await import('./ledger');
      finish(await runBackfill(host, options));
    });
  program
    .command('verify')
    .description('compare the archive with what Prometheus still has; ends with 1 when they differ')
    .addOption(configOption())
    .option('--from <time>', 'begin: Unix seconds or RFC 3339 (default: everything)')
    .option('--to <time>', 'end (default: now)')
    .option('--query <name>', 'only this recorded query')
    .option('--repair', 'write again what differs')
    .option('--json', 'print everything as JSON')
    .action(async (options: VerifyCommandOptions) => {
      const { runVerify } = await import('./ledger');
      finish(await runVerify(host, options));
    });
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
