/**
 * Consent first, then events. Until there is a choice, messages wait in memory, and die with the page
 * or with a refusal; nothing is stored, nothing is sent. After a refusal they are not kept at all.
 */

import { context } from "./context";
import { drop, keep, type State, state, waiting } from "./kept";
import { enqueue } from "./send";

export type Fields = Record<string, unknown>;
export interface About {
  wording?: string;
  evidence?: string;
}

interface Message extends Fields {
  messageId: string;
  context: Fields;
}

const SESSION = 30 * 60_000;
const MOST_HELD = 100;
const browser = navigator as { globalPrivacyControl?: boolean; doNotTrack?: string | null };

/** Whether the browser says that its user wants no tracking: then nothing that a page says counts. */
export const gpc = !!browser.globalPrivacyControl || browser.doNotTrack == "1";

let held: Message[] = [];
let implied: boolean | undefined;

/** The site answers for the consent itself: it loads us only where it has it. */
export const imply = (): void => {
  implied = true;
};

let latest = 0;

/** Returns a new id; ids sort by when they were made, also within a millisecond. */
export const newId = (): string =>
  (latest = Math.max(Date.now(), latest + 1)).toString(36) +
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => (byte + 256).toString(16).slice(1)).join("");

const some = (choices: Record<string, boolean> = {}): boolean => Object.values(choices).includes(true);

/** Sends, holds or forgets a message, as the consent says; returns its id. */
export function record(type: string, fields: Fields, more?: Fields): string {
  const messageId = newId();
  const message = { type, messageId, timestamp: new Date().toJSON(), ...fields, context: { ...context(), ...more } };
  const { c } = state();
  const tracked = gpc ? false : (c?.tracking ?? implied);
  // Who identifies has told the site who she is: one purpose that she agrees to is enough.
  if (tracked || (type == "identify" && !gpc && some(c))) dispatch(message);
  else if (tracked == undefined && held.length < MOST_HELD) held.push(message);
  return messageId;
}

function dispatch(message: Message): void {
  const now = state();
  const at = Date.now();
  const user = message.userId as string | undefined;
  const fresh = user && user != now.u;
  if (fresh && now.u) now.a = now.s = undefined; // somebody else at the same browser
  if (fresh) now.u = user;
  now.a ||= newId();
  if (!now.s || at - now.t! > SESSION) now.s = newId();
  now.t = at;
  keep(now);
  message.context.sessionId = now.s;
  // What an identify says of consent becomes a receipt: once for each user, not on every page.
  if (now.c && (message.type != "identify" || fresh)) message.context.consent ||= consent(now);
  enqueue(message.messageId, { anonymousId: now.a, userId: now.u, ...message });
}

const consent = ({ c, w }: State, evidence?: string): Fields => ({
  categoryPreferences: c,
  wordingVersion: w,
  evidence,
});

/** Keeps a choice, tells the server where it changes anything, and obeys it from now on. */
export function choose(choice: Record<string, boolean>, { wording, evidence }: About = {}): void {
  const now = state();
  const before = JSON.stringify([now.c, now.w]);
  now.c = { ...now.c };
  for (const purpose in choice) now.c[purpose] = !!choice[purpose];
  now.w = wording ?? now.w;
  if (before == JSON.stringify([now.c, now.w])) return;
  const { tracking } = now.c;
  if (tracking == false) {
    held = [];
    waiting().forEach(drop);
  }
  if (some(now.c)) now.a ||= newId();
  keep(now);
  // A refusal by somebody of whom we know nothing stays in the browser.
  if (now.a) {
    const fields = { anonymousId: now.a, userId: now.u, context: { ...context(), consent: consent(now, evidence) } };
    const messageId = newId();
    enqueue(messageId, { type: "identify", messageId, timestamp: new Date().toJSON(), ...fields });
  }
  if (!some(now.c)) forget();
  if (tracking) held.splice(0).forEach(dispatch);
}

/** Forgets who this is: the next event is somebody else's. The choice stays. */
export function forget(): void {
  const { c, w } = state();
  keep({ c, w } as State);
}

/** Erases the ids of earlier visits when the browser has begun to say no. */
export function obey(): void {
  const { a, c } = state();
  if (!gpc || !a) return;
  const none: Record<string, boolean> = { tracking: false };
  for (const purpose in c) none[purpose] = false;
  choose(none, { evidence: "Global Privacy Control" });
}
