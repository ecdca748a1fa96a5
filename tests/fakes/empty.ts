/** Stands in for modules that only do something inside Grafana (a public path, an SVG loader). */
export {};
