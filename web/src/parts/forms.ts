// What a condition can look like. A condition that has a key that is not here is edited as text.

import { type Condition, isMapping, type Json, type Kind } from "./tree";

export type PartKind =
  | "event"
  | "segment"
  | "trait"
  | "filters"
  | "comparison"
  | "measure"
  | "duration"
  | "text";

export interface Part {
  key: string;
  word: string;
  kind: PartKind;
  /** What a comparison compares. */
  of?: Kind;
  /** What stands there when it is added. */
  start: Json;
}

export interface Form {
  id: string;
  word: string;
  /** Keys that must be there; the first names the form. */
  heads: Part[];
  parts: Part[];
  /** The comparison stands beside the head, as it does of a trait. */
  compares?: boolean;
}

const WHERE: Part = { key: "where", word: "where", kind: "filters", start: { item: { is: "" } } };
const WITHIN: Part = { key: "within", word: "in the last", kind: "duration", start: "30d" };
const OLDER: Part = { key: "older_than", word: "at least so long ago", kind: "duration", start: "1h" };
const TIMES: Part = {
  key: "times",
  word: "how often",
  kind: "comparison",
  of: "integer",
  start: { at_least: 2 },
};
const SUM: Part = {
  key: "sum",
  word: "sum",
  kind: "measure",
  start: { of: "value_minor", at_least: 10000 },
};
const EVENT = (key: string, word: string): Part => ({ key, word, kind: "event", start: "purchase" });

export const FORMS: Form[] = [
  {
    id: "then",
    word: "did, then did",
    heads: [EVENT("did", "did"), EVENT("then", "then did")],
    parts: [
      WHERE,
      { ...WHERE, key: "then_where", word: "where the second" },
      { ...WITHIN, word: "the second within", start: "24h" },
      { ...WITHIN, key: "since", word: "the first in the last", start: "7d" },
      OLDER,
    ],
  },
  {
    id: "then_not",
    word: "did, then did not",
    heads: [EVENT("did", "did"), EVENT("then_not", "then did not")],
    parts: [
      WHERE,
      { ...WHERE, key: "then_where", word: "where the second" },
      { ...WITHIN, word: "for", start: "24h" },
      { ...WITHIN, key: "since", word: "the first in the last", start: "7d" },
      OLDER,
    ],
  },
  { id: "did", word: "did", heads: [EVENT("did", "did")], parts: [WHERE, TIMES, SUM, WITHIN, OLDER] },
  {
    id: "did_not",
    word: "did not",
    heads: [EVENT("did_not", "did not")],
    parts: [WHERE, WITHIN, OLDER],
  },
  {
    id: "trait",
    word: "trait",
    heads: [{ key: "trait", word: "trait", kind: "trait", start: "orders" }],
    parts: [],
    compares: true,
  },
  {
    id: "segment",
    word: "is in the segment",
    heads: [{ key: "segment", word: "is in the segment", kind: "segment", start: "" }],
    parts: [],
  },
];

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
};

const EQUALITY = ["is", "is_not", "in", "not_in", "exists", "missing"];

export function opsOf(kind: Kind): string[] {
  if (kind === "text") return EQUALITY;
  if (kind === "flag") return ["is", "is_not"];
  return Object.keys(OPS);
}

const simple = (value: Json): boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";

function isComparison(value: Json | undefined): boolean {
  return isMapping(value) && Object.keys(value).length === 1 && areTests(value);
}

function areTests(value: Json | undefined): boolean {
  return isMapping(value) && Object.entries(value).every(([key, each]) => isTest(key, each));
}

function isTest(op: string, operand: Json): boolean {
  if (!(op in OPS)) return false;
  if (op === "in" || op === "not_in") return Array.isArray(operand) && operand.every(simple);
  return simple(operand);
}

function fits(part: Part, value: Json): boolean {
  switch (part.kind) {
    case "filters":
      return isMapping(value) && Object.values(value).every(areTests);
    case "comparison":
      return isComparison(value);
    case "measure": {
      if (!isMapping(value) || typeof value.of !== "string") return false;
      const { of: _, ...rest } = value;
      return isComparison(rest);
    }
    default:
      return typeof value === "string";
  }
}

/** Returns the form that a condition has, or null where only its text can be edited. */
export function formOf(condition: Condition): Form | null {
  const keys = Object.keys(condition);
  for (const form of FORMS) {
    const known = new Map([...form.heads, ...form.parts].map((part) => [part.key, part]));
    if (!form.heads.every((part) => part.key in condition)) continue;
    const rest = keys.filter((key) => !known.has(key));
    if (form.compares ? !isComparison(only(condition, rest)) : rest.length > 0) continue;
    const fine = keys.every((key) => {
      const part = known.get(key);
      return part === undefined || fits(part, condition[key] ?? null);
    });
    if (fine) return form;
  }
  return null;
}

export const only = (condition: Condition, keys: string[]): Condition =>
  Object.fromEntries(Object.entries(condition).filter(([key]) => keys.includes(key)));

/** Returns a new condition of a form; it keeps what it can of the one that was there. */
export function started(form: Form, from: Condition = {}): Condition {
  const before = Object.values(from).find((value) => typeof value === "string");
  const made: Condition = {};
  for (const part of form.heads) {
    const event = part.kind === "event" && typeof before === "string" ? before : part.start;
    made[part.key] = from[part.key] ?? (part === form.heads[0] ? event : part.start);
  }
  for (const part of form.parts) {
    const kept = from[part.key];
    if (kept !== undefined && fits(part, kept)) made[part.key] = kept;
  }
  return form.compares ? { ...made, at_least: 1 } : made;
}

/** Returns what was typed as a value of a kind; text where it is none, so that the server tells. */
export function operand(typed: string, kind: Kind): string | number | boolean {
  const text = typed.trim();
  const quoted = /^"(.*)"$/.exec(text)?.[1];
  if (kind === "flag") return text === "true";
  if (kind === "text" || kind === "instant") return text;
  if (quoted !== undefined) return quoted;
  return /^-?\d{1,15}(\.\d{1,6})?$/.test(text) ? Number(text) : text;
}

/** Returns a value as it is typed. */
export function typed(value: Json | undefined, kind: Kind): string {
  if (Array.isArray(value)) return value.map((each) => typed(each, kind)).join(", ");
  const looks = typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value);
  return looks && kind === "open" ? `"${value}"` : String(value ?? "");
}
