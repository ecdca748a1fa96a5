import { cache } from '@emotion/css';

/**
 * The first import of the page: modules run in import order, and `@grafana/ui` and `@grafana/data` act while they load.
 *
 * - Emotion's style elements need the nonce of the page's Content-Security-Policy before the first style is made.
 * - zod (the theme's schema) would probe `new Function`, which the policy forbids and the browser reports.
 */
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
if (nonce) {
  cache.nonce = nonce;
  cache.sheet.nonce = nonce;
}
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
