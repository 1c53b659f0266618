/**
 * The consent banner: asks once for each wording, by purpose, and hands the choice to the tag.
 *
 * To refuse is as easy as to accept: same place, same size, same colours, nothing ticked beforehand.
 * It takes its settings from `window.tailorbirdConsent`, asks nobody else for anything, and lives in
 * a shadow tree with a constructed style sheet, which a strict content security policy allows.
 */

const TEXT: Record<string, string> = {
  title: "Your privacy",
  intro: "You decide what we may do. You can change your mind at any time.",
  policy: "Privacy policy",
  legend: "What we may do",
  refuse: "Refuse all",
  accept: "Accept all",
  save: "Save my choice",
  tracking: "Measure visits",
  tracking_more: "Which pages, products and e-mails you look at, and for how long.",
  personalisation: "Personal content",
  personalisation_more: "Choose products and messages that suit you.",
  email_marketing: "E-mail",
  email_marketing_more: "Write to you about offers.",
  training: "Learning",
  training_more: "Improve our recommendations with what you do here.",
};

interface Settings {
  wording?: string;
  policy?: string;
  purposes?: string[];
  lang?: string;
  text?: Record<string, string>;
}

interface Known {
  consent?: Record<string, boolean>;
  wording?: string;
  gpc: boolean;
}

type Tag = ((...given: unknown[]) => void) & { q?: unknown[] };

const scope = window as unknown as { tailorbird?: Tag; tailorbirdConsent?: Settings };
const settings = scope.tailorbirdConsent || {};
const wording = settings.wording || "1";
const purposes = settings.purposes || ["tracking", "personalisation"];
const text = { ...TEXT, ...settings.text };

const STYLE = `
:host { all: initial; position: fixed; z-index: 2147483647; inset: auto 0 0 0;
  --ink: var(--tb-ink, #1b1b1b); --paper: var(--tb-paper, #fff); --line: var(--tb-line, #6b6b6b);
  --deed: var(--tb-deed, #1d4f36); --on: var(--tb-on, #fff) }
@media (prefers-color-scheme: dark) { :host { --ink: var(--tb-ink, #f1f1f1);
  --paper: var(--tb-paper, #1c1c1c); --line: var(--tb-line, #9b9b9b); --deed: var(--tb-deed, #9fdcbb);
  --on: var(--tb-on, #10241a) } }
* { box-sizing: border-box; font: inherit; color: inherit; margin: 0 }
section { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  border-top: 1px solid var(--line); padding: 1rem max(1rem, calc(50vw - 34rem));
  max-height: 100vh; overflow: auto }
h2 { font-size: 1.125rem; font-weight: 600 }
h2:focus { outline: none }
fieldset { border: 0; padding: 0; margin: .75rem 0; display: grid; gap: .5rem 2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 16rem), 1fr)) }
legend { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
label { display: flex; gap: .625rem; align-items: flex-start; padding: .25rem 0 }
label b { font-weight: 600; display: block }
input { appearance: auto; width: 1.25rem; height: 1.25rem; flex: none; margin: .125rem 0 0;
  accent-color: var(--deed) }
a { text-decoration: underline }
div { display: flex; flex-wrap: wrap; gap: .625rem }
button { flex: 1 1 10rem; min-height: 2.75rem; padding: .5rem 1rem; font-weight: 600; cursor: pointer;
  color: var(--on); background: var(--deed); border: 1px solid var(--deed); border-radius: .375rem }
:is(a, button, input):focus-visible { outline: 3px solid var(--ink); outline-offset: 2px }
`;

/** Returns an element with attributes and children; texts are texts, never markup. */
function made<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const key in attributes) element.setAttribute(key, attributes[key]!);
  element.append(...children);
  return element;
}

if (!scope.tailorbird) {
  const queue: Tag = (...given) => {
    (queue.q ||= []).push(given);
  };
  scope.tailorbird = queue;
}
const ask = (tell: (known: Known) => void): void => scope.tailorbird!("ready", tell);

let host: HTMLElement | undefined;

function close(opener?: HTMLElement): void {
  host?.remove();
  host = undefined;
  opener?.focus();
}

/** Shows the banner, with the choice as it stands. `opener`: what the visitor used to see it again. */
function show(before: Record<string, boolean>, opener?: HTMLElement): void {
  close();
  const boxes = purposes.map((purpose) => made("input", { type: "checkbox", name: purpose }));
  boxes.forEach((box) => (box.checked = before[box.name] === true));
  const decide = (how: string, granted: (box: HTMLInputElement) => boolean): HTMLButtonElement => {
    const button = made("button", { type: "button" }, text[how]!);
    button.onclick = () => {
      const choice = Object.fromEntries(boxes.map((box) => [box.name, granted(box)]));
      const evidence = `banner at ${location.origin}${location.pathname}: ${text[how]}`;
      scope.tailorbird!("consent", choice, { wording, evidence });
      close(opener);
    };
    return button;
  };
  const title = made("h2", { id: "title", tabindex: "-1" }, text.title!);
  const intro = made("p", { id: "intro" }, `${text.intro} `);
  if (settings.policy) intro.append(made("a", { href: settings.policy }, text.policy!));
  const rows = boxes.map((box) => {
    const more = text[`${box.name}_more`];
    const words = made("span", {}, made("b", {}, text[box.name] || box.name), ...(more ? [more] : []));
    return made("label", {}, box, words);
  });
  const section = made(
    "section",
    { "aria-labelledby": "title", "aria-describedby": "intro" },
    title,
    intro,
    made("fieldset", {}, made("legend", {}, text.legend!), ...rows),
    made(
      "div",
      {},
      decide("refuse", () => false),
      decide("accept", () => true),
      decide("save", (box) => box.checked),
    ),
  );
  host = made("div", { lang: settings.lang || "en" });
  const root = host.attachShadow({ mode: "open" });
  const style = new CSSStyleSheet();
  style.replaceSync(STYLE);
  root.adoptedStyleSheets = [style];
  root.append(section);
  // First in the page, so that it comes first by keyboard; it takes the focus only when asked for.
  document.body.prepend(host);
  if (!opener) return;
  title.focus();
  root.addEventListener("keydown", (event) => {
    if ((event as KeyboardEvent).key == "Escape") close(opener);
  });
}

function start(): void {
  ask(({ consent, wording: agreed, gpc }) => {
    if (!gpc && !(consent && agreed == wording)) show({});
  });
  document.addEventListener("click", (event) => {
    const opener = (event.target as Element).closest?.<HTMLElement>("[data-tb-consent]");
    if (!opener) return;
    event.preventDefault();
    ask(({ consent, gpc }) => gpc || show(consent || {}, opener));
  });
}

if (document.body) start();
else document.addEventListener("DOMContentLoaded", start);
