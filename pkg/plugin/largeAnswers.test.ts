import fc from 'fast-check';
import { loadProtocol } from './protocol';
import { encodeQueryResponse, encodeResourceResponse } from './largeAnswers';

const protocol = loadProtocol();
const { responseSerialize } = protocol.service('pluginv2.Data').QueryData;

describe('the answer to a query in protobuf', () => {
  const response = fc.record({
    frames: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
    status: fc.integer({ min: 100, max: 599 }),
    error: fc.option(fc.string({ minLength: 1, unit: 'binary' }), { nil: undefined }),
    errorSource: fc.constantFrom(undefined, 'plugin', 'downstream'),
  });

  // [P5]
  it('is byte for byte what the protobuf library makes of it', () => {
    const responses = fc.dictionary(fc.string({ maxLength: 200 }), response, { maxKeys: 4, noNullPrototype: true });
    fc.assert(
      fc.property(responses, (all) => {
        const ours = Buffer.concat(encodeQueryResponse({ responses: all }));
        expect(ours.toString('hex')).toBe(responseSerialize({ responses: all }).toString('hex'));
      }),
      { numRuns: 500 }
    );
  });

  it('does not copy the frames', () => {
    const frame = new Uint8Array(100_000);
    const parts = encodeQueryResponse({ responses: { A: { frames: [frame], status: 200 } } });
    expect(parts.filter(({ buffer }) => buffer === frame.buffer)).toHaveLength(1);
  });
});

describe('the answer to a resource call in protobuf', () => {
  const { responseSerialize: serialize, responseDeserialize } = protocol.service('pluginv2.Resource').CallResource;

  it('is what the protobuf library reads, with a body that is not copied', () => {
    const body = Buffer.alloc(100_000, 'x');
    const parts = encodeResourceResponse({ code: 203, headers: { a: { values: ['b', 'c'] } }, body }, serialize);
    expect(responseDeserialize(Buffer.concat(parts))).toEqual({
      code: 203,
      headers: { a: { values: ['b', 'c'] } },
      body,
    });
    expect(parts.filter(({ buffer }) => buffer === body.buffer)).toHaveLength(1);
  });
});
