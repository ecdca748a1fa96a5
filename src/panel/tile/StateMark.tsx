import { type JSX } from 'react';
import { css } from '@emotion/css';
import { useStyles2 } from '@grafana/ui';
import { type Severity, type TileState } from '../data/tile';

/** State as colour, shape and word: any one of them is enough. The text itself is never coloured. */
export function StateMark({ state }: { state: TileState }) {
  const styles = useStyles2(getStyles);
  if (state.word === undefined) {
    return null;
  }
  return (
    <p className={styles.state} data-severity={state.severity}>
      <svg
        className={styles.icon}
        style={{ color: state.color }}
        viewBox="0 0 16 16"
        aria-hidden="true"
        focusable="false"
      >
        {SHAPES[state.severity]}
      </svg>
      {state.word}
    </p>
  );
}

const line = { fill: 'none', strokeWidth: 1.8, strokeLinecap: 'round', strokeLinejoin: 'round' } as const;
const disc = <circle cx="8" cy="8" r="7" fill="currentColor" />;

/** Own drawings: Grafana's `Icon` sets innerHTML, which trusted types forbid on the stand-alone page. */
const SHAPES: Record<Severity, JSX.Element> = {
  ok: (
    <>
      {disc}
      <path {...line} className="ink" d="M4.8 8.3 7 10.5 11.3 5.8" />
    </>
  ),
  warning: (
    <>
      <path
        d="M8 1.2 15.3 14.3H.7Z"
        fill="currentColor"
        stroke="currentColor"
        strokeWidth="1.2"
        strokeLinejoin="round"
      />
      <path {...line} className="ink" d="M8 6v3.6M8 12v.1" />
    </>
  ),
  critical: (
    <>
      <path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1Z" fill="currentColor" />
      <path {...line} className="ink" d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" />
    </>
  ),
  'no-data': <circle {...line} cx="8" cy="8" r="6.2" stroke="currentColor" strokeDasharray="2.4 3.1" />,
  other: (
    <>
      {disc}
      <path {...line} className="ink" d="M5 8h6" />
    </>
  ),
  none: disc,
};

const getStyles = (theme: Parameters<Parameters<typeof useStyles2>[0]>[0]) => ({
  state: css({
    display: 'inline-flex',
    alignItems: 'center',
    gap: 5,
    margin: 0,
    fontSize: 12,
    lineHeight: '20px',
    fontWeight: 500,
    color: theme.colors.text.primary,
    whiteSpace: 'nowrap',
  }),
  icon: css({
    width: 14,
    height: 14,
    flex: 'none',
    color: theme.colors.text.secondary,
    '.ink': { stroke: theme.colors.background.primary },
  }),
});
