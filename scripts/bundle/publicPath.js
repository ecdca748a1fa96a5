// First entry of each plugin. Grafana loads module.js as an AMD module, so the browser's own hints on where a script came
// from (`document.currentScript`) are missing when it fetches and evaluates the text; the AMD module's `uri` is there in
// both cases and holds the sub-path under which Grafana is served. Lazy chunks are loaded from beside it.
import amdModule from 'amd-module';

__webpack_public_path__ =
  amdModule && amdModule.uri
    ? amdModule.uri.slice(0, amdModule.uri.lastIndexOf('/') + 1)
    : `public/plugins/${PLUGIN_ID}/`;
