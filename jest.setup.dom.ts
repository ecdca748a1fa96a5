import '@testing-library/jest-dom';
import { TextDecoder, TextEncoder } from 'node:util';
import { version } from 'react';
import { version as domVersion } from 'react-dom';

/** By jest.config.js: which React this project is there to test with. */
declare const REACT_MAJOR: number;

if (![version, domVersion].every((one) => one.startsWith(`${REACT_MAJOR}.`))) {
  throw new Error(`These tests are for React ${REACT_MAJOR}, and got React ${version} with react-dom ${domVersion}.`);
}

/** Drawing a whole settings page takes 0.3 s here, and many times that on a busy machine with two cores. */
jest.setTimeout(30_000);

/** What jsdom lacks and the real `@grafana/ui` (with uPlot in it) needs. Nothing of ours and nothing of Grafana is replaced. */
Object.assign(globalThis, { TextDecoder, TextEncoder });

Object.defineProperty(window, 'matchMedia', {
  configurable: true,
  value: (query: string) => ({
    matches: false,
    media: query,
    addListener: () => undefined,
    removeListener: () => undefined,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    dispatchEvent: () => false,
  }),
});

class QuietObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

/** A 2d context that remembers what is set and draws nothing: uPlot itself runs. */
const context2d = new Proxy<Record<string | symbol, unknown>>(
  { measureText: (text: string) => ({ width: text.length * 8 }) },
  { get: (target, name) => target[name] ?? (() => ({ addColorStop: () => undefined })) }
);

Object.assign(HTMLCanvasElement.prototype, { getContext: () => context2d });
Object.assign(globalThis, {
  Path2D: class {
    constructor() {
      return new Proxy(this, { get: () => () => undefined });
    }
  },
  ResizeObserver: globalThis.ResizeObserver ?? QuietObserver,
  IntersectionObserver: globalThis.IntersectionObserver ?? QuietObserver,
});
