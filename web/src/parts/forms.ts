// What a condition can look like: the server's grammar says which keys it has, this file says it in
// words. A condition with a key or a shape that is not known here is edited as text.

import type { ConditionForm, SegmentWords } from "../api/types";
import { plain } from "../words";
import { type Condition, isMapping, type Json, type Kind } from "./tree";

/** Returns what names a form: its first word and what it needs besides. */
export const idOf = (form: ConditionForm): string =>
  [
    form.word,
    ...form.needs,
    ...(measured(form) ? [form.one_of[0]] : []),
    ...(form.keys.some(({ shape }) => shape === "steps") ? ["steps"] : []),
  ].join(" ");

/** Returns whether what stands under a key of this shape has lines of its own. */
export const isBlock = (shape: string | undefined): boolean => shape === "steps" || shape === "points";

/** One of its keys must stand, as nothing else says what is asked. */
export const measured = (form: ConditionForm): boolean =>
  form.one_of.length > 0 && form.keys.length === form.one_of.length + 1;

const TITLES: Record<string, string> = {
  did: "did",
  "did then": "did, then did",
  "did then_not": "did, then did not",
  "did then steps": "did, then several steps",
  "did of_last answered_by times": "did, and of the last were answered",
  "did times every periods": "did, again and again",
  did_not: "did not",
  trait: "trait",
  "trait has": "trait, a list",
  model: "score of the model",
  "points half_life": "points for events",
  list: "is on the list",
  segment: "is in the segment",
};

export function titleOf(form: ConditionForm): string {
  const id = idOf(form);
  return TITLES[id] ?? (form.one_of.includes("days_ago") ? "trait, a date" : plain(id));
}

const WORDS: Record<string, string> = {
  then: "then did",
  then_not: "then did not",
  times: "how often",
  sum: "the sum of",
  average: "the average of",
  min: "the least of",
  max: "the most of",
  distinct: "how many different",
  first: "the first was",
  last: "the last was",
  per: "with the same",
  within: "in the last",
  older_than: "at least so long ago",
  since: "the first in the last",
  then_where: "where the second",
  weekdays: "on",
  between_hours: "between the hours",
  of_last: "of the last",
  answered_by: "answered by",
  linked_by: "with the same",
  answer_where: "where the answer",
  answered_within: "answered within",
  every: "in each",
  periods: "of the last",
  in_at_least: "in at least",
  half_life: "halving every",
  ago: "is ago",
  ahead: "is ahead by",
  days_ago: "days ago",
  days_ahead: "days ahead",
  anniversary_in: "days to its anniversary",
  years: "years ago",
  has_any: "has any of",
  has_all: "has all of",
};

export function wordOf(key: string, form: ConditionForm): string {
  if (key === "within" && (form.needs[0] === "then" || form.needs[0] === "then_not")) return form.needs[0] === "then" ? "the second within" : "for";
  return WORDS[key] ?? plain(key);
}

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/** What bounds the window of a first or a last time. */
export const BOUNDS = ["within", "older_than", "after", "before"];

const OFTEN = ["where", "times", "within", "since", "then_where", "answered_within", "in_at_least", "sum", "older_than"];

/** Returns keys with those that are asked for most first. */
export const byUse = (keys: string[]): string[] => [
  ...OFTEN.filter((key) => keys.includes(key)),
  ...keys.filter((key) => !OFTEN.includes(key)),
];

const today = (): string => new Date().toISOString().slice(0, 10);

const LENGTHS: Record<string, string> = { older_than: "1h", every: "7d", half_life: "14d", answered_within: "7d" };

/** Returns what stands under a key of a shape when it is added; undefined where it is not known. */
export function startOf(shape: string, key: string): Json | undefined {
  switch (shape) {
    case "event":
      return key === "answered_by" ? "email_opened" : "purchase";
    case "property":
      return key === "linked_by" ? "send_id" : "item";
    case "properties":
      return { item: { is: "" } };
    case "length":
      return LENGTHS[key] ?? "30d";
    case "instant":
      return today();
    case "weekdays":
      return ["sat", "sun"];
    case "hours":
      return [18, 23];
    case "count":
      return { at_least: 2 };
    case "measure":
      return { of: "value_minor", at_least: 10000 };
    case "distinct":
      return { of: "item", at_least: 2 };
    case "moment":
      return { older_than: "30d" };
    case "date":
      return { at_most: key === "ago" || key === "ahead" ? "30d" : 30 };
    case "latest":
      return 5;
    case "periods":
      return key === "in_at_least" ? 3 : 4;
    case "steps":
      return [{ did: "add_to_cart", within: "2d" }, { did: "purchase", within: "1d" }];
    case "points":
      return [
        { did: "email_opened", points: 1 },
        { did: "email_clicked", points: 3 },
      ];
    case "trait":
      return "orders";
    case "has_all":
      return [""];
    case "has":
    case "name":
      return "";
    default:
      return undefined;
  }
}

export const OPS: Record<string, string> = {
  is: "is",
  is_not: "is not",
  less_than: "is less than",
  at_most: "is at most",
  more_than: "is more than",
  at_least: "is at least",
  in: "is one of",
  not_in: "is none of",
  exists: "is known",
  missing: "is not known",
  starts_with: "starts with",
  ends_with: "ends with",
};

const EQUALITY = ["is", "is_not", "in", "not_in", "exists", "missing"];
const TESTS = ["contains", "starts_with", "ends_with"];

