import { type HttpAnswer } from '../http/httpClient';
import { readQueryAnswer } from './readAnswer';

/** A body that never runs dry, as from a Prometheus that is faster than we are. */
async function* chunks(series: number): AsyncGenerator<Buffer> {
  yield Buffer.from('{"status":"success","data":{"resultType":"matrix","result":[');
  for (let i = 0; i < series; i++) {
    const samples = Array.from({ length: 2000 }, (_, p) => `[${1705590300 + p * 15},"${p}.5"]`);
    yield Buffer.from(`${i ? ',' : ''}{"metric":{"n":"${i}"},"values":[${samples.join(',')}]}`);
  }
  yield Buffer.from(']}}');
}

const answerOf = (body: HttpAnswer['body']): HttpAnswer => ({
  status: 200,
  statusLine: '200 OK',
  host: 'prometheus:9090',
  header: () => undefined,
  body,
});

describe('readQueryAnswer', () => {
  // [Q1.7]
  it('lets other work have its turn while it reads a large answer that is there all the time', async () => {
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns++;
      if (running) {
        setImmediate(count);
      }
    };
    setImmediate(count);
    const { series } = await readQueryAnswer(answerOf(chunks(60)), (text) => text);
    running = false;
    expect(series).toHaveLength(60);
    expect(series[59].values[1999]).toBe(1999.5);
    // 2.4 MB in turns of 64 KB and the chunk that crosses it
    expect(turns).toBeGreaterThanOrEqual(20);
  });

  it('lets other work have its turn also where an unpacked answer comes in large pieces', async () => {
    const pieces: Buffer[] = [];
    for await (const chunk of chunks(20)) {
      pieces.push(chunk);
    }
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns++;
      if (running) {
        setImmediate(count);
      }
    };
    setImmediate(count);
    async function* whole(): AsyncGenerator<Buffer> {
      yield Buffer.concat(pieces);
    }
    expect((await readQueryAnswer(answerOf(whole()), (text) => text)).series).toHaveLength(20);
    running = false;
    // 0.8 MB in one piece
    expect(turns).toBeGreaterThanOrEqual(8);
  });

  it('stops reading at the first series too many', async () => {
    let made = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for await (const chunk of chunks(1_000)) {
        made++;
        yield chunk;
      }
    }
    const reading = readQueryAnswer(answerOf(endless()), (text) => text, { maxSeries: 3 });
    await expect(reading).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(made).toBeLessThan(10);
  });

  it('says that an answer that was cut off is none of Prometheus, with the beginning of it', async () => {
    async function* cut(): AsyncGenerator<Buffer> {
      yield Buffer.from('{"status":"success","da');
    }
    await expect(readQueryAnswer(answerOf(cut()), (text) => text)).rejects.toMatchObject({
      code: 'SOURCE_NOT_PROMETHEUS',
    });
  });
});
