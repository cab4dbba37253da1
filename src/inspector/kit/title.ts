import { useEffect } from 'react';

/** Names the place in the browser's tab and history. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Durachart`;
  }, [title]);
}
