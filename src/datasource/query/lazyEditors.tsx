import { LoadingPlaceholder } from '@grafana/ui';
import { type ComponentType, lazy, Suspense } from 'react';
import { say } from '../texts';

function withLoading<P extends object>(Editor: ComponentType<P>): ComponentType<P> {
  return function Lazy(props: P) {
    return (
      <Suspense fallback={<LoadingPlaceholder text={say('editor.loading')} />}>
        <Editor {...props} />
      </Suspense>
    );
  };
}

// A dashboard that is only looked at loads module.js and none of the editors.
export const LazyQueryEditor = withLoading(
  lazy(async () => ({ default: (await import('./QueryEditor')).QueryEditor }))
);
export const LazyConfigEditor = withLoading(
  lazy(async () => ({ default: (await import('../settings/ConfigEditor')).ConfigEditor }))
);
export const LazyAnnotationEditor = withLoading(
  lazy(async () => ({ default: (await import('./AnnotationEditor')).AnnotationEditor }))
);
export const LazyCheatSheet = withLoading(lazy(async () => ({ default: (await import('./CheatSheet')).CheatSheet })));
