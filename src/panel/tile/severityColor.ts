import { colorManipulator, type GrafanaTheme2 } from '@grafana/data';
import { type SummaryState } from '../../contract/summary';

/** WCAG 1.4.11: graphics that carry meaning need 3:1 against what surrounds them. */
const GRAPHIC_CONTRAST = 3;
/** Grafana's palest green has 0.2, its text colours at most 0.12. */
const LEAST_SATURATION = 0.17;

/**
 * What a threshold's colour means to people who chose it: green is good, yellow and orange are a warning, red is bad.
 * Foreign thresholds carry nothing else to tell.
 *
 * @param cssColor resolved colour: `#rrggbb` or `rgb(…)`
 */
export function severityOfColor(cssColor: string): SummaryState | 'other' {
  const hsl = toHueSaturation(cssColor);
  if (!hsl || hsl.saturation < LEAST_SATURATION) {
    return 'other';
  }
  if (hsl.hue >= 75 && hsl.hue <= 175) {
    return 'ok';
  }
  if (hsl.hue >= 18 && hsl.hue < 75) {
    return 'warning';
  }
  return hsl.hue < 18 || hsl.hue >= 335 ? 'critical' : 'other';
}

/** Few colours, asked for by every tile at every refresh. */
const found = new WeakMap<GrafanaTheme2, Map<string, string>>();

/** The same hue, made darker or lighter until it stands out from the background. */
export function standOut(cssColor: string, theme: GrafanaTheme2): string {
  const ofTheme = found.get(theme) ?? new Map<string, string>();
  found.set(theme, ofTheme);
  const color = ofTheme.get(cssColor) ?? makeStandOut(cssColor, theme);
  ofTheme.set(cssColor, color);
  return color;
}

function makeStandOut(cssColor: string, theme: GrafanaTheme2): string {
  const background = theme.colors.background.primary;
  const move = theme.isDark ? colorManipulator.lighten : colorManipulator.darken;
  let color = cssColor;
  for (let step = 0; step < 8 && colorManipulator.getContrastRatio(color, background) < GRAPHIC_CONTRAST; step++) {
    color = move(color, 0.1);
  }
  return color;
}

function toHueSaturation(cssColor: string): { hue: number; saturation: number } | undefined {
  const channels = toRgb(cssColor);
  if (!channels) {
    return undefined;
  }
  const [red, green, blue] = channels.map((channel) => channel / 255);
  const most = Math.max(red, green, blue);
  const spread = most - Math.min(red, green, blue);
  if (spread === 0) {
    return { hue: 0, saturation: 0 };
  }
  const sixth =
    most === red ? (green - blue) / spread : most === green ? 2 + (blue - red) / spread : 4 + (red - green) / spread;
  return { hue: (sixth * 60 + 360) % 360, saturation: spread / most };
}

function toRgb(cssColor: string): number[] | undefined {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(cssColor);
  if (short) {
    return short.slice(1).map((digit) => parseInt(digit + digit, 16));
  }
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(cssColor);
  if (long) {
    return long.slice(1, 4).map((pair) => parseInt(pair, 16));
  }
  const numbers = /^rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)(?:[\s,/]+([\d.]+))?/.exec(cssColor);
  return numbers && numbers[4] !== '0' ? numbers.slice(1, 4).map(Number) : undefined;
}
