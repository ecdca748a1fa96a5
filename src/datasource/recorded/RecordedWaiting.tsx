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
          {may.edit && decide(one.query, 'takeBack', onTakeBack)}
          {may.edit && may.deleteData && decide(one.query, 'carryOut', onCarryOut)}
        </Stack>
      ))}
    </Alert>
  );
}

function decide(name: string | undefined, decision: 'takeBack' | 'carryOut', onDecide: (query: string) => void) {
  return (
    name !== undefined && (
      <Button
        type="button"
        size="sm"
        {...(decision === 'takeBack' ? { variant: 'secondary' } : { fill: 'text', variant: 'destructive' })}
        aria-label={say(`recorded.${decision}One`, { name })}
        onClick={() => onDecide(name)}
      >
        {say(`recorded.${decision}`)}
      </Button>
    )
  );
}

function describe({ what, query, present = '', wanted, by, atMs, samples }: WaitingDeletion): string {
  const values = { name: query ?? what, present, wanted, date: dateTimeFormat(atMs), by: by.replace(/^grafana:/, '') };
  const kind = what === 'retention' ? 'Retention' : what === 'data' ? 'Data' : 'Rollups';
  const text = say(`recorded.waiting${kind}`, values);
  return samples === undefined ? text : `${text} (${say('recorded.waitingSamples', { count: samples })})`;
}
