import http from 'node:http';
import { type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

/** What no Prometheus gives on demand: answers of any number of series, streamed, and of as many as are asked at once. */
export class HugeAnswers {
  /** Requests that are being answered. */
  running = 0;

  private readonly server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const expr = new URLSearchParams(body || request.url?.split('?')[1]).get('query') ?? '';
      this.running++;
      response.on('close', () => this.running--).setHeader('content-type', 'application/json');
      const stream = Readable.from(answerOf(Number(/^huge_(\d+)$/.exec(expr)?.[1] ?? 0)));
      response.on('close', () => stream.destroy());
      stream.pipe(response);
    });
  });

  static async start(): Promise<HugeAnswers> {
    const huge = new HugeAnswers();
    await new Promise<void>((resolve) => huge.server.listen(0, '127.0.0.1', resolve));
    return huge;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const IN_CHUNK = 500;
const CHUNKS = 80;

/** Series as the node exporter has them, made once: what is to be measured is the plugin, not this. */
const chunks = Array.from({ length: CHUNKS }, (_, c) =>
  Buffer.from(Array.from({ length: IN_CHUNK }, (_, i) => `,${seriesText(c * IN_CHUNK + i)}`).join(''))
);

function seriesText(i: number): string {
  const labels = `"instance":"host-${i}.example:9100","job":"node","cpu":"${i % 64}","mode":"idle"`;
  return `{"metric":{"__name__":"node_cpu_seconds_total",${labels}},"value":[1700000000,"${i}.25"]}`;
}

/** So many series and one more; they begin anew after 40,000. */
function* answerOf(series: number): Generator<Buffer> {
  yield Buffer.from(`{"status":"success","data":{"resultType":"vector","result":[${seriesText(-1)}`);
  for (let i = 0; i < series / IN_CHUNK; i++) {
    yield chunks[i % CHUNKS];
  }
  yield Buffer.from(']}}');
}
