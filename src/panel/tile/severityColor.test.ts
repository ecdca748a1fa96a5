import { colorManipulator, createTheme } from '@grafana/data';
import { severityOfColor, standOut } from './severityColor';

const light = createTheme({ colors: { mode: 'light' } });
const dark = createTheme({ colors: { mode: 'dark' } });

it.each([
  ['green', 'ok'],
  ['super-light-green', 'ok'],
  ['yellow', 'warning'],
  ['semi-dark-orange', 'warning'],
  ['red', 'critical'],
  ['dark-red', 'critical'],
  ['blue', 'other'],
  ['purple', 'other'],
  ['text', 'other'],
  ['transparent', 'other'],
  ['#808080', 'other'],
])('reads %s as %s in both themes', (color, severity) => {
  for (const theme of [light, dark]) {
    expect(severityOfColor(theme.visualization.getColorByName(color))).toBe(severity);
  }
});

it.each(['#0f0', 'rgb(0, 255, 0)', 'rgba(0,255,0,0.5)', '#00ff0080'])('reads the notation %s', (color) => {
  expect(severityOfColor(color)).toBe('ok');
});

it.each(['green', 'yellow', 'orange', 'red'])('makes %s stand out from both backgrounds', (name) => {
  for (const theme of [light, dark]) {
    const color = standOut(theme.visualization.getColorByName(name), theme);
    expect(colorManipulator.getContrastRatio(color, theme.colors.background.primary)).toBeGreaterThanOrEqual(3);
  }
});
