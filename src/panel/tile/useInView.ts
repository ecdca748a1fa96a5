import { useEffect, useState, type RefObject } from 'react';

/** What is this near to the edge of the screen is drawn before it is scrolled to. */
const MARGIN = '300px 0px';

type Listener = (isInView: boolean) => void;

interface Watch {
  observer: IntersectionObserver;
  listeners: Map<Element, Listener>;
}

/** One observer for all tiles of all panels. */
let shared: Watch | undefined;

/** Whether an element is on the screen, or nearly; always, where the browser cannot tell. */
export function useInView(element: RefObject<Element>): boolean {
  const [isInView, setInView] = useState(() => typeof IntersectionObserver === 'undefined');
  useEffect(() => {
    const target = element.current;
    return target && typeof IntersectionObserver !== 'undefined' ? watch(target, setInView) : undefined;
  }, [element]);
  return isInView;
}

function watch(target: Element, listener: Listener): () => void {
  const { observer, listeners } = (shared ??= createWatch());
  listeners.set(target, listener);
  observer.observe(target);
  return () => {
    listeners.delete(target);
    observer.unobserve(target);
  };
}

function createWatch(): Watch {
  const listeners = new Map<Element, Listener>();
  const observer = new IntersectionObserver(
    (entries) => {
      // On paper everything is seen that was.
      const isPrinting = window.matchMedia('print').matches;
      entries.forEach(
        ({ target, isIntersecting }) => (isIntersecting || !isPrinting) && listeners.get(target)?.(isIntersecting)
      );
    },
    { rootMargin: MARGIN }
  );
  return { observer, listeners };
}
