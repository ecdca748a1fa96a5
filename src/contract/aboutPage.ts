import * as v from 'valibot';
import { maybeText, text } from './lenient';

/** What the stand-alone page shows values of: `/api/about`. Addresses hold no credentials. */
export type PageAbout = v.InferOutput<typeof ABOUT>;

export const ABOUT = v.object({
  prometheus: v.object({
    /** `Prometheus`, `Mimir` */
    application: text,
    /** Absent: it does not say, or does not answer now. */
    version: maybeText,
    /** `127.0.0.1:9090` */
    address: text,
  }),
  /** Absent: nothing is kept. */
  archive: v.fallback(
    v.optional(
      v.object({
        /** Host, port and database. */
        address: text,
        /** The name of this Prometheus in it. */
        source: text,
      })
    ),
    undefined
  ),
});
