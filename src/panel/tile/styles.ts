import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';

/** What stands beside a value. */
export function smallText(theme: GrafanaTheme2) {
  return { margin: 0, fontSize: 12, lineHeight: '18px', color: theme.colors.text.secondary };
}

/** Of a `<details>` with small text; what is closed is not printed. */
export function foldedText(theme: GrafanaTheme2) {
  return {
    ...smallText(theme),
    summary: {
      width: 'fit-content',
      padding: '3px 0',
      cursor: 'pointer',
      borderRadius: 3,
      '&:hover': { color: theme.colors.text.primary },
      '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 2 },
    },
    '@media print': { '&:not([open])': { display: 'none' } },
  };
}

/** What does not fit is cut off. */
export const ONE_LINE = { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' } as const;

/** For screen readers only. The parent must be positioned, else the text's place may make something scroll. */
export const visuallyHidden = css({
  position: 'absolute',
  width: 1,
  height: 1,
  margin: 0,
  padding: 0,
  overflow: 'hidden',
  clipPath: 'inset(50%)',
  whiteSpace: 'nowrap',
  border: 0,
});
