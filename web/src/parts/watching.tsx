// How a journey goes: its funnel step by step, who is stuck, what is not as it should be.

import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type { JourneyWatch, StepWatch } from "../api/types";
import { count, date, many, plain, share } from "../words";
import { Card, Chip, Empty, Fact, Facts, Shown, When } from "./page";
import { Table } from "./table";

export function WatchCard({ journey }: { journey: string }) {
  const reading = useReading<JourneyWatch>(`/journeys${path(journey)}/watch`);
  const since = reading.value && `Of those who entered since ${date(reading.value.since)}.`;
  return (
    <Card title="How it goes" note={since ?? ""}>
      <Shown reading={reading} height={220}>
        {(told) => (
          <>
            <Alarms told={told} />
            <Facts>
              <Fact word="Entered" note={many(told.held_out, "held out", "held out")}>
                {count(told.entered)}
              </Fact>
              <Fact word="In it now">{count(told.in_it)}</Fact>
              {told.converted !== null && <Fact word="Reached the goal">{count(told.converted)}</Fact>}
              <Fact word="Finished">{count(told.finished)}</Fact>
              <Fact word="Dropped out">{count(told.dropped)}</Fact>
            </Facts>
            {told.steps.length === 0 ? <Empty>It has no steps.</Empty> : <Funnel steps={told.steps} />}
            <Stuck told={told} />
          </>
        )}
      </Shown>
    </Card>
  );
}

function Alarms({ told }: { told: JourneyWatch }) {
  return (
    <ul className="findings">
      {told.alarms.map((alarm) => (
        <li key={`${alarm.code} ${alarm.step}`}>
          <Chip tone="red">{plain(alarm.code)}</Chip> {alarm.text}
        </li>
      ))}
    </ul>
  );
}

function Funnel({ steps }: { steps: StepWatch[] }) {
  return (
    <Table
      caption="People at each step"
      rows={steps}
      id={(each) => each.step}
      columns={[
        { name: "Step", head: true, cell: (each) => <StepName step={each} /> },
        { name: "Came", right: true, cell: (each) => <Came step={each} /> },
        { name: "Waiting", right: true, cell: (each) => count(each.waiting) },
        { name: "Dropped", right: true, cell: (each) => count(each.dropped) },
        { name: "Errors", right: true, wide: true, cell: (each) => count(each.errors) },
        { name: "How they left", wide: true, cell: (each) => <Left step={each} /> },
      ]}
    />
  );
}

function StepName({ step }: { step: StepWatch }) {
  return (
    <>
      {step.words}
      <small className="dim block">{step.step}</small>
    </>
  );
}

function Came({ step }: { step: StepWatch }) {
  return (
    <>
      {count(step.came)}
      {step.share !== null && <small className="dim"> {share(step.share, 0)}</small>}
    </>
  );
}

function Left({ step }: { step: StepWatch }) {
  return (
    <ul>
      {step.ways.map((way) => (
        <li key={`${way.outcome} ${way.to} ${way.reason}`}>
          {count(way.people)} {plain(way.outcome)}
          {way.reason && ` (${plain(way.reason)})`}
          {way.to && ` → ${way.to}`}
        </li>
      ))}
    </ul>
  );
}

function Stuck({ told }: { told: JourneyWatch }) {
  if (told.stuck.length === 0) return null;
  return (
    <>
      <h3>Stuck</h3>
      <ul>
        {told.stuck.map((one) => (
          <li key={`${one.person} ${one.step}`}>
            <Link href={`/people/${one.person}`}>Person {one.person}</Link> at {one.step}, due <When at={one.due_at} />
          </li>
        ))}
      </ul>
    </>
  );
}
