import { useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { readStored, store } from './storage';

export type ThemeMode = 'light' | 'dark';

const KEY = 'promkeep.theme';
const DARK_QUERY = '(prefers-color-scheme: dark)';
const PRINT_QUERY = 'print';

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

/** Whether the page is drawn for paper. */
export function usePrinting(): boolean {
  const [isPrinting, setPrinting] = useState(false);
  useEffect(() => {
    const query = window.matchMedia(PRINT_QUERY);
    // The page is printed as it is when the listener is done.
    const follow = () => flushSync(() => setPrinting(window.matchMedia(PRINT_QUERY).matches));
    const begin = () => flushSync(() => setPrinting(true));
    query.addEventListener('change', follow);
    window.addEventListener('beforeprint', begin);
    window.addEventListener('afterprint', follow);
    return () => {
      query.removeEventListener('change', follow);
      window.removeEventListener('beforeprint', begin);
      window.removeEventListener('afterprint', follow);
    };
  }, []);
  return isPrinting;
}

function readSystemMode(): ThemeMode {
  return window.matchMedia(DARK_QUERY).matches ? 'dark' : 'light';
}

function readChosenMode(): ThemeMode | undefined {
  const stored = readStored(KEY);
  return stored === 'light' || stored === 'dark' ? stored : undefined;
}
