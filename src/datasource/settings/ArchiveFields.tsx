import { Field, Input } from '@grafana/ui';
import { type ArchiveJsonData, type LimitSetting } from '../../contract/settings';
import { findArchiveFaults } from './archiveValidation';
import { say } from '../texts';

export interface PartProps {
  jsonData: ArchiveJsonData;
  readOnly: boolean;
  change: (changed: ArchiveJsonData) => void;
}

type TextSetting = 'archiveHost' | 'archiveDatabase' | 'archiveUser' | 'archiveSchema' | 'archiveSourceName';

interface TextFieldProps extends PartProps {
  name: TextSetting;
  label: string;
  description?: string;
  required?: boolean;
  placeholder?: string;
}

/** A text setting with its fault below it; an emptied field is stored as absent. */
export function TextField({
  name,
  label,
  description,
  required,
  placeholder,
  jsonData,
  readOnly,
  change,
}: TextFieldProps) {
  const fault = findArchiveFaults(jsonData)[name];
  return (
    <Field label={label} description={description} required={required} invalid={fault !== undefined} error={fault}>
      <Input
        id={name}
        width={40}
        spellCheck={false}
        placeholder={placeholder}
        value={jsonData[name] ?? ''}
        disabled={readOnly}
        onChange={(event) => change({ [name]: event.currentTarget.value || undefined })}
      />
    </Field>
  );
}

interface LimitFieldProps extends PartProps {
  name: LimitSetting;
  label: string;
  fallback: number;
}

/** A number setting with its fault below it; an emptied field means the default. */
export function LimitField({ name, label, fallback, jsonData, readOnly, change }: LimitFieldProps) {
  const fault = findArchiveFaults(jsonData)[name];
  return (
    <Field
      label={label}
      description={say('archive.limitHint', { fallback })}
      invalid={fault !== undefined}
      error={fault}
    >
      <Input
        id={name}
        width={40}
        type="number"
        min={1}
        placeholder={String(fallback)}
        value={jsonData[name] ?? ''}
        disabled={readOnly}
        onChange={(event) => change({ [name]: toLimit(event.currentTarget.value) })}
      />
    </Field>
  );
}

function toLimit(text: string): number | undefined {
  return text.trim() === '' ? undefined : Number(text);
}
