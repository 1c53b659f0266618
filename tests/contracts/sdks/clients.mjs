// Drives the real clients of npm as a shop would, and prints what they gave up on as JSON.
// node clients.mjs CLIENT SCENARIO URL

import { Analytics } from "@segment/analytics-node";
import RudderAnalytics from "@rudderstack/rudder-sdk-node";

const KEY = "key-of-the-shop";
const ORDER = { order_id: "o1", total: 12.5, currency: "EUR" };
const ADA = { email: "ada@people.example", first_name: "Ada" };
const AT = new Date("2026-03-04T05:06:07Z");

const clients = {
  segment(url, errors, many) {
    const sdk = new Analytics({ writeKey: KEY, host: url, flushAt: many ? 50 : 20 });
    sdk.on("error", (error) => errors.push(String(error.reason ?? error)));
    return { sdk, end: () => sdk.closeAndFlush() };
  },
  rudder(url, errors, many, gzip) {
    const errorHandler = (error) => errors.push(String(error));
    const options = { dataPlaneUrl: url, flushAt: many ? 50 : 20, logLevel: "none", errorHandler };
    const sdk = new RudderAnalytics(KEY, { ...options, gzip });
    const end = async () => {
      while (sdk.queue.length) await sdk.flush(); // one batch at a time
      await sdk.pendingFlush;
    };
    return { sdk, end };
  },
};

const scenarios = {
  every(sdk) {
    sdk.identify({ userId: "u1", anonymousId: "visitor-1", traits: ADA });
    sdk.track({ userId: "u1", event: "Order Completed", properties: ORDER, timestamp: AT });
    const properties = { url: "https://shop.example/start" };
    sdk.page({ userId: "u1", category: "Docs", name: "Start", properties });
    sdk.screen({ userId: "u1", name: "Basket" });
    sdk.group({ userId: "u1", groupId: "g1", traits: { plan: "pro" } });
    sdk.alias({ userId: "u1", previousId: "before" });
  },
  many(sdk) {
    for (let number = 0; number < 230; number += 1) {
      sdk.track({ userId: `u${number}`, event: "Coupon Entered", properties: { number } });
    }
  },
  bad(sdk) {
    sdk.track({ userId: "u1", event: "!!!" });
    sdk.track({ userId: "u1", event: "Coupon Entered" });
  },
};

const [client, scenario, url, packing] = process.argv.slice(2);
const errors = [];
const { sdk, end } = clients[client](url, errors, scenario === "many", packing !== "plain");
scenarios[scenario](sdk);
await end();
console.log(JSON.stringify(errors));
process.exit(0);
