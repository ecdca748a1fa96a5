import fc from 'fast-check';
import { anyLabels, SEED } from '../../tests/fakes/remoteValues';
import { compareLabels, compareUtf8 } from './labels';

it('texts compare as their bytes in UTF-8 do', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'B', '_', 'é', '\ue000', '\uffff', '𝒳', '😀'), maxLength: 4 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { ...SEED, numRuns: 500 }
  );
});

it('series compare by name, then value, label by label, then by length', () => {
  const label = (name: string, value: string) => ({ name, value });
  expect(compareLabels([label('A', 'z')], [label('__name__', 'a')])).toBeLessThan(0);
  expect(compareLabels([label('a', '1')], [label('a', '2')])).toBeLessThan(0);
  expect(compareLabels([label('a', '1')], [label('a', '1'), label('b', '')])).toBeLessThan(0);
  fc.assert(
    fc.property(anyLabels, (labels) => expect(compareLabels(labels, labels)).toBe(0)),
    SEED
  );
});
