/**
 * What Segment's classic snippet loads: its `analytics` object, over our tag.
 *
 * The snippet has queued calls meanwhile; they are replayed. The site answers for the consent, as it
 * did before: it loads the snippet only where it has it. Global Privacy Control still ends everything.
 */

import { watch } from "./dwell";
import { keep, state } from "./kept";
import { page as here } from "./context";
import { type Fields, forget, gpc, imply, newId, obey, record } from "./record";
import { connect, send } from "./send";

type Listener = (...given: any[]) => void;
type Anything = any;

/** Left by the snippet beside a call: the page as it was then. */
interface Buffered {
  __t: "bpc";
  p: string;
  u: string;
  s: string;
  t: string;
  r: string;
}

const script = document.currentScript as HTMLScriptElement;
const name = script.dataset.globalSegmentAnalyticsKey || "analytics";
const stub: Anything = (window as Anything)[name] || [];
const listeners: Record<string, Listener[]> = {};

const tell = (event: string, ...given: unknown[]): void =>
  (listeners[event] || []).slice().forEach((listener) => listener(...given));

/** Returns the arguments without callback and page, the page where there was one, and calls back. */
function taken(given: Anything[]): { rest: Anything[]; page: Fields; done: () => void } {
  const rest = [...given];
  let buffered: Buffered | undefined;
  if (rest[rest.length - 1]?.__t == "bpc") buffered = rest.pop();
  const called = rest.findIndex((each) => typeof each == "function");
  const done = called < 0 ? () => {} : rest.splice(called)[0];
  const page = buffered
    ? { path: buffered.p, url: buffered.u, search: buffered.s, title: buffered.t, referrer: buffered.r }
    : here();
  return { rest, page, done };
}

/** Returns the fields that a call's options may set. */
function optional(options: Anything, page: Fields): [Fields, Fields] {
  const { anonymousId, timestamp, context } = options || {};
  const fields: Fields = {};
  if (anonymousId) fields.anonymousId = anonymousId;
  if (timestamp) fields.timestamp = timestamp;
  return [fields, { page, ...context }];
}

function viewed(type: string, given: Anything[]): void {
  const { rest, page, done } = taken(given);
  const named: Anything[] = [];
  while (rest.length && (typeof rest[0] == "string" || rest[0] == null)) named.push(rest.shift());
  const [category, title] = named.length > 1 ? named : [undefined, named[0]];
  const [properties, options] = rest;
  const [fields, more] = optional(options, page);
  const shown = type == "page" ? page : {};
  record(type, { name: title, category, properties: { ...shown, ...properties }, ...fields }, more);
  tell(type, category, title, properties, options);
  done();
}

function tracked(...given: Anything[]): void {
  const { rest, page, done } = taken(given);
  const [event, properties, options] = rest;
  const [fields, more] = optional(options, page);
  record("track", { event, properties: properties || {}, ...fields }, more);
  tell("track", event, properties, options);
  done();
}

/** `identify` and `group`: an id that may be left out, then traits. */
function described(type: "identify" | "group", key: string, given: Anything[]): void {
  const { rest, page, done } = taken(given);
  const id = rest[0] && typeof rest[0] == "object" ? undefined : rest.shift();
  const [traits, options] = rest;
  const [fields, more] = optional(options, page);
  record(type, { [key]: id ?? undefined, traits: traits || {}, ...fields }, more);
  tell(type, id, traits, options);
  done();
}

/** Tracks an event of each of these elements; what is sent outlives the page, so nothing waits. */
const on =
  (event: string) =>
  (elements: Anything, called: Anything, properties?: Anything): void => {
    const all = elements instanceof Element ? [elements] : Array.from(elements || []);
    const value = (given: Anything, element: unknown): Anything => (typeof given == "function" ? given(element) : given);
    for (const each of all as Element[]) {
      each.addEventListener(event, () => tracked(value(called, each), value(properties, each)));
    }
  };

function own(anonymousId?: string): string | undefined {
  const now = state();
  if (gpc || (!anonymousId && now.a)) return now.a;
  now.a = anonymousId || newId();
  keep(now);
  return now.a;
}

const unsupported = (...given: unknown[]): Promise<void> => {
  console.warn(name, "has no plugins and no middleware here", ...given);
  return Promise.resolve();
};

const analytics: Anything = {
  initialize: () => analytics,
  initialized: true,
  track: tracked,
  page: (...given: Anything[]) => viewed("page", given),
  pageview: (path?: string) => viewed("page", path ? [{ path }] : []),
  screen: (...given: Anything[]) => viewed("screen", given),
  identify: (...given: Anything[]) => described("identify", "userId", given),
  group: (...given: Anything[]) => described("group", "groupId", given),
  alias(...given: Anything[]) {
    const { rest, page, done } = taken(given);
    record("alias", { userId: rest[0], previousId: rest[1] || own() }, { page });
    done();
  },
  reset: forget,
  setAnonymousId: own,
  user: () => ({ id: () => state().u ?? null, anonymousId: own }),
  ready: (listener: Listener) => setTimeout(listener),
  debug() {},
  on: (event: string, listener: Listener) => (listeners[event] ||= []).push(listener),
  off(event: string, listener?: Listener) {
    listeners[event] = (listeners[event] || []).filter((each) => listener && each != listener);
  },
  once(event: string, listener: Listener) {
    const first: Listener = (...given) => {
      analytics.off(event, first);
      listener(...given);
    };
    analytics.on(event, first);
  },
  trackLink: on("click"),
  trackClick: on("click"),
  trackForm: on("submit"),
  trackSubmit: on("submit"),
  register: unsupported,
  addSourceMiddleware: unsupported,
  addIntegrationMiddleware: unsupported,
  addDestinationMiddleware: unsupported,
};

/** Returns an id that analytics.js left in this browser, so that its visitors stay who they are. */
function earlier(key: string): string | undefined {
  const cookie = document.cookie.split("; ").find((each) => each.startsWith(`${key}=`));
  try {
    const text = cookie ? decodeURIComponent(cookie.slice(key.length + 1)) : localStorage[key];
    return text?.replace(/^"|"$/g, "") || undefined;
  } catch {
    return undefined;
  }
}

function takeOver(): void {
  const now = state();
  if (gpc || now.a) return;
  const a = earlier("ajs_anonymous_id");
  const user = earlier("ajs_user_id");
  const u = user == "null" ? undefined : user;
  if (a) keep({ ...now, a, ...(u ? { u } : {}) });
}

if (!stub.initialized) {
  (window as Anything)[name] = analytics;
  for (const key of ["_writeKey", "_loadOptions", "SNIPPET_VERSION"]) analytics[key] = stub[key];
  imply();
  obey();
  takeOver();
  const key = /\/v1\/([^/]+)\/[^/]*$/.exec(new URL(script.src).pathname);
  connect(new URL("../../../v1/b", script.src).href, decodeURIComponent(key?.[1] || ""));
  const calls: Anything[][] = [...stub];
  calls.sort((one, other) => +(other[0] == "setAnonymousId") - +(one[0] == "setAnonymousId"));
  for (const [method, ...given] of calls) {
    try {
      analytics[method]?.(...given);
    } catch (error) {
      console.warn(name, method, error);
    }
  }
  watch(() => send(true), send);
}
