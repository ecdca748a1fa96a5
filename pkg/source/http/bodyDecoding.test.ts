import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { decodeBody } from './bodyDecoding';

async function decoded(body: Buffer, encodings: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of decodeBody(Readable.from([body]), encodings)) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

describe('the encodings of a body', () => {
  it('are taken off, the last one first', async () => {
    const body = Array.from({ length: 4 }).reduce<Buffer>((inner) => gzipSync(inner), Buffer.from('hello'));
    expect(await decoded(body, 'gzip, x-gzip, GZIP,gzip')).toBe('hello');
  });

  it('are no more than four: each takes memory before anything has come', async () => {
    const failure = { code: 'SOURCE_NOT_PROMETHEUS', message: 'The answer has more than 4 encodings.' };
    await expect(decoded(Buffer.from('x'), 'gzip,'.repeat(3_000))).rejects.toMatchObject(failure);
  });
});