/** Returns the comparisons that a kind of value has, of all that there are. */
export function opsOf(kind: Kind, all: string[]): string[] {
  if (kind === "text") return all.filter((op) => EQUALITY.includes(op) || TESTS.includes(op));
  if (kind === "flag") return ["is", "is_not"];
  return kind === "open" || kind === "dated" ? all : all.filter((op) => !TESTS.includes(op));
}

const simple = (value: Json): boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";
const listed = (value: Json | undefined): value is Json[] => Array.isArray(value) && value.every(simple);

function areTests(value: Json | undefined, words: SegmentWords): boolean {
  return (
    isMapping(value) &&
    Object.entries(value).every(
      ([op, asked]) =>
        words.comparisons.includes(op) && (op === "in" || op === "not_in" ? listed(asked) : simple(asked)),
    )
  );
}

const isComparison = (value: Json | undefined, words: SegmentWords): boolean =>
  isMapping(value) && Object.keys(value).length === 1 && areTests(value, words);

const isWhere = (value: Json | undefined, words: SegmentWords): boolean =>
  value === undefined || (isMapping(value) && Object.values(value).every((each) => areTests(each, words)));

/** Returns whether a list has rows of these keys alone, each with properties that fit. */
const areRows = (value: Json, keys: string[], words: SegmentWords): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every(
    (row) =>
      isMapping(row) &&
      isWhere(row.where, words) &&
      Object.entries(row).every(([key, each]) => keys.includes(key) && (key === "where" || simple(each))),
  );

function fits(shape: string, value: Json, words: SegmentWords): boolean {
  switch (shape) {
    case "properties":
      return isWhere(value, words);
    case "count":
    case "date":
      return isComparison(value, words);
    case "measure":
    case "distinct": {
      if (!isMapping(value) || typeof value.of !== "string") return false;
      const { of: _, ...rest } = value;
      return isComparison(rest, words);
    }
    case "weekdays":
      return listed(value) && value.every((each) => WEEKDAYS.includes(String(each)));
    case "hours":
      return listed(value) && value.length === 2;
    case "has_all":
      return listed(value);
    case "steps":
      return areRows(value, ["did", "did_not", "where", "within"], words);
    case "points":
      return areRows(value, ["did", "points", "where"], words);
    case "latest":
    case "periods":
    case "has":
      return simple(value);
    case "moment":
      return (
        isMapping(value) &&
        Object.entries(value).every(([key, each]) => BOUNDS.includes(key) && typeof each === "string")
      );
    default:
      return startOf(shape, "") !== undefined && typeof value === "string";
  }
}

/** Returns the form that a condition has, or null where only its text can be edited. */
export function formOf(condition: Condition, words: SegmentWords): ConditionForm | null {
  return words.forms.find((form) => has(condition, form, words)) ?? null;
}

function has(condition: Condition, form: ConditionForm, words: SegmentWords): boolean {
  const shapes = shapesOf(form);
  if (![form.word, ...form.needs].every((key) => key in condition)) return false;
  const rest = Object.entries(condition).filter(([key]) => !shapes.has(key));
  if (form.compared ? !isComparison(Object.fromEntries(rest), words) : rest.length > 0) return false;
  if (measured(form) && !form.one_of.some((key) => key in condition)) return false;
  return Object.entries(condition).every(([key, value]) => {
    const shape = shapes.get(key);
    return shape === undefined || fits(shape, value, words);
  });
}

export const shapesOf = (form: ConditionForm): Map<string, string> =>
  new Map(form.keys.map(({ key, shape }) => [key, shape]));

export const only = (condition: Condition, keys: string[]): Condition =>
  Object.fromEntries(Object.entries(condition).filter(([key]) => keys.includes(key)));

/** Returns a new condition of a form; it keeps what it can of the one that was there. */
export function started(form: ConditionForm, words: SegmentWords, from: Condition = {}): Condition {
  const made: Condition = {};
  const before = from.did ?? from.did_not;
  for (const { key, shape } of form.keys) {
    const kept = from[key] ?? (shape === "event" && key === form.word ? before : undefined);
    const needed = key === form.word || form.needs.includes(key) || (measured(form) && key === firstOf(form));
    if (kept !== undefined && fits(shape, kept, words)) made[key] = kept;
    else if (needed) made[key] = startOf(shape, key) ?? "";
  }
  if (form.needs.includes("of_last") && before === undefined) made.did = "email_sent";
  return form.compared ? { ...made, at_least: form.word === "model" ? 0.5 : 1 } : made;
}

const firstOf = (form: ConditionForm): string | undefined =>
  form.one_of.includes("days_ago") ? "days_ago" : form.one_of[0];

/** Returns what was typed as a value of a kind; text where it is none, so that the server tells. */
export function operand(typed: string, kind: Kind): string | number | boolean {
  const text = typed.trim();
  const quoted = /^"(.*)"$/.exec(text)?.[1];
  if (kind === "flag") return text === "true";
  if (["text", "instant", "day", "duration"].includes(kind)) return text;
  if (quoted !== undefined) return quoted;
  return /^-?\d{1,15}(\.\d{1,6})?$/.test(text) ? Number(text) : text;
}

/** Returns a value as it is typed. */
export function typed(value: Json | undefined, kind: Kind): string {
  if (Array.isArray(value)) return value.map((each) => typed(each, kind)).join(", ");
  const looks = typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value);
  return looks && (kind === "open" || kind === "dated") ? `"${value}"` : String(value ?? "");
}
