import "../styles/journeys.css";
import { Fragment } from "react";
import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type { JourneyPage, JourneyStep, JourneyWay, OlderStep } from "../api/types";
import { Card, Page, Shown } from "../parts/page";
import { CampaignPlaces, campaignAt } from "../parts/places";
import { Table } from "../parts/table";
import { WatchCard } from "../parts/watching";
import { count, many } from "../words";
import { Mode } from "./Journeys";

/** A step with the steps that are nested in it. */
interface Nested {
  step: JourneyStep;
  inner: Nested[];
}

export default function Journey({ name }: { name: string }) {
  const reading = useReading<JourneyPage>(`/journeys${path(name)}`);
  return (
    <Page
      title={name}
      lead={reading.value?.description}
      back={{ to: "/journeys", word: "Journeys" }}
      actions={reading.value && <Mode mode={reading.value.mode} />}
    >
      <CampaignPlaces />
      <Shown reading={reading} height={500}>
        {(journey) => (
          <div className="stack">
            <Card title="Who comes and goes" note={`Version ${journey.version}`}>
              <ul className="journey-head">
                {journey.head.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            </Card>
            <WatchCard journey={name} />
            <Card title="Steps" note="Where nothing else is said, a step leads to the next one.">
              <Steps journey={name} steps={nested(journey.steps)} following={following(journey.steps)} />
            </Card>
            {journey.older.length > 0 && <Older steps={journey.older} />}
            <Card title="Its text">
              <pre className="journey-text" tabIndex={0}>
                {journey.text}
              </pre>
            </Card>
          </div>
        )}
      </Shown>
    </Page>
  );
}

interface StepsProps {
  journey: string;
  steps: Nested[];
  following: Map<string, string>;
}

function Steps({ journey, steps, following }: StepsProps) {
  return (
    <ol className="journey-steps">
      {steps.map(({ step, inner }) => (
        <li key={step.step} id={anchor(step.step)}>
          <span className={`journey-step ${step.kind}`}>
            <strong>{step.words}</strong>
            <small className="dim">
              {step.kind === "send" ? <Link href={campaignAt(`${journey}/${step.step}`)}>{step.step}</Link> : step.step}
            </small>
            {step.people > 0 && <span className="journey-people">{many(step.people, "person", "people")} here</span>}
          </span>
          <Ways ways={step.ways.filter((way) => way.when || way.to !== following.get(step.step))} />
          {inner.length > 0 && <Steps journey={journey} steps={inner} following={following} />}
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

function Older({ steps }: { steps: OlderStep[] }) {
  return (
    <Card title="In older versions" note="They stay on theirs, unless the journey is published with a mapping.">
      <Table
        caption="People in older versions"
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
    </Card>
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
