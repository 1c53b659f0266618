/** What the page itself says: its product, and the marks that its author put on elements. */

import type { Fields } from "./record";

type Json = Record<string, any>;

const first = (value: any): any => (Array.isArray(value) ? value[0] : value);

function* things(value: any): Generator<Json> {
  for (const thing of Array.isArray(value) ? value : [value]) {
    if (thing?.["@graph"]) yield* things(thing["@graph"]);
    else if (thing && [].concat(thing["@type"]).includes("Product" as never)) yield thing;
  }
}

/** Returns the product that the page is about by schema.org (JSON-LD); none where it shows several. */
export function product(): Fields | undefined {
  const found: Json[] = [];
  for (const script of document.querySelectorAll('[type="application/ld+json"]')) {
    try {
      found.push(...things(JSON.parse(script.textContent!)));
    } catch {
      // Somebody else's mistake.
    }
  }
  const [only, other] = found;
  const product_id = only && (only.sku || only.productID || only.mpn);
  if (!product_id || other) return;
  const offer = first(only.offers) || {};
  const { name, category } = only;
  return { product_id, name, category, price: offer.price ?? offer.lowPrice, currency: offer.priceCurrency };
}

/** Returns the properties that stand in an element's `data-tb-properties`, as JSON. */
export function properties(element: Element): Fields {
  try {
    return JSON.parse(element.getAttribute("data-tb-properties") || "{}");
  } catch {
    return {};
  }
}
