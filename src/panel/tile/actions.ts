import {
  ActionType,
  getFieldDataContextClone,
  locationUtil,
  type Action,
  type InterpolateFunction,
} from '@grafana/data';
import { type NumericSeries } from '../data/numericSeries';
import { type TileAction } from '../data/tile';

/** A request that an action makes, with every variable filled in. */
export interface ActionRequest {
  url: string;
  method: string;
  /** Absent for GET. */
  data?: string;
  headers: Record<string, string>;
}

/** As Grafana marks the requests of its own actions. */
const MARK = { 'X-Grafana-Action': '1' };

/**
 * The actions of a series' field that a panel outside Grafana's own code can run: requests by the browser. Actions through a
 * datasource of Infinity (behind a feature toggle) are left out.
 */
export function actionsOf(
  { frame, field, lastRow }: NumericSeries,
  replaceVariables: InterpolateFunction = (text) => text
): TileAction[] | undefined {
  const actions = (field.config.actions ?? []).filter(({ type, fetch }) => type === ActionType.Fetch && fetch);
  if (!frame || actions.length === 0) {
    return undefined;
  }
  const variables = field.state?.scopedVars ?? {};
  // What `${__field.labels.instance}`, `${__data.fields…}` and `${__value.raw}` in an action stand for.
  const context = getFieldDataContextClone(frame, field, variables);
  context.value.rowIndex = lastRow;
  const scope = { ...variables, __dataContext: context };
  return actions.map((action) => ({ action, scope, title: replaceVariables(action.title, scope) }));
}

/** @param inputs what the user typed for the action's own variables, by key */
export function fillAction(
  { action, scope, title }: TileAction,
  inputs: Readonly<Record<string, string>>,
  replaceVariables: InterpolateFunction
): { title: string; confirmation?: string; request: ActionRequest } {
  const write = (text: string): string => replaceVariables(withInputs(text, action, inputs), scope);
  const { url = '', method = 'POST', body, headers = [], queryParams = [] } = action.fetch ?? {};
  const address = new URL(locationUtil.assureBaseUrl(write(url)), window.location.href);
  queryParams.forEach(([name, value]) => address.searchParams.append(write(name), write(value)));
  const isHttp = address.protocol === 'http:' || address.protocol === 'https:';
  return {
    title,
    ...(action.confirmation ? { confirmation: write(action.confirmation) } : {}),
    request: {
      url: isHttp ? address.href : 'about:blank',
      method,
      ...(method === 'GET' ? {} : { data: body ? write(body) : '{}' }),
      headers: { ...Object.fromEntries(headers.map(([name, value]) => [write(name), write(value)])), ...MARK },
    },
  };
}

function withInputs(text: string, { variables = [] }: Action, inputs: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\w+)/g, (whole, name: string) =>
    variables.some(({ key }) => key === name) && inputs[name] !== undefined ? inputs[name] : whole
  );
}
