/** A module of its own, so that the lazy import takes this component out of the library and not the library into module.js. */
export { PromCheatSheet as CheatSheet } from '@grafana/prometheus';
