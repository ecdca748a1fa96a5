import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { useLanguage } from './language';
import { type ThemeMode } from './themeMode';

/** Light or dark, as a switch a screen reader knows. */
export function ThemeSwitch({ mode, onChange }: { mode: ThemeMode; onChange: (mode: ThemeMode) => void }) {
  const { say } = useLanguage();
  const styles = useStyles2(getStyles);
  const isDark = mode === 'dark';
  return (
    <button
      type="button"
      role="switch"
      aria-checked={isDark}
      className={styles.button}
      onClick={() => onChange(isDark ? 'light' : 'dark')}
    >
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
        <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" strokeWidth="1.5" />
        <path d="M8 1.8a6.2 6.2 0 0 1 0 12.4Z" fill="currentColor" />
      </svg>
      {say('page.dark')}
    </button>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  button: css({
    display: 'inline-flex',
    alignItems: 'center',
    gap: 7,
    padding: '0 12px',
    font: 'inherit',
    fontSize: 13,
    lineHeight: '34px',
    color: theme.colors.text.primary,
    background: theme.colors.background.primary,
    border: `1px solid ${theme.colors.border.medium}`,
    borderRadius: 6,
    cursor: 'pointer',
    '@media (max-width: 420px)': { padding: '0 9px' },
    '&[aria-checked="true"]': { background: theme.colors.action.selected },
    '&:hover': { background: theme.colors.action.hover },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 1 },
  }),
});
