// When a campaign is sent, what stands in its way, and a mail that is only tried.

import { Button, NumberInput, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { path, send, useDoing, useReading } from "../api/reading";
import type { Displacer, Point, Preflight, ScheduleView, Trial } from "../api/types";
import { capital, count, many, plain } from "../words";
import { Audience } from "./audience";
import { Told } from "./doing";
import { Card, Chip, Empty, Fact, Facts, Shown, type Tone, TroubleNote, When } from "./page";
import { Table } from "./table";
import { campaignAt } from "./places";

const TONES: Record<Point["state"], Tone> = { fault: "red", warning: "amber", good: "moss" };

export function ScheduleCard({ name }: { name: string }) {
  const reading = useReading<ScheduleView>(`/campaigns${path(name)}/schedule`);
  if (reading.trouble?.status === 404) return null;
  return (
    <Card title="When it is sent">
      <Shown reading={reading} height={120}>
        {(shown) => (
          <>
            <p>{shown.words ? `${capital(shown.words)}.` : "By hand, when somebody sends it."}</p>
            {shown.error && <p className="trouble">{shown.error}</p>}
            <Facts>
              {shown.next_at && (
                <Fact word="Next">
                  <When at={shown.next_at} />
                </Fact>
              )}
              {shown.hours && <Fact word="Hours">{shown.hours}</Fact>}
              {shown.missed.length > 0 && (
                <Fact word="Not sent">
                  {shown.missed.map((each) => `${each.occurrence} (${plain(each.reason)})`).join(", ")}
                </Fact>
              )}
            </Facts>
            <Displaced rows={shown.displaced} />
          </>
        )}
      </Shown>
    </Card>
  );
}

function Displaced({ rows }: { rows: Displacer[] }) {
  if (rows.length === 0) return null;
  return (
    <Table
      caption="Who had no room for this mail, by which limit, and what came in its place"
      rows={rows}
      id={(each) => `${each.reason} ${each.limit} ${each.campaign}`}
      columns={[
        { name: "Limit", head: true, cell: (each) => each.limit },
        { name: "Why", cell: (each) => <Chip tone="grey">{plain(each.reason)}</Chip> },
        {
          name: "In its place",
          cell: (each) =>
            each.campaign ? (
              <Link href={campaignAt(each.campaign)}>{each.campaign}</Link>
            ) : (
              <span className="dim">several</span>
            ),
        },
        { name: "People", right: true, cell: (each) => count(each.people) },
      ]}
    />
  );
}

/** What stands in a campaign's way, everybody's mail as it would be, and one on trial. */
export function PreflightCard({ name, variants }: { name: string; variants: string[] }) {
  const [asked, ask] = useState(false);
  const reading = useReading<Preflight>(asked ? `/campaigns${path(name)}/preflight` : null);
  return (
    <Card title="Before it is sent" note="What stands in the way and how to mend it. Then, if you like, everybody's mail is made: it shows who lacks a value, which links are dead and which mails are too long.">
      <div className="actions">
        <Button onClick={() => (asked ? reading.again() : ask(true))}>
          {asked ? "Check again" : "Check it"}
        </Button>
      </div>
      <div aria-live="polite" className="points">
        {reading.trouble && <TroubleNote problem={reading.trouble} />}
        {asked && reading.value && <Points found={reading.value} />}
      </div>
      <h3>Everybody's mail</h3>
      <Audience of={campaignAt(name)} />
      <h3>A test mail</h3>
      <Try name={name} variants={variants} />
    </Card>
  );
}

function Points({ found }: { found: Preflight }) {
  return (
    <>
      <p>
        <Chip tone={found.sound ? "moss" : "red"}>{found.sound ? "ready" : "not ready"}</Chip>{" "}
        <span className="dim">
          {many(found.people, "person", "people")}, of whom {count(found.looked_at)} were looked at
        </span>
      </p>
      {found.points.length === 0 && <Empty>There is nothing to check.</Empty>}
      <ul className="decisions">
        {found.points.map((each) => (
          <li key={`${each.about} ${each.what}`}>
            <p>
              <Chip tone={TONES[each.state]}>{each.about}</Chip> {each.what}
            </p>
            {each.mend && <p className="dim">{each.mend}</p>}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Sends one marked mail to an address of the settings; it never counts. */
function Try({ name, variants }: { name: string; variants: string[] }) {
  const [to, setTo] = useState("");
  const [person, setPerson] = useState<string | number>("");
  const [variant, setVariant] = useState<string | null>(null);
  const doing = useDoing();
  return (
    <form
      className="actions"
      onSubmit={(event) => {
        event.preventDefault();
        doing.run(async () => {
          const content = { to, person: Number(person), variant: variant ?? "" };
          const said = await send<Trial>("POST", `/campaigns${path(name)}/test`, content);
          return `${said.subject}: ${said.state} ${said.reply}`.trim();
        });
      }}
    >
      <TextInput
        className="grow"
        label="Test mail to"
        description="One of those in the setting delivery.test_addresses"
        value={to}
        onChange={(event) => setTo(event.currentTarget.value)}
        maxLength={254}
        autoComplete="off"
      />
      <NumberInput label="As person" description="The person's number" value={person} onChange={setPerson} min={1} hideControls />
      {variants.length > 1 && (
        <Select label="Variant" data={variants} value={variant} onChange={setVariant} clearable />
      )}
      <Button type="submit" variant="default" disabled={doing.busy || !to.trim() || !person}>
        Send a test mail
      </Button>
      <Told doing={doing} />
    </form>
  );
}
