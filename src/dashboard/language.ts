import { createContext, useContext } from 'react';
import { sayFrom, type Say } from '../panel/words/catalog';
import panelEnglish from '../panel/locales/en-US/promkeep-summary-panel.json';
import panelKorean from '../panel/locales/ko-KR/promkeep-summary-panel.json';
import english from './locales/en-US.json';
import korean from './locales/ko-KR.json';

/** A language of the page; it says its own texts (below `page.`) and those of the tiles. */
export interface Language {
  locale: string;
  say: Say;
}

const ENGLISH_PAGE: Language = { locale: 'en-US', say: sayFrom({ ...panelEnglish, ...english }, 'en-US') };

/** The reader's language as far as the page knows it: the first wanted one it has, otherwise English. */
export function chooseLanguage(wanted: readonly string[]): Language {
  const known = wanted.map((tag) => tag.toLowerCase().split('-')[0]).find((code) => code === 'ko' || code === 'en');
  return known === 'ko' ? { locale: 'ko-KR', say: sayFrom({ ...panelKorean, ...korean }, 'ko-KR') } : ENGLISH_PAGE;
}

export const LanguageContext = createContext<Language>(ENGLISH_PAGE);

export function useLanguage(): Language {
  return useContext(LanguageContext);
}
