import { css } from '@emotion/css';
import { config } from '@grafana/runtime';
import { Alert, Button, Modal, Stack } from '@grafana/ui';
import { useMemo, useState } from 'react';
import { type PromkeepQueryEditorProps } from '../query/queryEditorProps';
import { RecordedClient } from './recordedClient';
import { RecordedForm } from './RecordedForm';
import { RecordedManager } from './RecordedManager';
import { say } from '../texts';

/** The list has eight columns. */
const wide = css({ width: 'min(1100px, 96vw)', maxWidth: 'none' });

type Props = Pick<PromkeepQueryEditorProps, 'query' | 'datasource'>;

/** Makes a recorded query of the query that is being edited; the list of all of them is one step away. */
export function RecordQueryAction({ query, datasource }: Props) {
  const [open, setOpen] = useState(false);
  const refusal = whyNot(datasource, query.expr);
  return (
    <>
      <Button
        type="button"
        size="md"
        variant="secondary"
        icon="circle-mono"
        disabled={refusal !== undefined}
        tooltip={refusal ?? say('recorded.actionHint')}
        onClick={() => setOpen(true)}
      >
        {say('recorded.action')}
      </Button>
      {open && <RecordDialog query={query} datasource={datasource} onClose={() => setOpen(false)} />}
    </>
  );
}

function RecordDialog({ query, datasource, onClose }: Props & { onClose: () => void }) {
  const client = useMemo(() => new RecordedClient(datasource.uid), [datasource.uid]);
  const [prefill] = useState(() => datasource.prefillRecorded(query));
  const [view, setView] = useState<{ kind: 'form' } | { kind: 'list'; saved?: string }>({ kind: 'form' });
  return (
    <Modal title={say('recorded.action')} isOpen onDismiss={onClose} className={wide}>
      {view.kind === 'form' ? (
        <Stack direction="column" gap={2}>
          <RecordedForm
            client={client}
            initial={prefill.definition}
            notes={prefill.replaced ? [say('recorded.variablesReplaced')] : []}
            onSaved={(saved) => setView({ kind: 'list', saved })}
            onCancel={onClose}
          />
          <div>
            <Button type="button" size="sm" fill="text" onClick={() => setView({ kind: 'list' })}>
              {say('recorded.all')}
            </Button>
          </div>
        </Stack>
      ) : (
        <>
          {view.saved !== undefined && (
            <Alert severity="success" title={say('recorded.isRecorded', { name: view.saved })}>
              {say('recorded.isRecordedHint')}
            </Alert>
          )}
          <RecordedManager client={client} />
        </>
      )}
    </Modal>
  );
}

/** For the eye; the backend decides. */
function whyNot({ recordRefusal }: Props['datasource'], expr: string | undefined): string | undefined {
  if (recordRefusal !== undefined) {
    return say(`recorded.${recordRefusal}`);
  }
  const role = config.bootData?.user?.orgRole;
  if (role === 'Viewer' || role === 'None') {
    return say('recorded.needsEditor');
  }
  return expr ? undefined : say('recorded.noExpression');
}
