/**
 * Says why an expression cannot be a recorded query, or nothing. A recorded result at time t must not depend on the request
 * it was part of (promise 6), and `@ start()`, `@ end()`, `step()` and `range()` do.
 */
export function refuseRecording(expression: string): string | undefined {
  const code = withoutStrings(expression);
  if (code.trim() === '') {
    return 'the expression is empty';
  }
  const modifier = /@\s*(start|end)\s*\(\s*\)/.exec(code);
  if (modifier) {
    return `"@ ${modifier[1]}()" depends on the request, so its value at a time would not be the same in every request`;
  }
  const call = /(?<![\w:])(step|range)\s*\(\s*\)/.exec(code);
  if (call) {
    return `"${call[1]}()" depends on the request, so its value at a time would not be the same in every request`;
  }
  const variable = /\$(__\w+|\{\w+[^}]*\}|\w+)/.exec(code);
  if (variable) {
    return `"${variable[0]}" is a Grafana variable, and a recorded query runs without a dashboard`;
  }
  return undefined;
}

/** Blanks string literals and comments; label values may hold anything. */
function withoutStrings(expression: string): string {
  return expression.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|#[^\n]*/g, (text) =>
    text[0] === '#' ? '' : '""'
  );
}
