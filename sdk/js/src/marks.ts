/** Forms that are sent, and clicks on elements that the site has marked. */

import { properties } from "./look";
import { track } from "./pages";
import { type Fields, record } from "./record";

/** Watches forms and marked elements. */
export function marks(): void {
  document.addEventListener("submit", (event) => sent(event.target as HTMLFormElement), true);
  document.addEventListener(
    "click",
    (event) => {
      const marked = (event.target as Element).closest?.("[data-tb-click]");
      if (marked) track(marked.getAttribute("data-tb-click")!, properties(marked));
    },
    true,
  );
}

/** Records that a form was sent, and of its fields those alone that the site names on it. */
function sent(form: HTMLFormElement): void {
  track("Form Submitted", { form: form.getAttribute("id") || form.getAttribute("name"), ...properties(form) });
  const wanted = form.getAttribute("data-tb-fields");
  if (!wanted) return;
  const given = new FormData(form);
  const traits: Fields = {};
  for (const name of wanted.split(/[\s,]+/)) {
    const value = given.get(name);
    if (value && typeof value == "string") traits[name] = value;
  }
  record("identify", { traits });
}
