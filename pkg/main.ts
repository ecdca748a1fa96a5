import { type CommandHost } from './commands/commandHost';
import { MAGIC_COOKIE_NAME } from './plugin/host/handshake';

/** Grafana starts its plugins without arguments and leaves its mark in the environment. */
if (process.env[MAGIC_COOKIE_NAME] !== undefined && process.argv.length <= 2) {
  void startPlugin();
} else {
  void startCommand();
}

/** Loaded only here: the stand-alone commands need neither gRPC nor Arrow, and the plugin no HTTP server. */
async function startPlugin(): Promise<void> {
  const { runPlugin } = await import('./commands/plugin');
  await runPlugin(
    process,
    (code) => process.exit(code),
    // after the handshake: the start is 35 ms shorter
    async (logger, budget) => (await import('./compose/plugin')).composePlugin(logger, process.env, budget)
  );
}

async function startCommand(): Promise<void> {
  const { runProgram } = await import('./commands/program');
  process.exit(await runProgram(hostOf(process), process.argv.slice(2)));
}

function hostOf(host: NodeJS.Process): CommandHost {
  return {
    environment: host.env,
    programPath: host.argv[1] ?? host.execPath,
    writeOut: (text) => void host.stdout.write(text),
    writeError: (text) => void host.stderr.write(text),
    onStopSignal(callback) {
      const listener = (signal: NodeJS.Signals): void => callback(signal);
      host.on('SIGINT', listener).on('SIGTERM', listener);
      return () => void host.off('SIGINT', listener).off('SIGTERM', listener);
    },
    exitNow: (code) => host.exit(code),
  };
}
