import { css } from '@emotion/css';

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
