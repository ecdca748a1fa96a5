type Parameter = [name: string, value: string];

/** The settings that name parameters. */
interface ParameterSettings {
  url: { query: ReadonlyArray<readonly [name: string, value: string]> };
  customParameters: ReadonlyArray<readonly [name: string, value: string]>;
}

/** Parameters that are the query's own; a fixed one of the same name would change what is asked. */
const OF_THE_QUERY = new Set(['query', 'start', 'end', 'step', 'time']);

export function isOfTheQuery(name: string): boolean {
  return OF_THE_QUERY.has(sameName(name));
}

/** What the Admin has set for every request: the URL's own parameters, and the custom ones whose names these do not have. */
export function fixedParameters({ url, customParameters }: ParameterSettings): Parameter[] {
  const own = url.query.map(([name, value]): Parameter => [name, value]);
  const custom = customParameters.map(([name, value]): Parameter => [name, value]);
  return [...own, ...custom.filter(([name]) => !own.some(([other]) => sameName(other) === sameName(name)))];
}

/** A copy without the parameters that have one of these names, which whoever asks can then not set. */
export function withoutNames(parameters: URLSearchParams, fixed: readonly Parameter[]): URLSearchParams {
  if (fixed.length === 0) {
    return new URLSearchParams(parameters);
  }
  const names = new Set(fixed.map(([name]) => sameName(name)));
  return new URLSearchParams([...parameters].filter(([name]) => !names.has(sameName(name))));
}

/** Go's servers compare names exactly; what stands in front of them may take `Tenant` or ` tenant` for `tenant`. */
function sameName(name: string): string {
  return name.trim().toLowerCase();
}
