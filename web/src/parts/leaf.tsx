// One condition of a segment: its form, its names, its bounds; as text where no form fits it.

import { useEffect, useState } from "react";
import { ask } from "../api/reading";
import type { DraftForms, KnownName, SegmentWords } from "../api/types";
import {
  BOUNDS,
  byUse,
  formOf,
  idOf,
  measured,
  only,
  operand,
  OPS,
  opsOf,
  shapesOf,
  startOf,
  started,
  titleOf,
  typed,
  WEEKDAYS,
  wordOf,
} from "./forms";
import { type Condition, isMapping, type Json, type Kind, renamed, without } from "./tree";

const SHOWN = 4;

interface LeafProps {
  condition: Condition;
  words: SegmentWords;
  /** Which condition it is, for those who hear it. */
  said: string;
  onChange: (condition: Condition) => void;
}

export function Leaf({ condition, words, said, onChange }: LeafProps) {
  const form = formOf(condition, words);
  if (form === null) return <LeafText condition={condition} said={said} onChange={onChange} />;
  const set = (key: string, value: Json) => onChange({ ...condition, [key]: value });
  const heads = [form.word, ...form.needs];
  const choice = measured(form) ? form.one_of.find((key) => key in condition) : undefined;
  const there = form.keys.filter(({ key }) => key in condition && !heads.includes(key) && key !== choice);
  const taken = form.one_of.some((key) => key in condition);
  const absent = form.keys.filter(
    ({ key, shape }) =>
      !(key in condition) && startOf(shape, key) !== undefined && !(taken && form.one_of.includes(key)),
  );
  const fields = (key: string, shape: string) => (
    <PartFields
      name={key}
      shape={shape}
      label={`${wordOf(key, form)}, ${said}`}
      said={said}
      value={condition[key] ?? null}
      words={words}
      onChange={(value) => set(key, value)}
    />
  );
  const shapes = shapesOf(form);
  return (
    <div className="leaf-fields">
      <div className="leaf-line">
        <Choice
          label={`Kind of ${said}`}
          value={idOf(form)}
          options={words.forms.map((each) => [idOf(each), titleOf(each)])}
          onChange={(id) => {
            const next = words.forms.find((each) => idOf(each) === id);
            if (next) onChange(started(next, words, condition));
          }}
        />
        {heads.map((key, index) => (
          <span className="leaf-head" key={key}>
            {index > 0 && <span className="leaf-word">{wordOf(key, form)}</span>}
            {fields(key, shapes.get(key) ?? "")}
          </span>
        ))}
        {choice && (
          <span className="leaf-head">
            <Choice
              label={`What is asked, ${said}`}
              value={choice}
              options={form.one_of.map((key) => [key, wordOf(key, form)])}
              onChange={(key) => onChange(renamed(condition, choice, key, startOf(shapes.get(key) ?? "", key) ?? ""))}
            />
            {fields(choice, shapes.get(choice) ?? "")}
          </span>
        )}
        {form.compared && (
          <Compared
            said={said}
            words={words}
            kind={form.word === "trait" ? kindOf(words.traits, condition.trait) : "millionths"}
            value={without(condition, form.word)}
            onChange={(test) => onChange({ ...only(condition, [form.word]), ...test })}
          />
        )}
      </div>
      {there.map(({ key, shape }) => (
        <div className="leaf-line leaf-bound" key={key}>
          <span className="leaf-word">{wordOf(key, form)}</span>
          <span className="leaf-part">{fields(key, shape)}</span>
          <button
            type="button"
            className="small-button"
            aria-label={`Take “${wordOf(key, form)}” out of ${said}`}
            title="Take it out"
            onClick={() => onChange(without(condition, key))}
          >
            ×
          </button>
        </div>
      ))}
      {absent.length > 0 && !measured(form) && (
        <Adding
          said={said}
          absent={byUse(absent.map(({ key }) => key)).map((key) => [key, wordOf(key, form)])}
          onAdd={(key) => set(key, startOf(shapes.get(key) ?? "", key) ?? "")}
        />
      )}
    </div>
  );
}

interface AddingProps {
  said: string;
  absent: [string, string][];
  onAdd: (key: string) => void;
}

function Adding({ absent, said, onAdd }: AddingProps) {
  const [all, showAll] = useState(false);
  const shown = all ? absent : absent.slice(0, SHOWN);
  return (
    <div className="leaf-line leaf-add">
      {shown.map(([key, word]) => (
        <button
          key={key}
          type="button"
          className="plain-button"
          aria-label={`Add “${word}” to ${said}`}
          onClick={() => onAdd(key)}
        >
          + {word}
        </button>
      ))}
      {absent.length > SHOWN && (
        <button
          type="button"
          className="plain-button"
          aria-expanded={all}
          aria-label={`${all ? "fewer" : "more"}… for ${said}`}
          onClick={() => showAll(!all)}
        >
          {all ? "fewer…" : "more…"}
        </button>
      )}
    </div>
  );
}

interface PartProps {
  name: string;
  shape: string;
  label: string;
  said: string;
  value: Json;
  words: SegmentWords;
  onChange: (value: Json) => void;
}

const named = (names: string[]) => names.map((name) => ({ name, note: "" }));

