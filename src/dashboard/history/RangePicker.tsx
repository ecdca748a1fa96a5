import { useId, useRef, useState } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { visuallyHidden } from '../../panel/tile/styles';
import { CustomRange } from './CustomRange';
import { useLanguage } from '../language';
import { presetOf, PRESETS, type PageRange } from './timeRange';

interface Props {
  range: PageRange;
  onChange: (range: PageRange) => void;
  /** To what was shown before a piece of it was zoomed into; absent: nothing was. */
  onBack?: () => void;
}

/** Native radio buttons drawn as one bar: arrow keys, focus and names come from the browser. Beside them any other range. */
export function RangePicker({ range, onChange, onBack }: Props) {
  const { say } = useLanguage();
  const styles = useStyles2(getStyles);
  const [isOpen, setOpen] = useState(false);
  const formId = useId();
  const button = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    // What had the focus goes away.
    button.current?.focus();
  };
  const chosen = presetOf(range);
  return (
    <div className={styles.picker}>
      <fieldset className={styles.bar}>
        <legend className={visuallyHidden}>{say('page.range')}</legend>
        {PRESETS.map((preset) => (
          <label key={preset.key} className={styles.choice}>
            <input
              type="radio"
              name="range"
              className={visuallyHidden}
              aria-label={say(`page.ranges.${preset.key}`)}
              checked={preset === chosen}
              onChange={() => onChange({ kind: 'last', rangeMs: preset.rangeMs })}
            />
            <span aria-hidden="true">{preset.label}</span>
          </label>
        ))}
      </fieldset>
      <button
        ref={button}
        type="button"
        className={styles.custom}
        aria-expanded={isOpen}
        aria-controls={formId}
        data-chosen={chosen === undefined}
        onClick={() => setOpen(!isOpen)}
      >
        {say('page.custom')}
      </button>
      {onBack && (
        <button type="button" className={styles.custom} onClick={onBack}>
          {say('page.zoomBack')}
        </button>
      )}
      <div id={formId} className={styles.form} hidden={!isOpen}>
        {isOpen && (
          <CustomRange
            range={range}
            onCancel={close}
            onChange={(fixed) => {
              close();
              onChange(fixed);
            }}
          />
        )}
      </div>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => {
  const focus = { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 1 };
  return {
    picker: css({
      position: 'relative',
      display: 'flex',
      flexWrap: 'wrap',
      gap: 8,
      minWidth: 0,
      // On a phone the button shares its line with what follows.
      '@media (max-width: 480px)': { display: 'contents' },
    }),
    bar: css({
      display: 'flex',
      minWidth: 0,
      margin: 0,
      padding: 2,
      border: `1px solid ${theme.colors.border.medium}`,
      borderRadius: 6,
      background: theme.colors.background.primary,
    }),
    choice: css({
      position: 'relative',
      padding: '0 10px',
      '@media (max-width: 420px)': { padding: '0 7px' },
      fontSize: 13,
      lineHeight: '30px',
      whiteSpace: 'nowrap',
      borderRadius: 4,
      cursor: 'pointer',
      color: theme.colors.text.secondary,
      '&:hover': { color: theme.colors.text.primary },
      '&:has(:checked)': {
        color: theme.colors.text.primary,
        fontWeight: 500,
        background: theme.colors.action.selected,
      },
      '&:has(:focus-visible)': focus,
    }),
    custom: css({
      padding: '0 12px',
      font: 'inherit',
      fontSize: 13,
      lineHeight: '34px',
      color: theme.colors.text.secondary,
      background: theme.colors.background.primary,
      border: `1px solid ${theme.colors.border.medium}`,
      borderRadius: 6,
      cursor: 'pointer',
      '&:hover': { color: theme.colors.text.primary },
      '&[data-chosen="true"]': {
        color: theme.colors.text.primary,
        fontWeight: 500,
        background: theme.colors.action.selected,
      },
      '&:focus-visible': focus,
    }),
    form: css({
      position: 'absolute',
      zIndex: 2,
      top: 'calc(100% + 6px)',
      right: 0,
      '@media (max-width: 720px)': { right: 'auto', left: 0 },
      '&:not([hidden])': { display: 'block' },
    }),
  };
};
