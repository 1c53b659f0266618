// Conditions on many events: the steps of a sequence, and what each event is worth.

import type { ReactNode } from "react";
import type { SegmentWords } from "../api/types";
import { Choice, Duration, Filters, Named, named, Typed } from "./fields";
import { operand, startOf } from "./forms";
import { type Condition, isMapping, type Json, moved, without } from "./tree";

const MOST_STEPS = 10;

interface RowsProps {
  said: string;
  value: Json;
  words: SegmentWords;
  onChange: (value: Json) => void;
}

const mappings = (value: Json): Condition[] => (Array.isArray(value) ? value.filter(isMapping) : []);
const replaced = (rows: Condition[], at: number, row: Condition): Condition[] =>
  rows.map((each, index) => (index === at ? row : each));

/** What was done, or not done, one after the other. */
export function Steps({ said, value, words, onChange }: RowsProps) {
  const steps = mappings(value);
  return (
    <div className="leaf-rows">
      {steps.map((step, index) => (
        // Nothing in a step need differ from another: its place is what tells it apart.
        <Step
          key={`${index}`}
          step={step}
          said={`step ${index + 2}, ${said}`}
          words={words}
          onChange={(next) => onChange(replaced(steps, index, next))}
          tools={
            <>
              {index > 0 && (
                <Small word={`Move step ${index + 2} up, ${said}`} sign="↑" act={() => onChange(moved(steps, index, -1))} />
              )}
              {index < steps.length - 1 && (
                <Small word={`Move step ${index + 2} down, ${said}`} sign="↓" act={() => onChange(moved(steps, index, 1))} />
              )}
              {steps.length > 1 && (
                <Small
                  word={`Remove step ${index + 2}, ${said}`}
                  sign="×"
                  act={() => onChange(steps.filter((_, place) => place !== index))}
                />
              )}
            </>
          }
        />
      ))}
      {steps.length < MOST_STEPS && (
        <button
          type="button"
          className="plain-button"
          aria-label={`Add a step to ${said}`}
          onClick={() => onChange([...steps, { did: startOf("event", "did") ?? "" }])}
        >
          + step
        </button>
      )}
    </div>
  );
}

interface StepProps {
  step: Condition;
  said: string;
  words: SegmentWords;
  onChange: (step: Condition) => void;
  tools: ReactNode;
}

function Step({ step, said, words, onChange, tools }: StepProps) {
  const word = "did_not" in step ? "did_not" : "did";
  const rest = without(step, "did", "did_not");
  return (
    <div className="leaf-row">
      <div className="leaf-line">
        <Choice
          label={`Whether it happened, ${said}`}
          value={word}
          options={[
            ["did", "then did"],
            ["did_not", "then did not"],
          ]}
          onChange={(next) => onChange({ [next]: step[word] ?? "", ...rest })}
        />
        <Named
          label={`Event, ${said}`}
          value={step[word]}
          names={named(words.events)}
          onChange={(name) => onChange({ [word]: name, ...rest })}
        />
        {"within" in step && (
          <Bound word="within" said={said} onRemove={() => onChange(without(step, "within"))}>
            <Duration label={`within, ${said}`} value={String(step.within)} onChange={(within) => onChange({ ...step, within })} />
          </Bound>
        )}
        <span className="leaf-tools">{tools}</span>
      </div>
      {"where" in step && (
        <Where row={step} said={said} words={words} onChange={onChange} />
      )}
      <div className="leaf-line leaf-add">
        {!("within" in step) && (
          <Add word="within" said={said} onAdd={() => onChange({ ...step, within: "1d" })} />
        )}
        {!("where" in step) && (
          <Add word="where" said={said} onAdd={() => onChange({ ...step, where: startOf("properties", "where") ?? {} })} />
        )}
      </div>
    </div>
  );
}

/** What each event is worth. */
export function PointsOf({ said, value, words, onChange }: RowsProps) {
  const rows = mappings(value);
  return (
    <div className="leaf-rows">
      {rows.map((row, index) => (
        // One event may stand twice, with other properties: its place is what tells it apart.
        <div className="leaf-row" key={`${index}`}>
          <div className="leaf-line">
            <Named
              label={`Event ${index + 1}, ${said}`}
              value={row.did}
              names={named(words.events)}
              onChange={(did) => onChange(replaced(rows, index, { ...row, did }))}
            />
            <span className="leaf-word">gives</span>
            <Typed
              label={`Points of event ${index + 1}, ${said}`}
              value={String(row.points ?? "")}
              numeric
              onChange={(text) => onChange(replaced(rows, index, { ...row, points: operand(text, "integer") }))}
            />
            <span className="leaf-word">points</span>
            {!("where" in row) && (
              <Add
                word="where"
                said={`event ${index + 1}, ${said}`}
                onAdd={() => onChange(replaced(rows, index, { ...row, where: startOf("properties", "where") ?? {} }))}
              />
            )}
            {rows.length > 1 && (
              <span className="leaf-tools">
                <Small
                  word={`Remove event ${index + 1}, ${said}`}
                  sign="×"
                  act={() => onChange(rows.filter((_, place) => place !== index))}
                />
              </span>
            )}
          </div>
          {"where" in row && (
            <Where
              row={row}
              said={`event ${index + 1}, ${said}`}
              words={words}
              onChange={(next) => onChange(replaced(rows, index, next))}
            />
          )}
        </div>
      ))}
      <button
        type="button"
        className="plain-button"
        aria-label={`Add an event to ${said}`}
        onClick={() => onChange([...rows, { did: "email_clicked", points: 1 }])}
      >
        + event
      </button>
    </div>
  );
}

interface WhereProps {
  row: Condition;
  said: string;
  words: SegmentWords;
  onChange: (row: Condition) => void;
}

function Where({ row, said, words, onChange }: WhereProps) {
  const set = (where: Json) =>
    onChange(isMapping(where) && Object.keys(where).length > 0 ? { ...row, where } : without(row, "where"));
  return (
    <div className="leaf-line leaf-bound">
      <span className="leaf-word">where</span>
      <Filters said={said} value={isMapping(row.where) ? row.where : {}} words={words} onChange={set} />
      <Small word={`Take “where” out of ${said}`} sign="×" act={() => onChange(without(row, "where"))} />
    </div>
  );
}

interface BoundProps {
  word: string;
  said: string;
  onRemove: () => void;
  children: ReactNode;
}

function Bound({ word, said, onRemove, children }: BoundProps) {
  return (
    <span className="leaf-head">
      <span className="leaf-word">{word}</span>
      {children}
      <Small word={`Take “${word}” out of ${said}`} sign="×" act={onRemove} />
    </span>
  );
}

function Add({ word, said, onAdd }: { word: string; said: string; onAdd: () => void }) {
  return (
    <button type="button" className="plain-button" aria-label={`Add “${word}” to ${said}`} onClick={onAdd}>
      + {word}
    </button>
  );
}

function Small({ word, sign, act }: { word: string; sign: string; act: () => void }) {
  return (
    <button type="button" className="small-button" aria-label={word} title={word} onClick={act}>
      <span aria-hidden="true">{sign}</span>
    </button>
  );
}
