import { dateTimeFormat } from '@grafana/data';
import { Alert, Button, Stack } from '@grafana/ui';
import { type RecordedQueriesAnswer, type WaitingDeletion } from '../../contract/recordedQuery';
import { say } from '../texts';

interface WaitingProps {
  answer: RecordedQueriesAnswer;
  onTakeBack: (query: string) => void;
  onCarryOut: (query: string) => void;
}

/** What waits to be deleted, with its date; to be taken back by whoever may edit, and by an Admin to be carried out at once. */
export function RecordedWaiting({ answer: { waiting, may }, onTakeBack, onCarryOut }: WaitingProps) {
  if (waiting.length === 0) {
    return null;
  }
  return (
    <Alert severity="warning" title={say('recorded.waiting')}>
      <div>{say('recorded.waitingHint')}</div>
      {waiting.map((one) => (
        <Stack key={`${one.what} ${one.query ?? ''}`} direction="row" gap={1} alignItems="center">
          <span>{describe(one)}</span>
          {may.edit && one.query !== undefined && (
            <Decisions name={one.query} may={may} onTakeBack={onTakeBack} onCarryOut={onCarryOut} />
          )}
        </Stack>
      ))}
    </Alert>
  );
}

interface DecisionProps extends Pick<RecordedQueriesAnswer, 'may'>, Omit<WaitingProps, 'answer'> {
  name: string;
}

function Decisions({ name, may, onTakeBack, onCarryOut }: DecisionProps) {
  return (
    <>
      <Button
        type="button"
        size="sm"
        variant="secondary"
        aria-label={say('recorded.takeBackOne', { name })}
        onClick={() => onTakeBack(name)}
      >
        {say('recorded.takeBack')}
      </Button>
      {may.deleteData && (
        <Button
          type="button"
          size="sm"
          fill="text"
          variant="destructive"
          aria-label={say('recorded.carryOutOne', { name })}
          onClick={() => onCarryOut(name)}
        >
          {say('recorded.carryOut')}
        </Button>
      )}
    </>
  );
}

function describe({ what, query, present = '', wanted, by, atMs, samples }: WaitingDeletion): string {
  const values = { name: query ?? what, present, wanted, date: dateTimeFormat(atMs), by: by.replace(/^grafana:/, '') };
  const text =
    what === 'retention'
      ? say('recorded.waitingRetention', values)
      : what === 'data'
        ? say('recorded.waitingData', values)
        : say('recorded.waitingRollups', values);
  return samples === undefined ? text : `${text} (${say('recorded.waitingSamples', { count: samples })})`;
}
