/** Page views: the first, and one for each new address that the site shows without loading anew. */

import { cameFrom, page } from "./context";
import { spent, watch } from "./dwell";
import { product, properties } from "./look";
import { type Fields, record } from "./record";
import { send } from "./send";

export const track = (event: string, properties: Fields = {}): string => record("track", { event, properties });

let shown = "";
let place: Fields = {};

/** Tells how long the visitor was active on the page that she leaves. */
function leave(): void {
  const active_seconds = spent();
  if (shown && active_seconds) {
    record("track", { event: "Page Left", properties: { page_id: shown, active_seconds, ...place } });
  }
}

/** Records that the page is seen, which ends the page before. */
export function view(name?: string, more?: Fields): void {
  leave();
  const { url, path } = page();
  place = { url, path };
  shown = record("page", { name, properties: { ...page(), ...more } });
}

/** Records what the page shows: itself, its product, and elements that are marked. */
function look(): void {
  view();
  const seen = product();
  if (seen) track("Product Viewed", seen);
  for (const element of document.querySelectorAll("[data-tb-view]")) {
    track(element.getAttribute("data-tb-view")!, properties(element));
  }
}

/** Tells the dwell of whatever is shown, now and later. */
export function dwell(): void {
  watch(() => {
    leave();
    send(true);
  }, send);
}

/** Looks at every page from now on. */
export function follow(): void {
  let here = location.href;
  const moved = (): void => {
    const there = location.href;
    if (there.split("#")[0] == here.split("#")[0]) return;
    cameFrom(here);
    here = there;
    setTimeout(look); // after the router has drawn the page and named it
  };
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function (...given) {
      original.apply(this, given);
      moved();
    };
  }
  addEventListener("popstate", moved);
  const { readyState } = document;
  if ((document as { prerendering?: boolean }).prerendering) {
    document.addEventListener("prerenderingchange", look);
  } else if (readyState == "loading") document.addEventListener("DOMContentLoaded", look);
  else look();
}
