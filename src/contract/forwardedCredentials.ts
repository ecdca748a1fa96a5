import * as v from 'valibot';

/** Which of a user's own credentials Grafana hands on to a datasource, as Grafana reads the settings. */
export interface ForwardedCredentials {
  /** `oauthPassThru`: `Authorization` and `X-Id-Token`. */
  oauth: boolean;
  /** `keepCookies` names some: `Cookie`. */
  cookies: boolean;
}

const OAUTH = v.object({ oauthPassThru: v.literal(true) });
const COOKIES = v.object({ keepCookies: v.pipe(v.array(v.unknown()), v.nonEmpty()) });

/** @param jsonData of the datasource, unchecked */
export function forwardedCredentials(jsonData: unknown): ForwardedCredentials {
  return { oauth: v.is(OAUTH, jsonData), cookies: v.is(COOKIES, jsonData) };
}

/** Two users may see different data through such a datasource [A12]. */
export function forwardsUsersCredentials(jsonData: unknown): boolean {
  const { oauth, cookies } = forwardedCredentials(jsonData);
  return oauth || cookies;
}
