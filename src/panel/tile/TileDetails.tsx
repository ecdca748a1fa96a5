import { useEffect, useId, useRef, useState } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2, type TimeZone } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { createPortal } from 'react-dom';
import { detailRows } from './detailRows';
import { type Tile } from '../data/tile';
import { type Words } from '../words/words';

interface Props {
  tile: Tile;
  words: Words;
  timeZone?: TimeZone;
}

interface Place {
  top: number;
  left: number;
  above: boolean;
}

const WIDTH_PX = 280;
const EDGE_PX = 8;
/** Long enough to move the pointer from the button into the tooltip. */
const CLOSE_AFTER_MS = 180;

/**
 * The tile's details as a tooltip: on hover, on focus, and on touch; Escape closes it, and the pointer may enter it (WCAG
 * 1.4.13). It lies in the body, since a tile cuts off what leaves it and Grafana moves panels by transforms.
 */
export function TileDetails({ tile, words, timeZone }: Props) {
  const styles = useStyles2(getStyles);
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const { place, open, close, closeSoon } = usePlace(button);
  return (
    <span className={styles.anchor} onMouseEnter={open} onMouseLeave={closeSoon}>
      <button
        ref={button}
        type="button"
        className={styles.button}
        aria-label={words('details.show', { name: tile.name })}
        aria-describedby={place ? id : undefined}
        onFocus={open}
        onBlur={close}
        onClick={open}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
          <circle cx="3" cy="8" r="1.4" />
          <circle cx="8" cy="8" r="1.4" />
          <circle cx="13" cy="8" r="1.4" />
        </svg>
      </button>
      {place &&
        createPortal(
          <div
            id={id}
            role="tooltip"
            className={styles.tooltip}
            style={{ left: place.left, top: place.top, transform: place.above ? 'translateY(-100%)' : undefined }}
          >
            <p className={styles.title}>{tile.name}</p>
            <dl className={styles.rows}>
              {detailRows(tile, words, timeZone).map(({ label, text }) => (
                <div key={label}>
                  <dt>{label}</dt>
                  <dd>{text}</dd>
                </div>
              ))}
            </dl>
          </div>,
          document.body
        )}
    </span>
  );
}

/** Where the tooltip stands while it is open; only one timer, and none after unmounting. */
function usePlace(button: React.RefObject<HTMLButtonElement>) {
  const [place, setPlace] = useState<Place>();
  const timer = useRef<number>();
  const keep = () => window.clearTimeout(timer.current);
  const close = () => {
    keep();
    setPlace(undefined);
  };
  const open = () => {
    keep();
    const box = button.current?.getBoundingClientRect();
    setPlace(box && placeBeside(box));
  };
  const closeSoon = () => {
    keep();
    timer.current = window.setTimeout(() => setPlace(undefined), CLOSE_AFTER_MS);
  };
  const isOpen = place !== undefined;
  useEffect(() => {
    if (!isOpen) {
      return;
    }
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && setPlace(undefined);
    // Focusing a tile out of view scrolls it into view; its details must not go with that.
    const onMove = () => {
      const { current } = button;
      setPlace(
        current && current === document.activeElement ? placeBeside(current.getBoundingClientRect()) : undefined
      );
    };
    document.addEventListener('keydown', onKey);
    window.addEventListener('scroll', onMove, true);
    window.addEventListener('resize', onMove);
    return () => {
      document.removeEventListener('keydown', onKey);
      window.removeEventListener('scroll', onMove, true);
      window.removeEventListener('resize', onMove);
    };
  }, [isOpen, button]);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return { place, open, close, closeSoon };
}

function placeBeside({ right, top, bottom }: DOMRect): Place {
  const above = bottom > window.innerHeight / 2;
  const left = Math.min(Math.max(EDGE_PX, right - WIDTH_PX), window.innerWidth - WIDTH_PX - EDGE_PX);
  return { left: Math.max(EDGE_PX, left), top: above ? top - 4 : bottom + 4, above };
}

const getStyles = (theme: GrafanaTheme2) => ({
  anchor: css({ flex: 'none', alignSelf: 'center', display: 'inline-flex', '@media print': { display: 'none' } }),
  button: css({
    width: 20,
    height: 20,
    margin: 0,
    padding: 2,
    border: 0,
    borderRadius: 4,
    background: 'transparent',
    color: theme.colors.text.secondary,
    cursor: 'pointer',
    svg: { display: 'block', width: 16, height: 16, margin: '0 auto', fill: 'currentColor' },
    '&:hover': { color: theme.colors.text.primary, background: theme.colors.action.hover },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, color: theme.colors.text.primary },
  }),
  tooltip: css({
    position: 'fixed',
    zIndex: theme.zIndex.tooltip,
    boxSizing: 'border-box',
    width: WIDTH_PX,
    maxWidth: `calc(100vw - ${2 * EDGE_PX}px)`,
    padding: '10px 12px',
    fontSize: 12,
    lineHeight: '18px',
    textAlign: 'left',
    color: theme.colors.text.primary,
    background: theme.colors.background.elevated ?? theme.colors.background.primary,
    border: `1px solid ${theme.colors.border.medium}`,
    borderRadius: 6,
    boxShadow: theme.shadows.z3,
  }),
  title: css({ margin: '0 0 4px', fontSize: 13, lineHeight: '18px', fontWeight: 500, overflowWrap: 'anywhere' }),
  rows: css({
    display: 'grid',
    gridTemplateColumns: 'minmax(60px, max-content) minmax(0, 1fr)',
    gap: '2px 12px',
    margin: 0,
    '> div': { display: 'contents' },
    dt: { margin: 0, fontWeight: 400, color: theme.colors.text.secondary, overflowWrap: 'anywhere' },
    dd: { margin: 0, overflowWrap: 'anywhere' },
  }),
});
