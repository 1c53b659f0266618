// How figures, money and instants are written. Every instant is shown in UTC, and says so.

const LOCALE = "en-GB";
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0, signDisplay: "negative" });
const compact = new Intl.NumberFormat(LOCALE, { notation: "compact", maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeZone: "UTC" });
const minute = new Intl.DateTimeFormat(LOCALE, {
  dateStyle: "medium",
  timeStyle: "short",
  timeZone: "UTC",
});
const dayMonth = new Intl.DateTimeFormat(LOCALE, {
  day: "numeric",
  month: "short",
  timeZone: "UTC",
});

export const count = (n: number): string => whole.format(n);
export const brief = (n: number): string => (Math.abs(n) < 10_000 ? whole.format(n) : compact.format(n));

export function share(x: number, digits = 1): string {
  const format = { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits } as const;
  return new Intl.NumberFormat(LOCALE, format).format(x);
}

/** A difference of shares, in percentage points with its sign. */
export function points(x: number): string {
  const format = { signDisplay: "exceptZero", minimumFractionDigits: 1, maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(LOCALE, format).format(x * 100);
}

export function figure(x: number, digits = 3): string {
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits } as const;
  return new Intl.NumberFormat(LOCALE, format).format(x);
}

interface MoneyStyle {
  brief?: boolean;
  signed?: boolean;
}

/** Minor units of a currency. The number of minor digits is the currency's own. */
export function money(minor: number, currency: string, style: MoneyStyle = {}): string {
  const sign = style.signed ? { signDisplay: "exceptZero" as const } : {};
  try {
    const format = new Intl.NumberFormat(LOCALE, { style: "currency", currency });
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
    const major = minor / 10 ** digits;
    if (!style.brief && !style.signed) return format.format(major);
    const large = style.brief && Math.abs(major) >= 10_000;
    return new Intl.NumberFormat(LOCALE, {
      style: "currency",
      currency,
      ...sign,
      ...(large ? { notation: "compact", maximumFractionDigits: 1 } : {}),
      ...(style.brief && !large ? { maximumFractionDigits: 0 } : {}),
    }).format(major);
  } catch {
    return `${figure(minor / 100, 2)} ${currency}`;
  }
}

export const date = (text: string): string => day.format(new Date(text));
export const shortDate = (text: string): string => dayMonth.format(new Date(text));
export const instant = (text: string): string => `${minute.format(new Date(text))} UTC`;

export function ago(text: string, now: string): string {
  const days = Math.floor((Date.parse(now) - Date.parse(text)) / 86_400_000);
  if (days < 0) return date(text);
  if (days === 0) return "today";
  if (days === 1) return "yesterday";
  return days < 60 ? `${days} days ago` : `${Math.round(days / 30.44)} months ago`;
}

export function bytes(n: number): string {
  return n < 1024 ? `${n} B` : `${figure(n / 1024, n < 10_240 ? 1 : 0)} kB`;
}

/** `email_marketing` as people read it. */
export const plain = (name: string): string => name.replaceAll("_", " ");

/** A trait as people read it: that money is kept in minor units goes unsaid. */
export const traitName = (name: string): string => plain(name.replace(/_minor$/, ""));

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const many = (n: number, one: string, more = `${one}s`): string => `${count(n)} ${n === 1 ? one : more}`;
