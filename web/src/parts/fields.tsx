// The fields that conditions are made of: names, comparisons, values, lengths of time, properties.

import { useState } from "react";
import type { KnownName, SegmentWords } from "../api/types";
import { BOUNDS, OPS, operand, opsOf, startOf, typed, WEEKDAYS } from "./forms";
import { type Condition, isMapping, type Json, type Kind, renamed, without } from "./tree";

/** Returns names without a note, for a field that proposes them. */
export const named = (names: string[]) => names.map((name) => ({ name, note: "" }));

export function Weekdays({ label, value, onChange }: { label: string; value: string[]; onChange: (days: string[]) => void }) {
  return (
    <span className="leaf-part">
      {WEEKDAYS.map((day) => (
        <label key={day} className="choice">
          <input
            type="checkbox"
            aria-label={`${day}, ${label}`}
            checked={value.includes(day)}
            onChange={(event) => {
              const on = event.currentTarget.checked;
              onChange(WEEKDAYS.filter((each) => (each === day ? on : value.includes(each))));
            }}
          />
          {day}
        </label>
      ))}
    </span>
  );
}

const SAID: Record<string, string> = { within: "in the last", older_than: "at least so long ago" };

/** The window of a first or a last time. */
export function Bounds({ label, value, onChange }: { label: string; value: Condition; onChange: (value: Json) => void }) {
  const there = BOUNDS.filter((key) => key in value);
  return (
    <span className="filters-of">
      {there.map((key) => {
        const word = SAID[key] ?? key;
        const set = (next: string) => onChange({ ...value, [key]: next });
        return (
          <span className="filter-of" key={key}>
            <span className="leaf-word">{word}</span>
            {key in SAID ? (
              <Duration label={`${word}, ${label}`} value={String(value[key])} onChange={set} />
            ) : (
              <Typed label={`${word}, ${label}`} value={String(value[key])} hint="2026-01-31" wide onChange={set} />
            )}
            {there.length > 1 && (
              <button type="button" className="small-button" aria-label={`Take “${word}” out, ${label}`} title="Take it out" onClick={() => onChange(without(value, key))}>
                ×
              </button>
            )}
          </span>
        );
      })}
      <span className="leaf-add">
        {BOUNDS.filter((key) => !(key in value)).map((key) => (
          <button
            key={key}
            type="button"
            className="plain-button"
            aria-label={`Add “${SAID[key] ?? key}”, ${label}`}
            onClick={() => onChange({ ...value, [key]: startOf(key in SAID ? "length" : "instant", key) ?? "" })}
          >
            + {SAID[key] ?? key}
          </button>
        ))}
      </span>
    </span>
  );
}

export const kindOf = (known: KnownName[], name: Json | undefined): Kind =>
  known.find((each) => each.name === name)?.kind ?? "open";

interface FiltersProps {
  said: string;
  value: Condition;
  words: SegmentWords;
  onChange: (value: Json) => void;
}

/** Properties of the event: every one has one comparison or more. */
export function Filters({ said, value, words, onChange }: FiltersProps) {
  const tests = Object.entries(value).flatMap(([name, each]) =>
    Object.entries(isMapping(each) ? each : {}).map(([op, asked]) => ({ name, op, asked })),
  );
  const put = (name: string, tests: Condition) => {
    const kept = Object.keys(tests).length > 0 ? { ...value, [name]: tests } : without(value, name);
    onChange(kept);
  };
  return (
    <span className="filters-of">
      {tests.map(({ name, op, asked }, index) => (
        <span className="filter-of" key={`${index}`}>
          <Named
            label={`Property ${index + 1}, ${said}`}
            value={name}
            names={words.properties}
            onChange={(next) => onChange(renamed(value, name, String(next), { [op]: asked }))}
          />
          <Compared
            said={`property ${index + 1}, ${said}`}
            words={words}
            kind={kindOf(words.properties, name)}
            value={{ [op]: asked }}
            onChange={(test) => put(name, { ...without(value[name] as Condition, op), ...test })}
          />
          {tests.length > 1 && (
            <button
              type="button"
              className="small-button"
              aria-label={`Take property ${index + 1} out of ${said}`}
              title="Take it out"
              onClick={() => put(name, without(value[name] as Condition, op))}
            >
              ×
            </button>
          )}
        </span>
      ))}
      <button
        type="button"
        className="plain-button"
        aria-label={`Add a property to ${said}`}
        onClick={() => {
          const free = words.properties.find((each) => !(each.name in value));
          if (free) onChange({ ...value, [free.name]: { is: "" } });
        }}
      >
        + property
      </button>
    </span>
  );
}

interface ComparedProps {
  said: string;
  words: SegmentWords;
  kind: Kind;
  value: Condition;
  onChange: (test: Condition) => void;
}

