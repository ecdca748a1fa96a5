import { useEffect, useRef, useState, type RefObject } from 'react';

/** The content width of an element in pixels, 0 before it is known. */
export function useWidth<T extends HTMLElement>(): [RefObject<T>, number] {
  const element = useRef<T>(null);
  const [widthPx, setWidthPx] = useState(0);
  useEffect(() => {
    const observed = element.current;
    if (!observed) {
      return;
    }
    setWidthPx(observed.clientWidth);
    const observer = new ResizeObserver(() => setWidthPx(observed.clientWidth));
    observer.observe(observed);
    return () => observer.disconnect();
  }, []);
  return [element, widthPx];
}
