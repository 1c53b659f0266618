/**
 * Sends what waits, at least once: a message leaves the browser's storage when the server has said
 * that it is on the disk. What is sent twice has the same id, and the server counts it once.
 *
 * The body is plain text and there is no header of ours, so that no browser asks beforehand (no
 * preflight).
 */

import { drop, read, wait, waiting } from "./kept";

const MOST_WAITING = 500;
const BATCH = 20;
/** Characters; browsers let 64 KiB outlive a page. */
const OUTLIVING = 20_000;
/** Milliseconds within which what happens together is sent together. */
const SOON = 50;
const FIRST_DELAY = 5_000;
const LONGEST_DELAY = 300_000;

let address = "";
let writeKey = "";
let timer = 0;
let busy = false;
let delay = 0;

/** Says where to; sends what an earlier page left. */
export function connect(url: string, key: string): void {
  address = url;
  writeKey = key;
  addEventListener("online", () => send());
  send();
}

export function enqueue(id: string, message: unknown): void {
  wait(id, message);
  waiting().slice(0, -MOST_WAITING).forEach(drop);
  // While the server is away, the timer of the next try is running already.
  timer ||= setTimeout(send, SOON);
}

/** Sends the oldest batch. `leaving`: the page may be gone before the answer comes. */
export function send(leaving?: boolean): void {
  clearTimeout(timer);
  timer = 0;
  const keys = waiting().slice(0, BATCH);
  if (!keys.length || (busy && !leaving)) return;
  const body = `{"writeKey":${JSON.stringify(writeKey)},"sentAt":"${new Date().toJSON()}","batch":[${keys.map(read)}]}`;
  // Nobody reads a beacon's answer: what it carried waits on, until a page hears that it arrived.
  if (leaving && navigator.sendBeacon?.(address, body)) return;
  busy = true;
  fetch(address, { method: "POST", body, keepalive: body.length < OUTLIVING }).then(
    (answer) => {
      busy = false;
      const { ok, status } = answer;
      if (!ok && (status > 499 || status == 429)) {
        return again(+(answer.headers.get("retry-after") || 0) * 1000);
      }
      // Taken, or refused for good: to send it again would change nothing.
      delay = 0;
      keys.forEach(drop);
      send();
    },
    () => {
      busy = false;
      again(0);
    },
  );
}

function again(asked: number): void {
  delay = asked || Math.min(delay * 2 || FIRST_DELAY, LONGEST_DELAY);
  timer = setTimeout(send, delay);
}
