import { HpackDecoder, HpackError } from './hpackDecoder';
import { encodeHeaders } from './hpackEncoder';

/** The blocks of one connection, decoded in order. */
function decodeAll(...blocks: string[]): Array<Record<string, string>> {
  const decoder = new HpackDecoder();
  return blocks.map((block) => Object.fromEntries(decoder.decode(Buffer.from(block, 'hex'))));
}

const GET = { ':method': 'GET', ':path': '/', ':scheme': 'http', ':authority': 'www.example.com' };
/** "Here is a table of 256 bytes", with which the examples of responses begin. */
const TABLE_OF_256 = '3fe101';

describe('the examples of RFC 7541', () => {
  it.each([
    [
      'C.3, plain',
      [
        '828684410f7777772e6578616d706c652e636f6d',
        '828684be58086e6f2d6361636865',
        '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
      ],
    ],
    [
      'C.4, in Huffman code',
      [
        '828684418cf1e3c2e5f23a6ba0ab90f4ff',
        '828684be5886a8eb10649cbf',
        '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
      ],
    ],
  ])('requests %s', (_, blocks) => {
    expect(decodeAll(...blocks)).toEqual([
      GET,
      { ...GET, 'cache-control': 'no-cache' },
      { ...GET, ':path': '/index.html', ':scheme': 'https', 'custom-key': 'custom-value' },
    ]);
  });

  it('responses C.6, whose table is so small that entries fall out', () => {
    const common = { 'cache-control': 'private', location: 'https://www.example.com' };
    const before = 'Mon, 21 Oct 2013 20:13:21 GMT';
    const after = 'Mon, 21 Oct 2013 20:13:22 GMT';
    const cookie = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';
    expect(
      decodeAll(
        `${TABLE_OF_256}488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3`,
        '4883640effc1c0bf',
        '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007'
      )
    ).toEqual([
      { ':status': '302', date: before, ...common },
      { ':status': '307', date: before, ...common },
      { ':status': '200', date: after, ...common, 'content-encoding': 'gzip', 'set-cookie': cookie },
    ]);
  });
});

describe('a block that breaks the rules', () => {
  it.each([
    ['index 0', '80'],
    ['an index nothing stands at', 'be'],
    ['a table larger than offered', '3fe21f'],
    ['a text that is cut off', '4005ab'],
    ['a number that is cut off', 'ff'],
    ['a number without end', 'ffffffffffffffff00'],
    ['Huffman code with a byte of padding', '0081ff8261ff'],
    ['Huffman code padded with zeros', '008118' + '8118'],
    ['the end mark of Huffman code', '0084ffffffff0161'],
  ])('is refused: %s', (_, block) => {
    expect(() => decodeAll(block)).toThrow(HpackError);
  });
});

describe('our own blocks', () => {
  it('come back as they were, also with texts whose length takes several bytes', () => {
    const headers = { 'grpc-status': '2', a: 'x'.repeat(126), b: 'x'.repeat(127), c: 'x'.repeat(100_000) };
    expect(Object.fromEntries(new HpackDecoder().decode(encodeHeaders(headers)))).toEqual(headers);
  });
});
