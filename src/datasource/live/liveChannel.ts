import {
  type DataQueryRequest,
  LiveChannelScope,
  type LiveChannelAddress,
  type QueryResultMetaNotice,
} from '@grafana/data';
import { config, getGrafanaLiveSrv } from '@grafana/runtime';
import { type LiveAsk, livePath } from '../../contract/live';
import { forwardsUsersCredentials } from '../../contract/forwardedCredentials';
import { say } from '../texts';
import { isStandardQuery, isSummaryQuery, readFromOf } from '../query/ownQuery';
import { type PromkeepOptions, type PromkeepPromQuery } from '../query/promkeepPromQuery';

/** What Grafana's server side reads of a query; everything else (legend, editor, archive) is none of the channel's business. */
const ASKED = ['expr', 'interval', 'intervalFactor', 'utcOffsetSec', 'adhocFilters', 'scopes', 'groupByKeys'] as const;

export function wantsLive(query: PromkeepPromQuery, request: DataQueryRequest<PromkeepPromQuery>): boolean {
  return (query.live === true || request.liveStreaming === true) && !query.hide;
}

/** Why a query cannot be live, as a sentence for its viewer; `undefined` when it can. */
export function whyNotLive(
  query: PromkeepPromQuery,
  request: DataQueryRequest<PromkeepPromQuery>,
  jsonData: PromkeepOptions
): string | undefined {
  if (forwardsUsersCredentials(jsonData)) {
    // one stream serves everyone on the channel, in the name of whoever came first and without their credentials
    return "Live is off: this datasource forwards each user's own credentials, and a channel is shared.";
  }
  if (!config.liveEnabled || !getGrafanaLiveSrv()) {
    return say('live.switchedOff');
  }
  if (request.range.raw.to !== 'now') {
    return say('live.notNow');
  }
  if (isSummaryQuery(query) || isStandardQuery(query) || isOnlyInstant(query) || isShapedInBrowser(query)) {
    return say('live.notSeries');
  }
  if (readFromOf(query) !== 'prometheus') {
    return say('live.archived');
  }
  return undefined;
}

export function liveNotice(text: string): QueryResultMetaNotice {
  return { severity: 'warning', text };
}

/** @param query with variables and filters in it */
export function liveAsk(query: object, request: DataQueryRequest<PromkeepPromQuery>): LiveAsk {
  const { intervalMs, maxDataPoints, range } = request;
  const picked = Object.entries(query).filter(([key]) => ASKED.some((asked) => asked === key));
  // JSON and back: the hash must not depend on what a message cannot carry
  return JSON.parse(
    JSON.stringify({
      query: { ...Object.fromEntries(picked), range: true, intervalMs, maxDataPoints },
      rangeMs: range.to.valueOf() - range.from.valueOf(),
    })
  );
}

export function liveAddress(datasourceUid: string, ask: LiveAsk): LiveChannelAddress {
  return {
    scope: LiveChannelScope.DataSource,
    stream: datasourceUid,
    // what `stream` was called before
    namespace: datasourceUid,
    path: livePath(ask, config.bootData.user.orgId),
    data: ask,
  };
}

function isOnlyInstant({ instant, range }: PromkeepPromQuery): boolean {
  return instant === true && !range;
}

/** The browser makes tables and heatmaps out of whole answers. */
function isShapedInBrowser({ format }: PromkeepPromQuery): boolean {
  return format === 'table' || format === 'heatmap';
}
