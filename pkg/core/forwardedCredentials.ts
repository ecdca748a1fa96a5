/** Which of a user's own credentials Grafana hands on to a datasource, as Grafana reads the settings. */
export interface ForwardedCredentials {
  /** `oauthPassThru`: `Authorization` and `X-Id-Token`. */
  oauth: boolean;
  /** `keepCookies` names some: `Cookie`. */
  cookies: boolean;
}

/** @param jsonData of the datasource, unchecked */
export function forwardedCredentials(jsonData: unknown): ForwardedCredentials {
  if (typeof jsonData !== 'object' || jsonData === null) {
    return { oauth: false, cookies: false };
  }
  return {
    oauth: 'oauthPassThru' in jsonData && jsonData.oauthPassThru === true,
    cookies: 'keepCookies' in jsonData && Array.isArray(jsonData.keepCookies) && jsonData.keepCookies.length > 0,
  };
}

/** Two users may see different data through such a datasource [A12]. */
export function forwardsUsersCredentials(jsonData: unknown): boolean {
  const { oauth, cookies } = forwardedCredentials(jsonData);
  return oauth || cookies;
}
