import { type QueryEditorHelpProps } from '@grafana/data';
import { LoadingPlaceholder } from '@grafana/ui';
import { lazy, Suspense } from 'react';
import { type AnnotationEditorProps } from './AnnotationEditor';
import { type ConfigProps } from '../settings/configProps';
import { type PromkeepPromQuery } from './promkeepPromQuery';
import { type PromkeepQueryEditorProps } from './queryEditorProps';
import { say } from '../texts';

// A dashboard that is only looked at loads module.js and none of the editors: 384 KB instead of 596 KB.
const QueryEditor = lazy(async () => ({ default: (await import('./QueryEditor')).QueryEditor }));
const ConfigEditor = lazy(async () => ({ default: (await import('../settings/ConfigEditor')).ConfigEditor }));
const AnnotationEditor = lazy(async () => ({ default: (await import('./AnnotationEditor')).AnnotationEditor }));
const CheatSheet = lazy(async () => ({ default: (await import('./CheatSheet')).CheatSheet }));

function Loading() {
  return <LoadingPlaceholder text={say('editor.loading')} />;
}

export function LazyQueryEditor(props: PromkeepQueryEditorProps) {
  return (
    <Suspense fallback={<Loading />}>
      <QueryEditor {...props} />
    </Suspense>
  );
}

export function LazyConfigEditor(props: ConfigProps) {
  return (
    <Suspense fallback={<Loading />}>
      <ConfigEditor {...props} />
    </Suspense>
  );
}

export function LazyAnnotationEditor(props: AnnotationEditorProps) {
  return (
    <Suspense fallback={<Loading />}>
      <AnnotationEditor {...props} />
    </Suspense>
  );
}

export function LazyCheatSheet(props: QueryEditorHelpProps<PromkeepPromQuery>) {
  return (
    <Suspense fallback={<Loading />}>
      <CheatSheet {...props} />
    </Suspense>
  );
}
