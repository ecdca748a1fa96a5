import { css } from '@emotion/css';
import { type GrafanaTheme2, type LinkModel } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { ONE_LINE, smallText } from './styles';
import { type Tile } from '../data/tile';

export type HeadingLevel = 2 | 3 | 4 | 5;

/** The tile's heading; one data link makes it the link, several stand below it. */
export function TileName({ tile, level }: { tile: Tile; level: HeadingLevel }) {
  const styles = useStyles2(getStyles);
  const Heading = `h${level}` as const;
  const links = tile.getLinks?.() ?? [];
  return (
    <div className={styles.box}>
      <Heading className={styles.name} title={tile.name}>
        {links.length === 1 ? <DataLink link={links[0]}>{tile.name}</DataLink> : tile.name}
      </Heading>
      {tile.group && <p className={styles.group}>{tile.group}</p>}
      {links.length > 1 && (
        <p className={styles.group}>
          {links.map((link, index) => (
            <span key={`${index} ${link.href}`}>
              {index > 0 && ' · '}
              <DataLink link={link}>{link.title}</DataLink>
            </span>
          ))}
        </p>
      )}
    </div>
  );
}

function DataLink({ link, children }: { link: LinkModel; children: string }) {
  const styles = useStyles2(getStyles);
  return (
    <a
      className={styles.link}
      href={link.href}
      target={link.target}
      rel={link.target === '_blank' ? 'noopener noreferrer' : undefined}
      onClick={link.onClick && ((event) => link.onClick?.(event, link.origin))}
    >
      {children}
    </a>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  box: css({ minWidth: 0 }),
  name: css({
    margin: 0,
    fontSize: 14,
    lineHeight: '20px',
    fontWeight: 500,
    letterSpacing: 0,
    color: theme.colors.text.primary,
    ...ONE_LINE,
  }),
  group: css({ ...smallText(theme), lineHeight: '16px', overflowWrap: 'anywhere' }),
  link: css({
    color: 'inherit',
    textDecoration: 'underline',
    textUnderlineOffset: 2,
    '&:hover': { color: theme.colors.text.link },
  }),
});
