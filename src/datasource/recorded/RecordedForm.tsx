import { Alert, Button, Combobox, Field, Input, Stack, TextArea } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { formatDurationMs, parseDurationMs } from '../../contract/duration';
import {
  findRecordedFaults,
  type RecordedDefinition,
  type RecordedFaults,
  RETENTION_CLASSES,
} from '../../contract/recordedDefinition';
import { type RecordedCheck } from '../../contract/recordedQuery';
import { type RecordedClient, RecordedFailure } from './recordedClient';
import { say, type TextKey } from '../texts';

interface FormProps {
  client: RecordedClient;
  initial: RecordedDefinition;
  /** Of the query that is being edited; absent for a new one. */
  revision?: number;
  /** What its author should know before Prometheus was asked. */
  notes?: string[];
  onSaved: (name: string) => void;
  onCancel: () => void;
}

/** Asked when nothing was typed for so long. */
const PAUSE_MS = 500;

/** One definition, checked while it is typed: at once for what can be told here, then by the backend, which asks Prometheus. */
export function RecordedForm({ client, initial, revision, notes = [], onSaved, onCancel }: FormProps) {
  const [draft, setDraft] = useState(() => ({ ...initial, step: formatDurationMs(initial.stepMs) }));
  const [saving, setSaving] = useState(false);
  const [failure, setFailure] = useState<RecordedFailure>();
  const definition: RecordedDefinition = {
    name: draft.name.trim(),
    expression: draft.expression.trim(),
    stepMs: parseDurationMs(draft.step.trim()) ?? NaN,
    retention: draft.retention,
    ...(initial.raw ? { raw: true } : {}),
  };
  const local = localFaults(definition);
  const check = useCheck(client, definition, revision, Object.keys(local).length === 0);
  const faults: RecordedFaults = { ...failure?.faults, ...check?.faults, ...local };
  const change = (part: Partial<typeof draft>) => {
    setFailure(undefined);
    setDraft((before) => ({ ...before, ...part }));
  };
  const save = async () => {
    setSaving(true);
    try {
      await client.save(definition, revision);
      onSaved(definition.name);
    } catch (error) {
      setFailure(error instanceof RecordedFailure ? error : new RecordedFailure(String(error)));
      setSaving(false);
    }
  };
  const renewed =
    revision !== undefined && (definition.expression !== initial.expression || definition.stepMs !== initial.stepMs);
  const ready = !saving && Object.keys(faults).length === 0;
  const hints = [...notes, ...(renewed ? [say('recorded.newVersion')] : []), ...(check?.hints ?? [])];
  return (
    // Not a <form>: on the settings page this stands in Grafana's own, whose Enter key saves the settings.
    <div
      role="form"
      aria-label={say(formTitle(initial.raw, revision))}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && event.target instanceof HTMLInputElement && !event.defaultPrevented) {
          event.preventDefault();
          if (ready) {
            void save();
          }
        }
      }}
    >
      <Fields draft={draft} faults={faults} change={change} nameFixed={revision !== undefined} raw={initial.raw} />
      {hints.length > 0 && (
        <Alert severity="info" title={say('recorded.good')}>
          {hints.map((hint) => (
            <div key={hint}>{hint}</div>
          ))}
        </Alert>
      )}
      {failure && Object.keys(failure.faults).length === 0 && (
        <Alert severity="error" title={say('recorded.notSaved')}>
          {failure.message}
        </Alert>
      )}
      <Stack direction="row" gap={1}>
        <Button type="button" disabled={!ready} onClick={() => void save()}>
          {say(revision === undefined ? 'recorded.record' : 'recorded.save')}
        </Button>
        <Button type="button" variant="secondary" onClick={onCancel}>
          {say('recorded.cancel')}
        </Button>
      </Stack>
    </div>
  );
}

export function formTitle(raw: boolean | undefined, revision: number | undefined): TextKey {
  if (revision === undefined) {
    return raw ? 'recorded.addRaw' : 'recorded.add';
  }
  return raw ? 'recorded.editRaw' : 'recorded.edit';
}

type Draft = Record<keyof RecordedFaults, string>;

interface FieldsProps {
  draft: Draft;
  faults: RecordedFaults;
  change: (part: Partial<Draft>) => void;
  nameFixed: boolean;
  /** Selectors instead of an expression, and no step: they come as they were scraped. */
  raw: boolean | undefined;
}

function Fields({ draft, faults, change, nameFixed, raw }: FieldsProps) {
  const field = (name: keyof Draft) => ({
    label: say(`recorded.${name}`),
    description: say(`recorded.${name}Hint`),
    invalid: faults[name] !== undefined,
    error: faults[name],
  });
  const typed = (name: keyof Draft) => ({
    id: `recorded-${name}`,
    value: draft[name],
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) => change({ [name]: currentTarget.value }),
  });
  return (
    <>
      <Field {...field('name')}>
        <Input width={50} spellCheck={false} disabled={nameFixed} {...typed('name')} />
      </Field>
      <Field
        {...field('expression')}
        {...(raw ? { label: say('recorded.selectors'), description: say('recorded.selectorsHint') } : {})}
      >
        <TextArea rows={3} spellCheck={false} {...typed('expression')} />
      </Field>
      {!raw && (
        <Field {...field('step')}>
          <Input width={20} {...typed('step')} />
        </Field>
      )}
      <Field {...field('retention')}>
        <Combobox
          id="recorded-retention"
          width={20}
          createCustomValue
          options={RETENTION_CLASSES.map((value) => ({ value: String(value) }))}
          value={draft.retention}
          onChange={({ value }) => change({ retention: value })}
        />
      </Field>
    </>
  );
}

/** Our own words in the user's language; those of the backend come as they are. */
function localFaults(definition: RecordedDefinition): RecordedFaults {
  const fields = Object.keys(findRecordedFaults(definition)) as Array<keyof RecordedFaults>;
  return Object.fromEntries(fields.map((field) => [field, say(`recordedFaults.${field}`)]));
}

/** What the backend says of the definition; `undefined` until it has answered, and when it could not. */
function useCheck(
  client: RecordedClient,
  definition: RecordedDefinition,
  revision: number | undefined,
  wanted: boolean
): RecordedCheck | undefined {
  const asked = JSON.stringify(definition);
  const [answer, setAnswer] = useState<{ asked: string; check: RecordedCheck }>();
  useEffect(() => {
    let current = true;
    const ask = async () => {
      const question: RecordedDefinition = JSON.parse(asked);
      // Saving will say what is wrong with the connection.
      const check = await client.validate(question, revision).catch(() => undefined);
      if (current && check) {
        setAnswer({ asked, check });
      }
    };
    const timer = wanted ? setTimeout(() => void ask(), PAUSE_MS) : undefined;
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [client, asked, revision, wanted]);
  return answer?.asked === asked ? answer.check : undefined;
}
