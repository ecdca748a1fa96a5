import { parseArgs } from 'node:util';
import { startExporter } from './exporterServer';

const USAGE = `A custom exporter for Prometheus: a pretended web application with a counter, a histogram and two gauges.

  exporter [--host 127.0.0.1] [--port 8000]
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8000' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`--port must be a whole number from 0 to 65535, not ${values.port}`);
  }
  const exporter = await startExporter(values.host, port);
  process.stdout.write(`Metrics at http://${values.host}:${exporter.port}/metrics\n`);
  const stop = (): void => void exporter.stop();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`exporter: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
