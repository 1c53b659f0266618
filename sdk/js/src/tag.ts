/** The tag: `tailorbird(command, ...)`, and what it does by itself. */

import { state } from "./kept";
import { marks } from "./marks";
import { dwell, follow, track, view } from "./pages";
import { choose, type Fields, forget, gpc, obey, record } from "./record";
import { connect } from "./send";

type Command = (...given: any[]) => unknown;
type Queue = ((...given: any[]) => void) & { q?: ArrayLike<any>[]; on?: boolean };

const say =
  (event: string): Command =>
  (properties?: Fields) =>
    track(event, properties);

const commands: Record<string, Command> = {
  page: view,
  track,
  product: say("Product Viewed"),
  cart: say("Product Added"),
  wishlist: say("Product Added to Wishlist"),
  purchase: say("Order Completed"),
  identify: (userId?: string, traits: Fields = {}) => record("identify", { userId, traits }),
  consent: (choice, about) => gpc || choose(choice, about),
  reset: forget,
  ready(tell) {
    const { c, w } = state();
    tell({ consent: c, wording: w, gpc });
  },
};

const scope = window as unknown as { tailorbird?: Queue };
const early = scope.tailorbird;

const obeyed: Queue = (name, ...given) => {
  try {
    commands[name]!(...given);
  } catch (error) {
    console.warn("tailorbird", name, error); // a tag never breaks the page
  }
};

if (!early?.on) {
  const own = new URL((document.currentScript as HTMLScriptElement).src);
  scope.tailorbird = obeyed;
  obeyed.on = true;
  obey();
  connect(new URL("v1/b", own).href, own.searchParams.get("key") || "");
  // A tag manager may have kept the queue: what it still puts there is done at once.
  const queue = (obeyed.q = early?.q || []);
  queue.push = (given) => (obeyed(...Array.from(given)), 0);
  for (const given of queue) queue.push(given);
  dwell();
  if (own.searchParams.get("auto") != "0") {
    follow();
    marks();
  }
}
