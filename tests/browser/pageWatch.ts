import { type Page, type Request } from 'playwright-core';

/** Everything a page must not do, written down from before its first script. */
export interface PageWatch {
  consoleErrors: string[];
  policyViolations: string[];
  foreignRequests: string[];
  requests: string[];
}

const REPORT = 'reportPolicyViolation';

/** @param origin the only one the page may talk to */
export async function watchPage(page: Page, origin: string): Promise<PageWatch> {
  const watch: PageWatch = { consoleErrors: [], policyViolations: [], foreignRequests: [], requests: [] };
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      watch.consoleErrors.push(message.text());
    }
  });
  page.on('pageerror', (error) => watch.consoleErrors.push(String(error)));
  page.on('request', (request) => {
    watch.requests.push(request.url());
    if (!isOwn(request, origin)) {
      watch.foreignRequests.push(request.url());
    }
  });
  await page.exposeFunction(REPORT, (violation: string) => watch.policyViolations.push(violation));
  await page.addInitScript((name) => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const report: unknown = Reflect.get(window, name);
      if (typeof report === 'function') {
        report(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
      }
    });
  }, REPORT);
  return watch;
}

function isOwn(request: Request, origin: string): boolean {
  const url = new URL(request.url());
  return url.origin === origin || url.protocol === 'data:';
}
