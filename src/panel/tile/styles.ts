import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';

/** What stands beside a value. */
export function smallText(theme: GrafanaTheme2) {
  return { margin: 0, fontSize: 12, lineHeight: '18px', color: theme.colors.text.secondary };
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
