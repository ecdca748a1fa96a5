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
      const stream = Readable.from(answerOf(Number(/^huge_(\d+)$/.exec(expr)?.[1] ?? 1)));
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

const AT_ONCE = 500;

/** Series as the node exporter has them. */
function* answerOf(series: number): Generator<string> {
  yield '{"status":"success","data":{"resultType":"vector","result":[';
  for (let i = 0; i < series; i += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, series - i) }, (_, j) => {
      const labels = `"instance":"host-${i + j}.example:9100","job":"node","cpu":"${j % 64}","mode":"idle"`;
      return `{"metric":{"__name__":"node_cpu_seconds_total",${labels}},"value":[1700000000,"${i + j}.25"]}`;
    });
    yield (i > 0 ? ',' : '') + some.join(',');
  }
  yield ']}}';
}
