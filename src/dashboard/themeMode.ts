import { useEffect, useState } from 'react';
import { readStored, store } from './storage';

export type ThemeMode = 'light' | 'dark';

const KEY = 'promkeep.theme';
const DARK_QUERY = '(prefers-color-scheme: dark)';

/** The system's theme until the reader chooses the other one; choosing the system's again follows the system again. */
export function useThemeMode(): [ThemeMode, (mode: ThemeMode) => void] {
  const [system, setSystem] = useState(readSystemMode);
  const [chosen, setChosen] = useState(readChosenMode);
  useEffect(() => {
    const query = window.matchMedia(DARK_QUERY);
    const follow = () => setSystem(readSystemMode());
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, []);
  const choose = (mode: ThemeMode) => {
    const remembered = mode === system ? undefined : mode;
    store(KEY, remembered);
    setChosen(remembered);
  };
  return [chosen ?? system, choose];
}

function readSystemMode(): ThemeMode {
  return window.matchMedia(DARK_QUERY).matches ? 'dark' : 'light';
}

function readChosenMode(): ThemeMode | undefined {
  const stored = readStored(KEY);
  return stored === 'light' || stored === 'dark' ? stored : undefined;
}
