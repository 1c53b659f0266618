// The tree of a segment's definition, as JSON has it, and what can be done to it.

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Condition = { [key: string]: Json };
export type Kind =
  | "text"
  | "integer"
  | "days"
  | "millionths"
  | "instant"
  | "flag"
  | "open"
  | "day"
  | "duration"
  | "dated";

/** Where a condition stands: its place in each group on the way, 0 inside a `not`. */
export type Place = number[];

export type GroupWord = "all" | "any" | "not";

export const isMapping = (value: Json | undefined): value is Condition =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function groupOf(condition: Condition): GroupWord | null {
  if (Array.isArray(condition.all)) return "all";
  if (Array.isArray(condition.any)) return "any";
  return isMapping(condition.not) ? "not" : null;
}

export function partsOf(condition: Condition): Condition[] {
  switch (groupOf(condition)) {
    case "all":
      return (condition.all as Json[]).filter(isMapping);
    case "any":
      return (condition.any as Json[]).filter(isMapping);
    case "not":
      return [condition.not as Condition];
    default:
      return [];
  }
}

export const group = (word: GroupWord, parts: Condition[]): Condition =>
  word === "not" ? { not: parts[0] ?? {} } : { [word]: parts };

export function leavesIn(condition: Condition): number {
  return groupOf(condition) === null ? 1 : partsOf(condition).reduce((sum, part) => sum + leavesIn(part), 0);
}

/** Returns the tree with another condition at a place; null takes the one there away. */
export function changed(tree: Condition, place: Place, to: Condition | null): Condition {
  const [first, ...rest] = place;
  if (first === undefined) return to ?? { all: [] };
  const word = groupOf(tree);
  if (word === null) return tree;
  const parts = partsOf(tree);
  const part = parts[first];
  if (part === undefined) return tree;
  if (rest.length === 0 && to === null) {
    return group(word === "not" ? "all" : word, parts.filter((_, index) => index !== first));
  }
  const inner = rest.length === 0 ? (to as Condition) : changed(part, rest, to);
  return group(word, parts.map((each, index) => (index === first ? inner : each)));
}

/** Returns the parts of a group with one of them a step further up (-1) or down (1). */
export function moved(parts: Condition[], from: number, step: number): Condition[] {
  const to = from + step;
  const one = parts[from];
  const other = parts[to];
  if (one === undefined || other === undefined) return parts;
  return parts.map((part, index) => (index === from ? other : index === to ? one : part));
}

/** Returns what is left of an object without some of its keys. */
export const without = (condition: Condition, ...keys: string[]): Condition =>
  Object.fromEntries(Object.entries(condition).filter(([key]) => !keys.includes(key)));

/** Returns an object with one key replaced where it stands, so that no other key moves. */
export const renamed = (condition: Condition, from: string, to: string, value: Json): Condition =>
  Object.fromEntries(
    Object.entries(condition).map(([key, kept]) => (key === from ? [to, value] : [key, kept])),
  );
