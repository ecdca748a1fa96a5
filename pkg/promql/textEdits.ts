import { LIMITS } from '../core/limits';
import { PromkeepError } from '../core/errors';

/** Replaces `[from, to)`; inserts when both are equal. */
export interface TextEdit {
  from: number;
  to: number;
  text: string;
}

/**
 * Applies edits that do not overlap; of two at the same place the first one comes first. Throws `LIMIT_EXCEEDED` when the text
 * becomes too long: the same filter goes into every selector.
 */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const addedLength = edits.reduce((sum, edit) => sum + edit.text.length, 0);
  if (text.length + addedLength > LIMITS.expressionLength) {
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `With its filters the expression would have more than ${LIMITS.expressionLength} characters.`
    );
  }
  let result = '';
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.from - b.from || a.to - b.to)) {
    result += text.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return result + text.slice(at);
}
