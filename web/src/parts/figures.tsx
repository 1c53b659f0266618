// What a definition would hold: each figure says whether it is exact, and how far off if not.

import { Link } from "wouter";
import type { PersonRow, Problem, Reach, SegmentPreview } from "../api/types";
import { PeopleTable } from "../pages/People";
import { count, instant, share } from "../words";
import type { Figures } from "./drafting";
import { Mistake } from "./editor";
import { Chip } from "./page";

interface FiguresProps {
  figures: Figures;
  wrong: Problem | null;
  /** The version in force, 0 where there is none. */
  stands: number;
  go: (line: number) => void;
}

export function FiguresOf({ figures, wrong, stands, go }: FiguresProps) {
  const { value, pending } = figures;
  const problem = wrong ?? figures.wrong;
  return (
    <div className="figures-of" aria-busy={pending}>
      <div aria-live="polite">
        {problem ? (
          <Mistake problem={problem} go={go} what="Not right yet" />
        ) : value ? (
          <Size value={value} />
        ) : (
          <p className="live-count">
            <strong>…</strong> <span>counting</span>
          </p>
        )}
      </div>
      {problem && stands > 0 && <p className="dim">Version {stands} stays in force.</p>}
      {value && !problem && (
        <>
          <dl className="facts">
            {value.reachable && (
              <div>
                <dt>
                  Reachable
                  <small>agreed to mails, with an address that does not rest</small>
                </dt>
                <dd>
                  <Reached reach={value.reachable} of={value.people} />
                </dd>
              </div>
            )}
            {value.stands !== null && value.entered !== null && value.left !== null && (
              <div>
                <dt>Against version {value.stands}</dt>
                <dd>
                  <Moves entered={value.entered} left={value.left} />
                </dd>
              </div>
            )}
          </dl>
          <Who word="Come in" people={value.entering} of={value.entered ?? 0} />
          <Who word="Go out" people={value.leaving} of={value.left ?? 0} />
          <p className="dim">
            {pending ? "Counting the rest…" : `At ${instant(value.as_of)}, in ${value.milliseconds.toFixed(0)} ms.`}
          </p>
          {value.sample.length > 0 && (
            <details>
              <summary>Some of them</summary>
              <PeopleTable people={value.sample} caption="Some of the people" brief />
            </details>
          )}
        </>
      )}
    </div>
  );
}

function Size({ value }: { value: SegmentPreview }) {
  const part = value.total ? value.people / value.total : 0;
  return (
    <>
      <p className="live-count">
        <strong>
          {value.exact ? "" : "about "}
          {count(value.people)}
        </strong>{" "}
        <span>
          of {count(value.total)} people, {share(part)}
        </span>
      </p>
      <p>
        {value.exact ? (
          <Chip tone="moss">exact</Chip>
        ) : (
          <>
            <Chip tone="amber">estimate</Chip>{" "}
            <span className="dim">
              {count(value.low)} to {count(value.high)} in 95 of 100 cases; the exact size follows
            </span>
          </>
        )}
      </p>
    </>
  );
}

function Reached({ reach, of }: { reach: Reach; of: number }) {
  const part = of ? ` (${share(reach.people / of, 0)})` : "";
  if (reach.exact) return <>{`${count(reach.people)}${part}`}</>;
  return (
    <>
      {`about ${count(reach.people)}${part}`}{" "}
      <small className="dim block">
        estimate: {count(reach.low)} to {count(reach.high)}
      </small>
    </>
  );
}

export function Moves({ entered, left }: { entered: number; left: number }) {
  if (entered === 0 && left === 0) return <>the same people</>;
  return (
    <span className="nowrap">
      <span className="good">+{count(entered)}</span> / <span className="wrong">−{count(left)}</span>
    </span>
  );
}

function Who({ word, people, of }: { word: string; people: PersonRow[]; of: number }) {
  if (people.length === 0) return null;
  const more = of - people.length;
  return (
    <p className="who">
      <span className="dim">{word}:</span>{" "}
      {people.map((person, index) => (
        <span key={person.person}>
          {index > 0 && ", "}
          <Link href={`/people/${person.person}`}>{person.label}</Link>
        </span>
      ))}
      {more > 0 && <span className="dim"> and {count(more)} more</span>}
    </p>
  );
}
