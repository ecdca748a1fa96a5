import './early';
import './page.css';
import { createRoot } from 'react-dom/client';
import { httpApi } from './live/api';
import { chooseLanguage, LanguageContext } from './language';
import { Page } from './Page';

const root = document.getElementById('root');
if (root) {
  const language = chooseLanguage(navigator.languages);
  document.documentElement.lang = language.locale;
  createRoot(root).render(
    <LanguageContext.Provider value={language}>
      <Page api={httpApi} />
    </LanguageContext.Provider>
  );
}
