// A journey tried over what really happened: who would have entered when, and what they would get.

import { Button, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { ask, path, send, soon, Trouble, useDoing } from "../api/reading";
import type { JourneySimulation, Problem, SimulatedMail, SimulatedPerson, SimulationAsked } from "../api/types";
import { capital, count, date, instant, many, plain, share } from "../words";
import { Told } from "./doing";
import { Card, Chip, Empty, Fact, Facts, TroubleNote, useStatus } from "./page";
import { Table } from "./table";

const LOOK_MILLISECONDS = 700;
/** As many looks in a row may fail before that is said, and no more is looked. */
const MOST_MISSED = 5;
const DAY_MILLISECONDS = 86_400_000;
const USUAL_DAYS = 90;

interface SimulationProps {
  journey: string;
  /** A draft that is tried instead of what is in force. */
  text?: string;
}

/** How far the simulation was at the last look that succeeded, and how many have failed since. */
interface Looked {
  told: JourneySimulation | null;
  missed: number;
  trouble: Problem | null;
}

const found = (told: JourneySimulation | null): Looked => ({ told, missed: 0, trouble: null });

const missing = (looked: Looked, error: unknown): Looked => ({
  ...looked,
  missed: looked.missed + 1,
  trouble: error instanceof Trouble ? error.problem : looked.trouble,
});

export function SimulationCard({ journey, text = "" }: SimulationProps) {
  const where = `/journeys${path(journey)}/simulate`;
  const { now } = useStatus();
  const [since, setSince] = useState(() => new Date(Date.parse(now) - USUAL_DAYS * DAY_MILLISECONDS).toISOString().slice(0, 10));
  const [looked, look] = useState(found(null));
  const doing = useDoing();
  const { told } = looked;
  const lost = looked.missed >= MOST_MISSED;
  const running = told?.state === "running" && !lost;
  useEffect(() => {
    if (!running) return;
    return soon(LOOK_MILLISECONDS, (signal) =>
      ask<JourneySimulation>(where, { signal }).then(
        (answer) => look(found(answer)),
        (error: unknown) => {
          if (!signal.aborted) look((last) => missing(last, error));
        },
      ),
    );
  }, [running, looked, where]);
  const begin = () =>
    doing.run(async () => {
      const content: Partial<SimulationAsked> = { from: `${since}T00:00:00Z`, text };
      look(found(await send<JourneySimulation>("POST", where, content)));
      return "";
    });
  const stop = () =>
    doing.run(async () => {
      look(found(await send<JourneySimulation>("DELETE", where)));
      return "Stopped.";
    });
  return (
    <Card title="Try it" note="Over what really happened since a day; nothing is recorded, and nobody is written to.">
      <form
        className="search"
        onSubmit={(event) => {
          event.preventDefault();
          begin();
        }}
      >
        <TextInput
          type="date"
          label="From (UTC)"
          value={since}
          max={now.slice(0, 10)}
          onChange={(event) => setSince(event.currentTarget.value)}
          required
        />
        <Button type="submit" disabled={doing.busy || running || !since}>
          Simulate
        </Button>
        {running && (
          <Button variant="default" onClick={stop}>
            Stop
          </Button>
        )}
      </form>
      <p aria-live="polite" className="dim">
        {running && `${share(told.done, 0)} of the time has been gone through`}
      </p>
      <Told doing={doing} />
      {lost && looked.trouble && (
        <TroubleNote problem={looked.trouble} again={() => look(found(told))} />
      )}
      {told?.trouble && <p className="wrong">{told.trouble}</p>}
      {told?.state === "done" && <Result told={told} />}
    </Card>
  );
}

function Result({ told }: { told: JourneySimulation }) {
  return (
    <div className="stack">
      <Facts>
        <Fact word="Set off">{count(told.triggered)}</Fact>
        <Fact word="Entered" note={many(told.held_out, "held out", "held out")}>
          {count(told.entered)}
        </Fact>
        <Fact word="In it at the end">{count(told.in_it)}</Fact>
        {told.converted !== null && <Fact word="Reached the goal">{count(told.converted)}</Fact>}
        <Fact word="Ended">{counted(told.ended) || "nobody"}</Fact>
      </Facts>
      {Object.keys(told.not_entered).length > 0 && <p>Did not enter: {counted(told.not_entered)}</p>}
      <Mails mails={told.mails} />
      {told.conflicts.length > 0 && (
        <ul className="findings">
          {told.conflicts.map((each) => (
            <li key={`${each.step} ${each.limit} ${each.taken_by}`}>
              <Chip tone="amber">{plain(each.limit)}</Chip> {each.step}: {many(each.mails, "mail")} had no room, taken by{" "}
              {each.taken_by || "another system"}
            </li>
          ))}
        </ul>
      )}
      <Days told={told} />
      <Examples people={told.people} />
      {told.troubles.map((each) => (
        <p key={each} className="wrong">
          {capital(each)}
        </p>
      ))}
      <Caveats of={told.as_of_now} />
    </div>
  );
}

function Caveats({ of }: { of: string[] }) {
  if (of.length === 0) return null;
  return (
    <section aria-label="How far it holds">
      <h3>How far it holds</h3>
      <ul className="journey-caveats">
        {of.map((each) => (
          <li key={each}>{capital(each)}.</li>
        ))}
      </ul>
    </section>
  );
}

function Mails({ mails }: { mails: SimulatedMail[] }) {
  if (mails.length === 0) return null;
  return (
    <Table
      caption="What they would have got"
      captionSeen
      rows={mails}
      id={(each) => each.step}
      columns={[
        { name: "Mail", head: true, cell: (each) => each.step },
        { name: "Sent", right: true, cell: (each) => count(each.sent) },
        { name: "Variants", wide: true, cell: (each) => (isOnly(each.variants) ? "one" : counted(each.variants)) },
        { name: "Not sent", cell: (each) => counted(each.refused) || <span className="dim">none</span> },
      ]}
    />
  );
}

function Days({ told }: { told: JourneySimulation }) {
  if (told.days.length === 0) return <Empty>Nobody would have entered, and nothing would have been sent.</Empty>;
  return (
    <details open={told.days.length <= 14}>
      <summary>Day by day: who enters, what is sent, through whose mailboxes</summary>
      <Table
        caption="Load, day by day"
        rows={told.days}
        id={(each) => each.day}
        columns={[
          { name: "Day", head: true, cell: (each) => date(each.day) },
          { name: "Entered", right: true, cell: (each) => count(each.entered) },
          { name: "Mails", cell: (each) => counted(each.mails) },
          { name: "At", wide: true, cell: (each) => counted(each.providers) },
        ]}
      />
    </details>
  );
}

function Examples({ people }: { people: SimulatedPerson[] }) {
  if (people.length === 0) return null;
  return (
    <details>
      <summary>Some of them, step by step</summary>
      <ul className="journey-examples">
        {people.map((each) => (
          <li key={`${each.person} ${each.entered_at}`}>
            <Link href={`/people/${each.person}`}>Person {each.person}</Link> <span className="dim">entered {instant(each.entered_at)}</span>
            <ol>
              {each.moves.map((move) => (
                <li key={`${move.at} ${move.step} ${move.outcome}`}>
                  <span className="dim">{instant(move.at)}</span> {move.step} {plain(move.outcome)}
                  {move.reason && <span className="dim"> ({move.reason})</span>}
                </li>
              ))}
            </ol>
          </li>
        ))}
      </ul>
    </details>
  );
}

const counted = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([name, number]) => `${plain(name) || "one variant"} ${count(number)}`)
    .join(", ");

/** A mail without variants has one of this name. */
const isOnly = (counts: Record<string, number>): boolean => Object.keys(counts).join() === "only";
