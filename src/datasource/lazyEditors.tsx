import { type QueryEditorHelpProps } from '@grafana/data';
import { LoadingPlaceholder } from '@grafana/ui';
import { lazy, Suspense } from 'react';
import { type ConfigProps } from './configProps';
import { type PromkeepPromQuery } from './promkeepPromQuery';
import { type PromkeepQueryEditorProps } from './queryEditorProps';

// A dashboard that is only looked at loads module.js and none of the editors: 384 KB instead of 596 KB.
const QueryEditor = lazy(async () => ({ default: (await import('./QueryEditor')).QueryEditor }));
const ConfigEditor = lazy(async () => ({ default: (await import('./ConfigEditor')).ConfigEditor }));
const CheatSheet = lazy(async () => ({ default: (await import('./CheatSheet')).CheatSheet }));

const loading = <LoadingPlaceholder text="Loading editor…" />;

export function LazyQueryEditor(props: PromkeepQueryEditorProps) {
  return (
    <Suspense fallback={loading}>
      <QueryEditor {...props} />
    </Suspense>
  );
}

export function LazyConfigEditor(props: ConfigProps) {
  return (
    <Suspense fallback={loading}>
      <ConfigEditor {...props} />
    </Suspense>
  );
}

export function LazyCheatSheet(props: QueryEditorHelpProps<PromkeepPromQuery>) {
  return (
    <Suspense fallback={loading}>
      <CheatSheet {...props} />
    </Suspense>
  );
}
