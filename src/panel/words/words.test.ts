import { type Catalog } from '../../contract/catalog';
import { sayFrom } from './catalog';
import english from '../locales/en-US/promkeep-summary-panel.json';
import korean from '../locales/ko-KR/promkeep-summary-panel.json';
import manifest from '../plugin.json';
import { ENGLISH, whenText } from './words';

/** Path → names of its places. The plural's forms count as one text: languages have different ones. */
function textsOf(catalog: Catalog, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(catalog).flatMap(([key, text]): Array<[string, string]> => {
      if (typeof text !== 'string') {
        return [...textsOf(text, `${prefix}${key}.`)];
      }
      expect(text.trim()).not.toBe('');
      const places = (text.match(/\{\{\w+\}\}/g) ?? []).sort().join();
      return key.endsWith('_one') ? [] : [[prefix + key, places]];
    })
  );
}

it('has every text in every language, with the same places', () => {
  expect([...textsOf(korean)].sort()).toEqual([...textsOf(english)].sort());
  expect(manifest.languages).toEqual(['en-US', 'ko-KR']);
});

it('fills places and chooses the plural', () => {
  expect([1, 2].map((count) => ENGLISH('allHealthy', { count }))).toEqual([
    'The one value is OK',
    'All 2 values are OK',
  ]);
  const words = sayFrom(korean, 'ko-KR');
  expect(words('allHealthy', { count: 1 })).toBe('값 1개가 모두 정상입니다');
  expect(words('change.up', { change: '2%p', when: whenText(words, 86_400_000), before: '40%' })).toBe(
    '어제(40%) 대비 2%p 상승'
  );
  expect(whenText(words, 2 * 3_600_000)).toBe('2시간 전');
});

it('falls back to English, and to the key when nobody has a text', () => {
  const say = sayFrom({ states: { ok: 'gut' } }, 'de-DE');
  expect([say('states.ok'), say('states.warning'), say('states'), say('no.such')]).toEqual([
    'gut',
    'Warning',
    'states',
    'no.such',
  ]);
});