function PartFields({ name, shape, label, said, value, words, onChange }: PartProps) {
  switch (shape) {
    case "event":
      return <Named label={label} value={value} names={named(words.events)} onChange={onChange} />;
    case "name": {
      const known = { segment: words.segments, list: words.lists, model: words.models }[name] ?? [];
      return <Named label={label} value={value} names={named(known)} onChange={onChange} />;
    }
    case "trait":
      return <Named label={label} value={value} names={words.traits} onChange={onChange} />;
    case "property":
      return <Named label={label} value={value} names={words.properties} onChange={onChange} />;
    case "properties":
      return <Filters said={said} value={isMapping(value) ? value : {}} words={words} onChange={onChange} />;
    case "count":
      return <Compared said={label} kind="integer" words={words} value={value as Condition} onChange={onChange} />;
    case "date": {
      const kind = name === "ago" || name === "ahead" ? "duration" : "integer";
      return <Compared said={label} kind={kind} words={words} value={value as Condition} onChange={onChange} />;
    }
    case "measure":
    case "distinct": {
      const { of = "", ...test } = value as Condition;
      return (
        <>
          <Named label={`of what, ${label}`} value={of} names={words.properties} onChange={(next) => onChange({ of: next, ...test })} />
          <Compared said={label} kind="millionths" words={words} value={test} onChange={(next) => onChange({ of, ...next })} />
        </>
      );
    }
    case "length":
      return <Duration label={label} value={String(value ?? "")} onChange={onChange} />;
    case "weekdays":
      return <Weekdays label={label} value={value as string[]} onChange={onChange} />;
    case "hours": {
      const [from = 0, to = 24] = value as Json[];
      const hour = (text: string) => operand(text, "integer");
      return (
        <>
          <Typed label={`from, ${label}`} value={String(from)} numeric onChange={(next) => onChange([hour(next), to])} />
          <span className="leaf-word">and</span>
          <Typed label={`to, ${label}`} value={String(to)} numeric onChange={(next) => onChange([from, hour(next)])} />
        </>
      );
    }
    case "moment":
      return <Bounds label={label} value={value as Condition} onChange={onChange} />;
    case "has":
    case "has_all":
      return <Operand label={label} kind="open" value={value} listed={shape === "has_all"} onChange={onChange} />;
    default:
      return <Typed label={label} value={String(value ?? "")} hint="2026-01-31" wide onChange={onChange} />;
  }
}

function Weekdays({ label, value, onChange }: { label: string; value: string[]; onChange: (days: string[]) => void }) {
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
function Bounds({ label, value, onChange }: { label: string; value: Condition; onChange: (value: Json) => void }) {
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

const kindOf = (known: KnownName[], name: Json | undefined): Kind =>
  known.find((each) => each.name === name)?.kind ?? "open";

interface FiltersProps {
  said: string;
  value: Condition;
  words: SegmentWords;
  onChange: (value: Json) => void;
}

/** Properties of the event: every one has one comparison or more. */
function Filters({ said, value, words, onChange }: FiltersProps) {
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

function Compared({ said, words, kind, value, onChange }: ComparedProps) {
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

function Operand({ label, kind, value, listed, onChange }: OperandProps) {
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

function Duration({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
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
function Named({ label, value, names, onChange }: NamedProps) {
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

function Typed({ label, value, hint = "", wide = false, numeric = false, onChange, onLeave }: TypedProps) {
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

// -- as text ----------------------------------------------------------------------------------

const HEAD = "name: condition\nwhere:\n";
const indented = (text: string): string => HEAD + text.split("\n").map((line) => `  ${line}`).join("\n");
const converted = (content: unknown): Promise<DraftForms> =>
  ask<DraftForms>("/segments/convert", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(content),
  });

/** A condition that no form here knows: its own lines of YAML. */
function LeafText({ condition, said, onChange }: { condition: Condition; said: string; onChange: (condition: Condition) => void }) {
  const [text, setText] = useState("");
  const [kept, keep] = useState("");
  const [wrong, tell] = useState("");
  const key = JSON.stringify(condition);
  useEffect(() => {
    if (key === kept) return;
    let here = true;
    converted({ tree: { name: "condition", where: JSON.parse(key) as Json } }).then(
      (forms) => {
        if (!here) return;
        const lines = forms.text.split("\n").slice(2);
        setText(lines.map((line) => line.slice(2)).join("\n").trimEnd());
        keep(key);
      },
      () => undefined,
    );
    return () => {
      here = false;
    };
  }, [key, kept]);
  const write = (next: string) => {
    setText(next);
    converted({ text: indented(next) }).then(
      (forms) => {
        const where = (forms.tree as Condition).where;
        if (!isMapping(where)) return;
        tell("");
        keep(JSON.stringify(where));
        onChange(where);
      },
      (error: unknown) => tell(error instanceof Error ? error.message.replace(/^draft\.yaml:\d+(:\d+)?: /, "") : ""),
    );
  };
  return (
    <div className="leaf-fields">
      <textarea
        className="field field-text"
        aria-label={`YAML of ${said}`}
        rows={Math.max(2, text.split("\n").length)}
        value={text}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => write(event.currentTarget.value)}
      />
      {wrong && (
        <p className="wrong" role="status">
          {wrong}
        </p>
      )}
    </div>
  );
}
