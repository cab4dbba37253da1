import { useEffect, useEffectEvent, useRef, useState, type RefCallback } from 'react';
import type { Box, Placed, Point } from './placed.ts';
import { centred, fitted, opened, shows, zoomed, type Size, type View } from './view.ts';

/** Pixels that a pointer may move and still press what is below it. */
const SLACK = 4;

interface PanZoom {
  frame: RefCallback<SVGSVGElement>;
  view: View;
  /** A hand or a wheel moves it: then it must not lag behind. */
  moving: boolean;
  zoom(factor: number): void;
  fit(): void;
  /** Back to what is lit. */
  centre(): void;
  keepInView(box: Box): void;
}

/** Moves a canvas below a window: by dragging, by two fingers, by the wheel with Ctrl, and to what is lit when that changes. */
export function usePanZoom(canvas: Placed, lit: Box | undefined): PanZoom {
  const [element, setElement] = useState<SVGSVGElement | null>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const [moving, setMoving] = useState(false);
  const touched = useRef(false);

  const resize = useEffectEvent((next: Size) => {
    setSize(next);
    if (!touched.current) setView(opened(next, canvas, lit));
  });
  useEffect(() => {
    if (element === null) return;
    const observer = new ResizeObserver(() => resize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);

  const place = lit === undefined ? '' : `${lit.x} ${lit.y} ${lit.width} ${lit.height}`;
  const follow = useEffectEvent(() => {
    if (lit === undefined || size.width === 0) return;
    if (!touched.current) setView(opened(size, canvas, lit));
    else if (!shows(view, size, lit)) setView(centred(size, canvas, lit, view.scale));
  });
  useEffect(() => follow(), [place]);

  const by = useEffectEvent((change: (view: View) => View) => {
    touched.current = true;
    setView(change);
  });
  const move = useEffectEvent(setMoving);
  useEffect(() => {
    if (element === null) return;
    return listen(element, by, move);
  }, [element]);

  const middle = { x: size.width / 2, y: size.height / 2 };
  return {
    frame: setElement,
    view,
    moving,
    zoom: (factor) => {
      touched.current = true;
      setView(zoomed(view, middle, factor));
    },
    fit: () => {
      touched.current = true;
      setView(fitted(size, canvas));
    },
    centre: () => {
      touched.current = false;
      setView(opened(size, canvas, lit));
    },
    keepInView: (box) => {
      if (!shows(view, size, box)) setView(centred(size, canvas, box, view.scale));
    },
  };
}

/** By hand, as React's wheel listeners may not keep the page from zooming. @returns what ends it */
function listen(
  element: SVGSVGElement,
  by: (change: (view: View) => View) => void,
  move: (moving: boolean) => void,
): () => void {
  const down = new Map<number, Point>();
  let begun: Point | undefined;
  let dragged = false;
  const at = (event: MouseEvent): Point => {
    const { left, top } = element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    down.set(event.pointerId, at(event));
    begun = at(event);
    dragged = false;
  };
  const onMove = (event: PointerEvent): void => {
    const before = down.get(event.pointerId);
    if (before === undefined || begun === undefined) return;
    const now = at(event);
    if (!dragged && Math.hypot(now.x - begun.x, now.y - begun.y) < SLACK) return;
    if (!dragged) {
      dragged = true;
      element.setPointerCapture(event.pointerId);
      move(true);
    }
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    down.set(event.pointerId, now);
    if (other === undefined) by((view) => ({ ...view, x: view.x + now.x - before.x, y: view.y + now.y - before.y }));
    else {
      const factor =
        Math.hypot(now.x - other.x, now.y - other.y) / (Math.hypot(before.x - other.x, before.y - other.y) || 1);
      by((view) => zoomed(view, other, factor));
    }
  };
  const onUp = (event: PointerEvent): void => {
    down.delete(event.pointerId);
    if (down.size === 0) move(false);
  };
  /** The end of a drag is no press. */
  const onClick = (event: MouseEvent): void => {
    if (dragged) event.stopPropagation();
    dragged = false;
  };
  const onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const point = at(event);
    by((view) => zoomed(view, point, Math.exp(-event.deltaY / 300)));
  };
  element.addEventListener('pointerdown', onDown);
  element.addEventListener('pointermove', onMove);
  element.addEventListener('pointerup', onUp);
  element.addEventListener('pointercancel', onUp);
  element.addEventListener('click', onClick, { capture: true });
  element.addEventListener('wheel', onWheel, { passive: false });
  return () => {
    element.removeEventListener('pointerdown', onDown);
    element.removeEventListener('pointermove', onMove);
    element.removeEventListener('pointerup', onUp);
    element.removeEventListener('pointercancel', onUp);
    element.removeEventListener('click', onClick, { capture: true });
    element.removeEventListener('wheel', onWheel);
  };
}
