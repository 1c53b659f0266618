// One condition of a segment: its form, its names, its bounds; as text where no form fits it.

import { useEffect, useState } from "react";
import { ask } from "../api/reading";
import type { DraftForms, KnownName, SegmentWords } from "../api/types";
import {
  FORMS,
  type Form,
  formOf,
  only,
  operand,
  OPS,
  opsOf,
  type Part,
  started,
  typed,
} from "./forms";
import { type Condition, isMapping, type Json, type Kind, renamed, without } from "./tree";

interface LeafProps {
  condition: Condition;
  words: SegmentWords;
  /** Which condition it is, for those who hear it. */
  said: string;
  onChange: (condition: Condition) => void;
}

export function Leaf({ condition, words, said, onChange }: LeafProps) {
  const form = formOf(condition);
  if (form === null) return <LeafText condition={condition} said={said} onChange={onChange} />;
  const set = (key: string, value: Json) => onChange({ ...condition, [key]: value });
  const there = form.parts.filter((part) => part.key in condition);
  const absent = form.parts.filter((part) => !(part.key in condition));
  return (
    <div className="leaf-fields">
      <div className="leaf-line">
        <Choice
          label={`Kind of ${said}`}
          value={form.id}
          options={FORMS.map(({ id, word }) => [id, word])}
          onChange={(id) => {
            const next = FORMS.find((each) => each.id === id);
            if (next) onChange(started(next, condition));
          }}
        />
        {form.heads.map((part, index) => (
          <span className="leaf-head" key={part.key}>
            {index > 0 && <span className="leaf-word">{part.word}</span>}
            <PartFields part={part} said={said} value={condition[part.key]} words={words} onChange={(value) => set(part.key, value)} />
          </span>
        ))}
        {form.compares && (
          <Compared
            said={said}
            kind={kindOf(words.traits, condition.trait)}
            value={without(condition, "trait")}
            onChange={(test) => onChange({ ...only(condition, ["trait"]), ...test })}
          />
        )}
      </div>
      {there.map((part) => (
        <div className="leaf-line leaf-bound" key={part.key}>
          <span className="leaf-word">{part.word}</span>
          <span className="leaf-part">
            <PartFields part={part} said={said} value={condition[part.key]} words={words} onChange={(value) => set(part.key, value)} />
          </span>
          <button
            type="button"
            className="small-button"
            aria-label={`Take “${part.word}” out of ${said}`}
            title="Take it out"
            onClick={() => onChange(without(condition, part.key))}
          >
            ×
          </button>
        </div>
      ))}
      {absent.length > 0 && <Adding form={form} absent={absent} said={said} onAdd={(part) => set(part.key, part.start)} />}
    </div>
  );
}

interface AddingProps {
  form: Form;
  absent: Part[];
  said: string;
  onAdd: (part: Part) => void;
}

function Adding({ form, absent, said, onAdd }: AddingProps) {
  return (
    <div className="leaf-line leaf-add">
      {absent.map((part) => (
        <button
          key={`${form.id} ${part.key}`}
          type="button"
          className="plain-button"
          aria-label={`Add “${part.word}” to ${said}`}
          onClick={() => onAdd(part)}
        >
          + {part.word}
        </button>
      ))}
    </div>
  );
}

interface PartProps {
  part: Part;
  said: string;
  value: Json | undefined;
  words: SegmentWords;
  onChange: (value: Json) => void;
}

function PartFields({ part, said, value, words, onChange }: PartProps) {
  const label = `${part.word}, ${said}`;
  switch (part.kind) {
    case "event":
      return <Named label={label} value={value} names={words.events.map((name) => ({ name, note: "" }))} onChange={onChange} />;
    case "segment":
      return <Named label={label} value={value} names={words.segments.map((name) => ({ name, note: "" }))} onChange={onChange} />;
    case "trait":
      return <Named label={label} value={value} names={words.traits} onChange={onChange} />;
    case "filters":
      return <Filters said={said} value={isMapping(value ?? null) ? (value as Condition) : {}} words={words} onChange={onChange} />;
    case "comparison":
      return <Compared said={label} kind={part.of ?? "open"} value={value as Condition} onChange={onChange} />;
    case "measure": {
      const measured = value as Condition;
      return (
        <>
          <Choice label={`of what, ${label}`} value={String(measured.of)} options={words.totals.map((name) => [name, name])} onChange={(of) => onChange({ ...measured, of })} />
          <Compared said={label} kind="integer" value={without(measured, "of")} onChange={(test) => onChange({ of: measured.of ?? "value_minor", ...test })} />
        </>
      );
    }
    case "duration":
      return <Duration label={label} value={String(value ?? "")} onChange={onChange} />;
    default:
      return <Typed label={label} value={String(value ?? "")} onChange={onChange} />;
  }
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
  kind: Kind;
  value: Condition;
  onChange: (test: Condition) => void;
}

function Compared({ said, kind, value, onChange }: ComparedProps) {
  const [op = "is", asked = ""] = Object.entries(value)[0] ?? [];
  const listed = op === "in" || op === "not_in";
  const known = op === "exists" || op === "missing";
  const to = (next: string) => {
    if (next === "exists" || next === "missing") return onChange({ [next]: true });
    const first = Array.isArray(asked) ? (asked[0] ?? "") : typeof asked === "boolean" && kind !== "flag" ? "" : asked;
    onChange({ [next]: next === "in" || next === "not_in" ? [first] : first });
  };
  const ops = opsOf(kind);
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
      hint={kind === "instant" ? "2026-01-31" : listed ? "one, two" : ""}
      wide={listed || kind === "text" || kind === "open" || kind === "instant"}
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
