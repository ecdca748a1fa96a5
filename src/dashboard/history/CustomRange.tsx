import { useEffect, useId, useRef, useState, type FormEvent } from 'react';
import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { smallText } from '../../panel/tile/styles';
import { useLanguage } from '../language';
import { resolveRange, type PageRange } from './timeRange';

interface Props {
  range: PageRange;
  onChange: (range: PageRange) => void;
  onCancel: () => void;
}

/** Two times of the reader's clock, typed or picked in the browser's own calendar. Escape leaves everything as it was. */
export function CustomRange({ range, onChange, onCancel }: Props) {
  const { say } = useLanguage();
  const styles = useStyles2(getStyles);
  const [texts, setTexts] = useState(() => {
    const { fromMs, toMs } = resolveRange(range, Date.now());
    return { from: toLocalText(fromMs), to: toLocalText(toMs) };
  });
  const [isWrong, setWrong] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const errorId = useId();
  useEffect(() => first.current?.focus(), []);
  const apply = (event: FormEvent) => {
    event.preventDefault();
    const [fromMs, toMs] = [Date.parse(texts.from), Date.parse(texts.to)];
    if (fromMs < toMs) {
      onChange({ kind: 'fixed', fromMs, toMs });
    } else {
      setWrong(true);
    }
  };
  const field = (name: 'from' | 'to') => (
    <label className={styles.field}>
      {say(`page.${name}`)}
      <input
        ref={name === 'from' ? first : undefined}
        type="datetime-local"
        step={1}
        className={styles.input}
        value={texts[name]}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? errorId : undefined}
        onChange={({ target }) => setTexts({ ...texts, [name]: target.value })}
      />
    </label>
  );
  return (
    <form
      className={styles.form}
      noValidate
      aria-label={say('page.custom')}
      onSubmit={apply}
      onKeyDown={({ key }) => key === 'Escape' && onCancel()}
    >
      {field('from')}
      {field('to')}
      {isWrong && (
        <p id={errorId} role="alert" className={styles.error}>
          {say('page.wrongRange')}
        </p>
      )}
      <button type="submit" className={styles.apply}>
        {say('page.apply')}
      </button>
    </form>
  );
}

/** On the reader's clock, as `datetime-local` writes it. */
function toLocalText(timeMs: number): string {
  return dateTimeFormat(timeMs, { format: 'YYYY-MM-DDTHH:mm:ss' });
}

const getStyles = (theme: GrafanaTheme2) => ({
  form: css({
    display: 'grid',
    gap: 10,
    width: 264,
    boxSizing: 'border-box',
    padding: 12,
    border: `1px solid ${theme.colors.border.medium}`,
    borderRadius: 6,
    background: theme.colors.background.primary,
    boxShadow: theme.shadows.z2,
  }),
  field: css({ ...smallText(theme), display: 'grid', gap: 3 }),
  input: css({
    boxSizing: 'border-box',
    width: '100%',
    height: 34,
    padding: '0 8px',
    font: 'inherit',
    fontSize: 13,
    color: theme.colors.text.primary,
    background: theme.components.input.background,
    border: `1px solid ${theme.components.input.borderColor}`,
    borderRadius: 4,
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 1 },
    '&[aria-invalid="true"]': { borderColor: theme.colors.error.border },
  }),
  error: css({ ...smallText(theme), color: theme.colors.error.text }),
  apply: css({
    height: 34,
    font: 'inherit',
    fontSize: 13,
    fontWeight: 500,
    color: theme.colors.primary.contrastText,
    background: theme.colors.primary.main,
    border: 0,
    borderRadius: 4,
    cursor: 'pointer',
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 2 },
  }),
});
