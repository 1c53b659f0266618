// One condition of a segment: its form, its names, its bounds; as text where no form fits it.

import { useEffect, useState } from "react";
import { ask } from "../api/reading";
import type { DraftForms, SegmentWords } from "../api/types";
import { Bounds, Choice, Compared, Duration, Filters, kindOf, Named, named, Operand, Typed, Weekdays } from "./fields";
import { byUse, formOf, idOf, isBlock, measured, only, operand, shapesOf, startOf, started, titleOf, wordOf } from "./forms";
import { PointsOf, Steps } from "./patterns";
import { type Condition, isMapping, type Json, renamed, without } from "./tree";

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
          <span className={isBlock(shapes.get(key)) ? "leaf-block" : "leaf-head"} key={key}>
            {index > 0 && !isBlock(shapes.get(key)) && <span className="leaf-word">{wordOf(key, form)}</span>}
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
        {form.word === "points" && <span className="leaf-word">add up to what</span>}
        {form.compared && (
          <Compared
            said={said}
            words={words}
            kind={form.word === "trait" ? kindOf(words.traits, condition.trait) : "millionths"}
            value={without(condition, ...shapes.keys())}
            onChange={(test) => onChange({ ...only(condition, [...shapes.keys()]), ...test })}
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
    case "latest":
    case "periods":
      return <Typed label={label} value={String(value ?? "")} numeric onChange={(text) => onChange(operand(text, "integer"))} />;
    case "steps":
      return <Steps {...{ said, value, words, onChange }} />;
    case "points":
      return <PointsOf {...{ said, value, words, onChange }} />;
    case "has":
    case "has_all":
      return <Operand label={label} kind="open" value={value} listed={shape === "has_all"} onChange={onChange} />;
    default:
      return <Typed label={label} value={String(value ?? "")} hint="2026-01-31" wide onChange={onChange} />;
  }
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
