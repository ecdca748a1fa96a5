import { Alert, Button, LoadingPlaceholder, Stack } from '@grafana/ui';
import { useState } from 'react';
import { RAW_SERIES_STEP_MS, type RecordedDefinition } from '../../contract/recordedDefinition';
import { type RecordedQueryItem } from '../../contract/recordedQuery';
import { type RecordedClient } from './recordedClient';
import { formTitle, RecordedForm } from './RecordedForm';
import { RecordedQuota } from './RecordedQuota';
import { RecordedTable } from './RecordedTable';
import { RecordedWaiting } from './RecordedWaiting';
import { say } from '../texts';
import { useRecorded } from './useRecorded';

interface ManagerProps {
  client: RecordedClient;
  /** The list is loaded again when it changes. */
  version?: unknown;
}

/** The recorded queries of a datasource: what they are, how they do, and, for those who may, everything to change them. */
export function RecordedManager({ client, version }: ManagerProps) {
  const { answer, failure, reload } = useRecorded(client, version);
  const [open, setOpen] = useState<RecordedQueryItem | 'new' | 'newRaw'>();
  const [problem, setProblem] = useState<string>();
  const notLoaded = failure !== undefined && (
    <Alert severity="warning" title={say('recorded.notLoaded')}>
      {failure}
    </Alert>
  );
  if (!answer) {
    return notLoaded || <LoadingPlaceholder text={say('recorded.loading')} />;
  }
  const act = async (work: Promise<void>) => {
    setProblem(undefined);
    await work.catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
    reload();
  };
  if (open !== undefined) {
    const edited = typeof open === 'string' ? undefined : open;
    const empty = { name: '', expression: '', retention: '1y' };
    const blank: RecordedDefinition =
      open === 'newRaw'
        ? { ...empty, stepMs: RAW_SERIES_STEP_MS, raw: true }
        : { ...empty, stepMs: answer.scrapeIntervalMs };
    const initial: RecordedDefinition = edited ?? blank;
    const close = () => {
      setOpen(undefined);
      reload();
    };
    return (
      <>
        <h5>{say(formTitle(initial.raw, edited?.revision))}</h5>
        <RecordedForm client={client} initial={initial} revision={edited?.revision} onSaved={close} onCancel={close} />
      </>
    );
  }
  return (
    <Stack direction="column" gap={1} alignItems="flex-start">
      {!answer.may.edit && (
        <Alert severity="info" title={say('recorded.readOnly')}>
          {answer.may.reason}
        </Alert>
      )}
      {answer.may.edit && answer.archiver === undefined && (
        <Alert severity="warning" title={say('recorded.noArchiver')}>
          {say('recorded.noArchiverHint')}
        </Alert>
      )}
      {problem !== undefined && (
        <Alert severity="error" title={say('recorded.notDone')} onRemove={() => setProblem(undefined)}>
          {problem}
        </Alert>
      )}
      {notLoaded}
      <RecordedWaiting
        answer={answer}
        onTakeBack={(name) => void act(client.takeBack(name))}
        onCarryOut={(name) => void act(client.carryOut(name))}
      />
      <RecordedTable
        answer={answer}
        onEdit={setOpen}
        onPause={(query, paused) => void act(client.setPaused(query, paused))}
        onDelete={(query, withData) => void act(client.remove(query, withData))}
      />
      <RecordedQuota quota={answer.quota} />
      {answer.may.edit && (
        <Stack direction="row" gap={1} wrap="wrap">
          <Button type="button" icon="plus" variant="secondary" onClick={() => setOpen('new')}>
            {say('recorded.add')}
          </Button>
          <Button type="button" icon="plus" variant="secondary" onClick={() => setOpen('newRaw')}>
            {say('recorded.addRaw')}
          </Button>
        </Stack>
      )}
    </Stack>
  );
}
