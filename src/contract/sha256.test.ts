import { createHash } from 'node:crypto';
import { sha256Hex } from './sha256';

const reference = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

it('agrees with OpenSSL on every length around the block borders', () => {
  for (let length = 0; length <= 200; length++) {
    const text = 'abcdefghij'.repeat(20).slice(0, length);
    expect(sha256Hex(text)).toBe(reference(text));
  }
});

it('hashes the UTF-8 bytes of a text', () => {
  const text = 'größe{job="日本"} 🙂'.repeat(500);
  expect(sha256Hex(text)).toBe(reference(text));
});
