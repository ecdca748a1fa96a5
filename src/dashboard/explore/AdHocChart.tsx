import { useEffect, useId, useState, type FormEvent } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type PageApi } from '../live/api';
import { HistoryCard, type Charted } from '../history/HistoryCard';
import { type ChartControl } from '../history/HistoryChart';
import { useLanguage } from '../language';
import { type PageRange } from '../history/timeRange';
import { completions } from './completions';

interface Props {
  api: PageApi;
  /** What is drawn below anyway: their names stand for them here as well. */
  known: readonly Charted[];
  range: PageRange;
  serverTimeMs: number;
  control: ChartControl;
}

const PARAMETER = 'query';
/** The newest time changes as often as this. */
const REDRAW_MS = 15_000;

/** A box for any PromQL or the name of a recorded query, and its chart. It stands in the address. */
export function AdHocChart({ api, known, range, serverTimeMs, control }: Props) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const listId = useId();
  const [asked, setAsked] = useState(() => new URLSearchParams(window.location.search).get(PARAMETER) ?? '');
  const [text, setText] = useState(asked);
  const [isTouched, setTouched] = useState(false);
  const metrics = useMetricNames(api, isTouched);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const address = new URL(window.location.href);
    address.searchParams.delete(PARAMETER);
    if (text.trim() !== '') {
      address.searchParams.set(PARAMETER, text.trim());
    }
    window.history.replaceState(null, '', address);
    setAsked(text.trim());
  };
  const names = [...known.map(({ name }) => name), ...metrics];
  const newestMs = Math.floor(serverTimeMs / REDRAW_MS) * REDRAW_MS;
  const recorded = known.find(({ name, displayName }) => name === asked || displayName === asked);
  const charted = recorded ?? { name: asked, displayName: asked, typed: asked, newestMs };
  return (
    <>
      <form className={styles.form} onSubmit={submit} role="search" aria-label={say('page.adHoc.title')}>
        <input
          type="search"
          className={styles.input}
          value={text}
          list={listId}
          spellCheck={false}
          autoCapitalize="off"
          placeholder={say('page.adHoc.placeholder')}
          aria-label={say('page.adHoc.title')}
          onFocus={() => setTouched(true)}
          onChange={({ target }) => setText(target.value)}
        />
        <datalist id={listId}>
          {completions(text, names).map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        <button type="submit" className={styles.button}>
          {say('page.adHoc.draw')}
        </button>
      </form>
      {asked !== '' && (
        <ul className={styles.list}>
          <HistoryCard
            key={asked}
            api={api}
            charted={charted}
            range={range}
            serverTimeMs={serverTimeMs}
            control={control}
          />
        </ul>
      )}
    </>
  );
}

/** Asked for when somebody is about to type. */
function useMetricNames(api: PageApi, isWanted: boolean): string[] {
  const [names, setNames] = useState<string[]>([]);
  useEffect(() => {
    if (!isWanted) {
      return;
    }
    const controller = new AbortController();
    // Without them nothing is completed; all else works.
    api.metricNames(controller.signal).then(setNames, () => undefined);
    return () => controller.abort();
  }, [api, isWanted]);
  return names;
}

const getStyles = (theme: GrafanaTheme2) => ({
  form: css({ display: 'flex', gap: 8, margin: '0 0 8px', '@media print': { display: 'none' } }),
  input: css({
    flex: 1,
    minWidth: 0,
    height: 34,
    boxSizing: 'border-box',
    padding: '0 10px',
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: 13,
    color: theme.colors.text.primary,
    background: theme.components.input.background,
    border: `1px solid ${theme.components.input.borderColor}`,
    borderRadius: 4,
    '&::placeholder': { color: theme.colors.text.secondary, fontFamily: theme.typography.fontFamily },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 1 },
  }),
  button: css({
    height: 34,
    padding: '0 14px',
    font: 'inherit',
    fontSize: 13,
    color: theme.colors.text.primary,
    background: theme.colors.background.primary,
    border: `1px solid ${theme.colors.border.medium}`,
    borderRadius: 6,
    cursor: 'pointer',
    '&:hover': { background: theme.colors.action.hover },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 1 },
  }),
  list: css({ margin: '0 0 8px', padding: 0, listStyle: 'none' }),
});
