/** Where an event happened: page, campaign, and what tells one device from another kind. */

const CAMPAIGN: Record<string, string> = {};
for (const [key, value] of new URLSearchParams(location.search)) {
  if (/^utm_/.test(key)) CAMPAIGN[key == "utm_campaign" ? "name" : key.slice(4)] = value;
}

let referrer = document.referrer;

/** Says that the visitor moved on inside this page: where she was is where she comes from. */
export const cameFrom = (url: string): void => {
  referrer = url;
};

/** Returns the page as Segment's spec describes it. */
export const page = (): Record<string, string> => ({
  url: location.href,
  path: location.pathname,
  search: location.search,
  title: document.title,
  referrer,
});

export const context = (): Record<string, unknown> => ({
  page: page(),
  campaign: CAMPAIGN,
  locale: navigator.language,
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  screen: { width: screen.width, height: screen.height, density: devicePixelRatio },
  userAgent: navigator.userAgent,
});
