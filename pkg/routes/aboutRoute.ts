import { type PageAbout } from '../../src/contract/aboutPage';
import { type ApiRoute } from '../core/ports/apiRoute';
import { type MetricSource } from '../core/ports/metricSource';
import { route } from './route';

/** What the page's values come from, without credentials. */
export interface AboutParts {
  source: Pick<MetricSource, 'buildInfo'>;
  /** Of Prometheus. */
  address: string;
  /** Absent: there is none. */
  archive?: PageAbout['archive'];
}

/** `GET /api/about`: which Prometheus, and which archive, a page shows. */
export function createAboutRoute({ source, address, archive }: AboutParts): ApiRoute {
  return route({
    method: 'GET',
    path: '/api/about',
    takes: {},
    async answer(_, { signal }): Promise<PageAbout> {
      // Where it is, is known all the same.
      const build = await source.buildInfo({ signal }).catch(() => undefined);
      const { application = 'Prometheus', version } = build ?? {};
      return { prometheus: { application, version, address }, ...(archive ? { archive } : {}) };
    },
  });
}

/** Host, port and path of a URL: neither user nor query, which may hold secrets. */
export function addressOf(url: string): string {
  const { host, pathname } = new URL(url);
  return host + (pathname === '/' ? '' : pathname);
}
