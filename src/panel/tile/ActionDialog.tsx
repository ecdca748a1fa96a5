import { useState } from 'react';
import { AppEvents, type InterpolateFunction } from '@grafana/data';
import { getAppEvents, getBackendSrv } from '@grafana/runtime';
import { ConfirmModal, Field, Input } from '@grafana/ui';
import { lastValueFrom } from 'rxjs';
import { fillAction, type ActionRequest } from './actions';
import { type TileAction } from '../data/tile';
import { type Words } from '../words/words';

interface Props {
  asked: TileAction;
  replaceVariables: InterpolateFunction;
  words: Words;
  onClose: () => void;
}

/** Asks before an action is carried out, and for the variables it has. */
export function ActionDialog({ asked, replaceVariables, words, onClose }: Props) {
  const [inputs, setInputs] = useState<Record<string, string>>({});
  const { title, confirmation, request } = fillAction(asked, inputs, replaceVariables);
  const { variables = [] } = asked.action;
  const body = (
    <>
      <p>{confirmation ?? words('action.sure', { title })}</p>
      {variables.map(({ key, name }) => (
        <Field key={key} label={name || key}>
          <Input
            value={inputs[key] ?? ''}
            onChange={({ currentTarget }) => setInputs({ ...inputs, [key]: currentTarget.value })}
          />
        </Field>
      ))}
    </>
  );
  return (
    <ConfirmModal
      isOpen
      title={words('action.confirm')}
      body={body}
      confirmText={words('action.run')}
      confirmButtonVariant="primary"
      onDismiss={onClose}
      onConfirm={() => {
        onClose();
        void send(request, words('action.done'));
      }}
    />
  );
}

/** Grafana itself tells the user when a request fails. */
async function send(request: ActionRequest, success: string): Promise<void> {
  try {
    await lastValueFrom(getBackendSrv().fetch(request));
    getAppEvents().publish({ type: AppEvents.alertSuccess.name, payload: [success] });
  } catch {
    return;
  }
}
