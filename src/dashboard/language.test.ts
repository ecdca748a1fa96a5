import { type Catalog } from '../contract/catalog';
import { chooseLanguage } from './language';
import english from './locales/en-US.json';
import korean from './locales/ko-KR.json';

function keysOf(catalog: Catalog, prefix = ''): string[] {
  return Object.entries(catalog).flatMap(([key, text]) => {
    if (typeof text !== 'string') {
      return keysOf(text, `${prefix}${key}.`);
    }
    const places = (text.match(/\{\{\w+\}\}/g) ?? []).sort().join();
    return key.endsWith('_one') ? [] : [`${prefix}${key} ${places}`];
  });
}

it('has every text in every language, with the same places', () => {
  expect(keysOf(korean).sort()).toEqual(keysOf(english).sort());
});

it.each([
  [['ko-KR', 'en'], 'ko-KR', '실시간', '정상'],
  [['de-DE', 'ko'], 'ko-KR', '실시간', '정상'],
  [['en-GB', 'ko'], 'en-US', 'Live', 'OK'],
  [[], 'en-US', 'Live', 'OK'],
])('speaks the first language it knows of %p', (wanted, locale, live, ok) => {
  const language = chooseLanguage(wanted);
  expect(language.locale).toBe(locale);
  expect(language.say('page.live')).toBe(live);
  expect(language.say('states.ok')).toBe(ok);
});