export function Compared({ said, words, kind, value, onChange }: ComparedProps) {
  const [op = "is", asked = ""] = Object.entries(value)[0] ?? [];
  const listed = op === "in" || op === "not_in";
  const known = op === "exists" || op === "missing";
  const to = (next: string) => {
    if (next === "exists" || next === "missing") return onChange({ [next]: true });
    const first = Array.isArray(asked) ? (asked[0] ?? "") : typeof asked === "boolean" && kind !== "flag" ? "" : asked;
    onChange({ [next]: next === "in" || next === "not_in" ? [first] : first });
  };
  const ops = opsOf(kind, words.comparisons);
  return (
    <>
      <Choice
        label={`How it compares, ${said}`}
        value={op}
        options={[...ops, ...(ops.includes(op) ? [] : [op])].map((each) => [each, OPS[each] ?? each])}
        onChange={to}
      />
      {!known && (
        <Operand label={`${listed ? "Values" : "Value"}, ${said}`} kind={kind} value={asked} listed={listed} onChange={(next) => onChange({ [op]: next })} />
      )}
    </>
  );
}

interface OperandProps {
  label: string;
  kind: Kind;
  value: Json;
  listed: boolean;
  onChange: (value: Json) => void;
}

export function Operand({ label, kind, value, listed, onChange }: OperandProps) {
  const read = (text: string): Json => (listed ? text.split(",").map((each) => operand(each, kind)) : operand(text, kind));
  const [text, setText] = useState(() => typed(value, kind));
  // What was typed stays as it is while it means what stands in the tree.
  const shown = JSON.stringify(read(text)) === JSON.stringify(value) ? text : typed(value, kind);
  if (kind === "flag") {
    return <Choice label={label} value={String(value)} options={[["true", "true"], ["false", "false"]]} onChange={(next) => onChange(next === "true")} />;
  }
  return (
    <Typed
      label={label}
      value={shown}
      hint={kind === "instant" || kind === "day" ? "2026-01-31" : listed ? "one, two" : ""}
      wide={listed || !["integer", "days", "millionths", "duration"].includes(kind)}
      onChange={(next) => {
        setText(next);
        onChange(read(next));
      }}
    />
  );
}

const UNITS: [string, string][] = [
  ["s", "seconds"],
  ["m", "minutes"],
  ["h", "hours"],
  ["d", "days"],
  ["w", "weeks"],
];

export function Duration({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  const [, number = value, unit = "d"] = /^(\d*)\s*([smhdw])$/.exec(value) ?? [];
  return (
    <>
      <Typed label={label} value={number} numeric onChange={(next) => onChange(`${next.trim()}${unit}`)} />
      <Choice label={`Unit, ${label}`} value={unit} options={UNITS} onChange={(next) => onChange(`${number}${next}`)} />
    </>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: [string, string][];
  onChange: (value: string) => void;
}

export function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <select className="field" aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      {options.map(([id, word]) => (
        <option key={id} value={id}>
          {word}
        </option>
      ))}
    </select>
  );
}

interface NamedProps {
  label: string;
  value: Json | undefined;
  names: { name: string; note: string }[];
  onChange: (value: string) => void;
}

/** A name that is known, or one that is still to come: the list only proposes. */
export function Named({ label, value, names, onChange }: NamedProps) {
  const [open, setOpen] = useState(false);
  const name = String(value ?? "");
  const known = names.some((each) => each.name === name);
  if (!open && (known || name === "")) {
    return (
      <select
        className="field"
        aria-label={label}
        title={names.find((each) => each.name === name)?.note || undefined}
        value={name}
        onChange={(event) => (event.currentTarget.value === OTHER ? setOpen(true) : onChange(event.currentTarget.value))}
      >
        {name === "" && <option value="">choose…</option>}
        {names.map((each) => (
          <option key={each.name} value={each.name}>
            {each.name}
          </option>
        ))}
        <option value={OTHER}>another name…</option>
      </select>
    );
  }
  return <Typed label={label} value={name} wide onChange={onChange} onLeave={() => setOpen(false)} />;
}

const OTHER = "\u0000";

interface TypedProps {
  label: string;
  value: string;
  hint?: string;
  wide?: boolean;
  numeric?: boolean;
  onChange: (value: string) => void;
  onLeave?: () => void;
}

export function Typed({ label, value, hint = "", wide = false, numeric = false, onChange, onLeave }: TypedProps) {
  return (
    <input
      className={wide ? "field field-wide" : "field field-short"}
      aria-label={label}
      value={value}
      placeholder={hint}
      inputMode={numeric ? "numeric" : undefined}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => onChange(event.currentTarget.value)}
      onBlur={onLeave}
    />
  );
}
