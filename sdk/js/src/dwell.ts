/**
 * Active time on a page: the tab is visible, and the visitor has moved, typed, touched or scrolled
 * within the last half minute. No heartbeat: the time is told when the page is left or hidden.
 */

const IDLE = 30_000;

let active = 0;
/** When the visitor was last seen, undefined while the tab is hidden. */
let seen: number | undefined;

const visible = (): boolean => document.visibilityState == "visible";

function note(): void {
  const now = performance.now();
  if (seen != undefined) active += Math.min(now - seen, IDLE);
  seen = visible() ? now : undefined;
}

/** Returns the active seconds since this was asked last. */
export function spent(): number {
  note();
  const seconds = Math.round(active / 100) / 10;
  active = 0;
  return seconds;
}

/** Begins to watch; calls `hidden` whenever the visitor turns away, `back` when she turns back. */
export function watch(hidden: () => void, back: () => void): void {
  note();
  for (const input of ["pointermove", "pointerdown", "keydown", "scroll", "touchmove"]) {
    addEventListener(input, note, { passive: true, capture: true });
  }
  const turn = (): void => {
    if (!visible()) return hidden();
    seen = performance.now();
    back();
  };
  document.addEventListener("visibilitychange", turn);
  addEventListener("pagehide", hidden);
}
