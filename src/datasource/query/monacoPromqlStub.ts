/**
 * Stands in for the package `monaco-promql`, of which `@grafana/prometheus` reads these four fields only (it brings its own
 * grammar). The package itself would add a second copy of Monaco and CodeMirror to the bundle: 4 MB in lazy chunks.
 */
export const promLanguageDefinition = { id: 'promql', extensions: ['.promql'], aliases: ['PromQL'], mimetypes: [] };
