// The graph of a journey in words: step under step, with the ways that lead elsewhere.

import { Fragment } from "react";
import { Link } from "wouter";
import type { JourneyStep, JourneyWay, OlderStep } from "../api/types";
import { count, many } from "../words";
import { campaignAt } from "./places";
import { Table } from "./table";

/** A step with the steps that are nested in it. */
interface Nested {
  step: JourneyStep;
  inner: Nested[];
}

interface GraphProps {
  journey: string;
  steps: JourneyStep[];
  /** Nothing of it is in force, so its mails have no page. */
  draft?: boolean;
}

export function Graph({ journey, steps, draft = false }: GraphProps) {
  return <Steps journey={journey} steps={nested(steps)} following={following(steps)} draft={draft} />;
}

interface StepsProps {
  journey: string;
  steps: Nested[];
  following: Map<string, string>;
  draft: boolean;
}

function Steps({ journey, steps, following, draft }: StepsProps) {
  return (
    <ol className="journey-steps">
      {steps.map(({ step, inner }) => (
        <li key={step.step} id={anchor(step.step)}>
          <span className={`journey-step ${step.kind}`}>
            <strong>{step.words}</strong>
            <small className="dim">
              {step.kind === "send" && !draft ? <Link href={campaignAt(`${journey}/${step.step}`)}>{step.step}</Link> : step.step}
            </small>
            {step.people > 0 && <span className="journey-people">{many(step.people, "person", "people")} here</span>}
          </span>
          <Ways ways={step.ways.filter((way) => way.when || way.to !== following.get(step.step))} />
          {inner.length > 0 && <Steps journey={journey} steps={inner} following={following} draft={draft} />}
        </li>
      ))}
    </ol>
  );
}

function Ways({ ways }: { ways: JourneyWay[] }) {
  if (ways.length === 0) return null;
  return (
    <dl className="journey-ways">
      {ways.map((way) => (
        <Fragment key={`${way.when} ${way.to}`}>
          <dt>{way.when || "then"}</dt>
          <dd>{way.to ? <a href={`#${anchor(way.to)}`}>{way.to}</a> : "the end"}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

/** Who stands in other versions of a journey, and where they would go on in this one. */
export function Standing({ caption, steps }: { caption: string; steps: OlderStep[] }) {
  return (
    <Table
      caption={caption}
      rows={steps}
      id={(each) => `${each.version} ${each.step}`}
      columns={[
        { name: "Step", head: true, cell: (each) => each.step },
        { name: "Version", right: true, cell: (each) => count(each.version) },
        { name: "People", right: true, cell: (each) => count(each.people) },
        { name: "Now", cell: (each) => each.how },
        { name: "Would go on at", wide: true, cell: (each) => each.to || <span className="dim">must be said</span> },
      ]}
    />
  );
}

/** Which step stands behind which in the file. */
function following(steps: JourneyStep[]): Map<string, string> {
  return new Map(steps.slice(1).map((step, index) => [steps[index]?.step ?? "", step.step]));
}

/** The steps as a tree, by how deep each stands. */
function nested(steps: JourneyStep[]): Nested[] {
  const root: Nested[] = [];
  const lists: Nested[][] = [root];
  for (const step of steps) {
    const found: Nested = { step, inner: [] };
    lists.length = Math.min(step.depth + 1, lists.length);
    lists[lists.length - 1]?.push(found);
    lists.push(found.inner);
  }
  return root;
}

const anchor = (step: string): string => `step-${step.replaceAll(".", "-")}`;
