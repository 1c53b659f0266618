/** What the browser keeps for this site, in first-party storage; for this page only where it may not. */

export interface State {
  /** The anonymous id. */
  a?: string;
  /** The user id of whoever identified last. */
  u?: string;
  /** The session, and when it was last used. */
  s?: string;
  t?: number;
  /** What was agreed to, by purpose, and to which wording. */
  c?: Record<string, boolean>;
  w?: string;
}

const STATE = "tailorbird";
const WAITING = "tailorbird.";

const memory: Record<string, string> = {};
let disk: Record<string, string> = memory;
try {
  disk = localStorage || memory;
} catch {
  // The site or the visitor forbids storage: everything ends with the page.
}

export const read = (key: string): string | undefined => memory[key] ?? disk[key];

export const drop = (key: string): void => {
  delete memory[key];
  delete disk[key];
};

const put = (key: string, text: string): void => {
  try {
    disk[key] = text;
  } catch {
    memory[key] = text; // the storage is full
  }
};

/** Returns the state as it is now: another tab may have changed it. */
export const state = (): State => {
  try {
    return JSON.parse(read(STATE) || "{}");
  } catch {
    return {};
  }
};

export const keep = (state: State): void => put(STATE, JSON.stringify(state));

/** Returns the keys of what waits to be sent, oldest first: the ids begin with the time. */
export const waiting = (): string[] =>
  [...new Set([...Object.keys(disk), ...Object.keys(memory)])].filter((key) => key.startsWith(WAITING)).sort();

export const wait = (id: string, message: unknown): void => put(WAITING + id, JSON.stringify(message));
