/** One condition on a label, as PromQL writes it. A label that is absent counts as the empty text. */
export interface LabelMatcher {
  name: string;
  operator: '=' | '!=' | '=~' | '!~';
  /** For `=~` and `!~` a regular expression (RE2) that must match the whole value. */
  value: string;
}
