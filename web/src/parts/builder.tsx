// The tree of a segment as nested groups: all, any, not; every condition with what it does.

import { type ReactNode, useRef } from "react";
import type { LeafFigures, SegmentWords } from "../api/types";
import { count } from "../words";
import { started } from "./forms";
import { Leaf } from "./leaf";
import { type Condition, changed, type GroupWord, group, groupOf, leavesIn, moved, type Place, partsOf } from "./tree";

interface BuilderProps {
  where: Condition;
  words: SegmentWords;
  figures: LeafFigures[];
  /** The number of the condition in which something is wrong, from 0. */
  wrongLeaf: number | null;
  onChange: (where: Condition) => void;
}

export function Builder({ where, words, figures, wrongLeaf, onChange }: BuilderProps) {
  const shown = figures.length === leavesIn(where) ? figures : [];
  return (
    <div className="builder">
      <Node
        {...{ words, wrongLeaf }}
        condition={where}
        place={[]}
        first={0}
        figures={shown}
        put={(place, to) => onChange(changed(where, place, to))}
      />
    </div>
  );
}

interface NodeProps {
  condition: Condition;
  place: Place;
  /** The number of its first leaf. */
  first: number;
  words: SegmentWords;
  figures: LeafFigures[];
  wrongLeaf: number | null;
  put: (place: Place, to: Condition | null) => void;
  tools?: ReactNode;
}

const WORDS: [GroupWord, string][] = [
  ["all", "All of these"],
  ["any", "Any of these"],
  ["not", "Not this"],
];

function Node(props: NodeProps) {
  return groupOf(props.condition) === null ? <LeafNode {...props} /> : <Group {...props} />;
}

function LeafNode({ condition, place, first, words, figures, wrongLeaf, put, tools }: NodeProps) {
  const said = `condition ${first + 1}`;
  return (
    <div className={wrongLeaf === first ? "leaf leaf-wrong" : "leaf"}>
      <div className="leaf-top">
        <span className="leaf-number" aria-hidden="true">
          {first + 1}
        </span>
        <LeafCounts figures={figures[first]} />
        <span className="leaf-tools">
          {tools ?? (
            <Tool
              word={`Put ${said} into a group`}
              sign="( )"
              act={() => put(place, { all: [condition] })}
            />
          )}
        </span>
      </div>
      <Leaf condition={condition} words={words} said={said} onChange={(to) => put(place, to)} />
    </div>
  );
}

function LeafCounts({ figures }: { figures: LeafFigures | undefined }) {
  if (!figures) return <span className="leaf-counts" />;
  return (
    <span className="leaf-counts">
      <strong>{count(figures.holds)}</strong> alone
      {figures.without !== null && (
        <>
          {" · "}
          <strong>{count(figures.without)}</strong> without it
        </>
      )}
    </span>
  );
}

function Group({ condition, place, first, words, figures, wrongLeaf, put, tools }: NodeProps) {
  const word = groupOf(condition) ?? "all";
  const parts = partsOf(condition);
  const adding = useRef<HTMLButtonElement>(null);
  const said = place.length === 0 ? "the whole" : `group ${place.map((n) => n + 1).join(".")}`;
  const turned = (to: GroupWord) => {
    if (to === "not" && parts.length > 1) put(place, { not: group(word === "not" ? "all" : word, parts) });
    else put(place, group(to, parts));
  };
  let next = first;
  return (
    <fieldset className={`group group-${word}`}>
      <legend className="unseen">{said}</legend>
      <div className="group-head">
        <select
          className="field group-word"
          aria-label={`How ${said} joins its conditions`}
          value={word}
          onChange={(event) => turned(event.currentTarget.value as GroupWord)}
        >
          {WORDS.map(([id, text]) => (
            <option key={id} value={id}>
              {text}
            </option>
          ))}
        </select>
        <span className="leaf-tools">{tools}</span>
      </div>
      <ol className="group-parts">
        {parts.map((part, index) => {
          const start = next;
          next += leavesIn(part);
          const here = [...place, index];
          const name = groupOf(part) === null ? `condition ${start + 1}` : `group ${here.map((n) => n + 1).join(".")}`;
          return (
            // The order is what tells them apart: nothing in a condition need differ.
            <li key={`${index}`}>
              <Node
                {...{ words, figures, wrongLeaf, put }}
                condition={part}
                place={here}
                first={start}
                tools={
                  <>
                    {word !== "not" && index > 0 && (
                      <Tool word={`Move ${name} up`} sign="↑" act={() => put(place, group(word, moved(parts, index, -1)))} />
                    )}
                    {word !== "not" && index < parts.length - 1 && (
                      <Tool word={`Move ${name} down`} sign="↓" act={() => put(place, group(word, moved(parts, index, 1)))} />
                    )}
                    <Tool word={`Turn ${name} into “not”`} sign="not" act={() => put(here, opposite(part))} />
                    {groupOf(part) === null && (
                      <Tool word={`Put ${name} into a group`} sign="( )" act={() => put(here, { any: [part] })} />
                    )}
                    {(parts.length > 1 || place.length > 0) && (
                      <Tool
                        word={`Remove ${name}`}
                        sign="×"
                        act={() => {
                          put(parts.length > 1 ? here : place, null);
                          adding.current?.focus();
                        }}
                      />
                    )}
                  </>
                }
              />
            </li>
          );
        })}
      </ol>
      {word !== "not" && (
        <div className="group-add">
          <button
            ref={adding}
            type="button"
            className="plain-button"
            aria-label={`Add a condition to ${said}`}
            onClick={() => put(place, group(word, [...parts, fresh(words)]))}
          >
            + condition
          </button>
          <button
            type="button"
            className="plain-button"
            aria-label={`Add a group to ${said}`}
            onClick={() => put(place, group(word, [...parts, group(word === "all" ? "any" : "all", [fresh(words)])]))}
          >
            + group
          </button>
        </div>
      )}
    </fieldset>
  );
}

function fresh(words: SegmentWords): Condition {
  const first = words.forms[0];
  return first ? started(first, words) : {};
}

const opposite = (condition: Condition): Condition =>
  groupOf(condition) === "not" ? (partsOf(condition)[0] ?? condition) : { not: condition };

function Tool({ word, sign, act }: { word: string; sign: string; act: () => void }) {
  return (
    <button type="button" className="small-button" aria-label={word} title={word} onClick={act}>
      <span aria-hidden="true">{sign}</span>
    </button>
  );
}
