import "../styles/segments.css";
import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { path, query, useReading } from "../api/reading";
import type {
  Explanation,
  MembershipChange,
  MembershipChanges,
  PersonStays,
  Outlook,
  SegmentHealth,
  SegmentReport,
} from "../api/types";
import { Bars } from "../parts/charts";
import { useFigures } from "../parts/drafting";
import { FiguresOf } from "../parts/figures";
import { Uses } from "../parts/kept";
import { Broken, Card, Chip, Empty, Page, Shown, useStatus, When } from "../parts/page";
import { ReasonEntry } from "../parts/reasons";
import { Table } from "../parts/table";
import { count, date, instant, many, plain, share } from "../words";
import { PeopleTable } from "./People";
import { isGroup } from "./Segments";
import { Acts, Findings, Upkeep } from "./SegmentHealth";

export default function Segment({ name }: { name: string }) {
  const reading = useReading<SegmentReport>(`/segments${path(name)}`);
  const health = useReading<SegmentHealth>(`/segments${path(name)}/health`);
  const size = reading.value?.size;
  return (
    <Page
      title={name}
      lead={size?.description}
      back={{ to: "/segments", word: "Segments" }}
      actions={
        size && size.people !== null && size.share !== null ? (
          <p className="big">
            <strong>{count(size.people)}</strong>
            <span>
              people{size.trouble && " when last counted"}, {share(size.share)} · version {size.version}
            </span>
          </p>
        ) : null
      }
    >
      <Shown reading={reading} height={900}>
        {(segment) => (
          <div className="stack">
            {segment.size.trouble && (
              <Broken kind="This segment is" why={segment.size.trouble}>
                Until it is mended, its people are those who were in when it was last counted
                {segment.size.refreshed_at ? `, at ${instant(segment.size.refreshed_at)}` : ""}. Campaigns, journeys
                and segments that use it wait.
              </Broken>
            )}
            {health.value && <Findings findings={health.value.findings} />}
            {health.value ? <Trend health={health.value} /> : <OldTrend report={segment} />}
            {health.value && (
              <div className="halves">
                <Acts acts={health.value.acts} />
                <Upkeep health={health.value} />
              </div>
            )}
            <Definition name={name} text={segment.text} />
            <Past text={segment.text} broken={segment.size.trouble !== ""} />
            <Explain name={name} />
            <Moves name={name} />
            <Card title="Some of its people">
              {segment.sample.length === 0 ? (
                <Empty>Nobody is in this segment now.</Empty>
              ) : (
                <PeopleTable people={segment.sample} />
              )}
            </Card>
            {!isGroup(name) && <Uses where={`/segments${path(name)}`} />}
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Trend({ health }: { health: SegmentHealth }) {
  const { days } = health;
  if (days.length < 2) return null;
  const [entered, left] = days.reduce(([came, went], day) => [came + day.entered, went + day.left], [0, 0]);
  return (
    <Card
      title="Size over time"
      note={`${count(entered ?? 0)} entered and ${count(left ?? 0)} left in these ${days.length} days.`}
    >
      <Bars
        title="People in the segment"
        bars={days.map((day) => ({ label: date(day.start), value: day.people }))}
        written={count}
        axis={count}
      />
      <details className="as-table">
        <summary>Entries and exits by day</summary>
        <div className="scroller short" role="region" aria-label="Entries and exits by day" tabIndex={0}>
          <table>
            <caption className="unseen">Entries and exits</caption>
            <thead>
              <tr>
                <th scope="col">Day</th>
                <th scope="col" className="right">
                  Entered
                </th>
                <th scope="col" className="right">
                  Left
                </th>
              </tr>
            </thead>
            <tbody>
              {days.toReversed().map((day) => (
                <tr key={day.start}>
                  <th scope="row">{date(day.start)}</th>
                  <td className="right">{count(day.entered)}</td>
                  <td className="right">{count(day.left)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </Card>
  );
}

function OldTrend({ report }: { report: SegmentReport }) {
  if (report.trend.length < 2) return null;
  return (
    <Card title="Size over time">
      <Bars
        title="People in the segment"
        bars={report.trend.map((point) => ({ label: date(point.start), value: point.people }))}
        written={count}
        axis={count}
      />
    </Card>
  );
}

function Definition({ name, text }: { name: string; text: string }) {
  return (
    <Card title="Definition" aside={isGroup(name) ? <OfList name={name} /> : <Link href={`/segments${path(name)}/edit`}>Edit, versions, preview</Link>}>
      <pre className="code wrap" tabIndex={0} role="region" aria-label="Definition in YAML">
        {text}
      </pre>
    </Card>
  );
}

/** A group is written with its list. */
function OfList({ name }: { name: string }) {
  const list = name.slice(0, name.indexOf("."));
  return (
    <>
      A group of <Link href={`/groups${path(list)}`}>{list}</Link>
    </>
  );
}

/** Who was in at another instant, by all that is known today. */
function Past({ text, broken }: { text: string; broken: boolean }) {
  const { now } = useStatus();
  const [at, setAt] = useState("");
  if (broken) return null;
  return (
    <Card title="Who was in at another time?" note="By all that is known today, also of what came to light later.">
      <div className="search">
        <InstantField label="As of (UTC)" value={at} now={now} onChange={setAt} />
        {at && (
          <Button variant="default" onClick={() => setAt("")}>
            Now
          </Button>
        )}
      </div>
      {at && <PastFigures text={text} at={`${at}:00Z`} />}
    </Card>
  );
}

function PastFigures({ text, at }: { text: string; at: string }) {
  const figures = useFigures({ text }, at);
  return <FiguresOf figures={figures} wrong={null} stands={0} go={() => undefined} />;
}

interface InstantProps {
  label: string;
  value: string;
  now: string;
  onChange: (value: string) => void;
}

function InstantField({ label, value, now, onChange }: InstantProps) {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      value={value}
      max={now.slice(0, 16)}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function Explain({ name }: { name: string }) {
  const { now } = useStatus();
  const [search] = useSearchParams();
  const asked = search.get("person") ?? "";
  const [typed, setTyped] = useState(asked);
  const [person, setPerson] = useState(asked);
  const [at, setAt] = useState("");
  const as_of = at ? `${at}:00Z` : "";
  const where = person ? `/segments${path(name)}/explain${path(person)}${query({ as_of })}` : null;
  const reading = useReading<Explanation>(where);
  return (
    <Card title="Why is somebody in, or not?">
      <form
        className="search"
        onSubmit={(event) => {
          event.preventDefault();
          setPerson(typed.trim());
        }}
      >
        <TextInput
          label="Person's number"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          inputMode="numeric"
          pattern="[0-9]+"
          autoComplete="off"
        />
        <InstantField label="As of (UTC), now if empty" value={at} now={now} onChange={setAt} />
        <Button type="submit" disabled={!typed.trim()}>
          Explain
        </Button>
      </form>
      {where && (
        <Shown reading={reading} height={160}>
          {(explanation) => <Explained explanation={explanation} />}
        </Shown>
      )}
      {person && reading.value && <Stays name={name} person={person} as_of={as_of} />}
    </Card>
  );
}

function Explained({ explanation }: { explanation: Explanation }) {
  const { now } = useStatus();
  return (
    <div className="explained">
      <p>
        <Link href={`/people/${explanation.person}`}>{explanation.label}</Link>{" "}
        <Chip tone={explanation.member ? "moss" : "amber"}>{explanation.member ? "is in" : "is not in"}</Chip>{" "}
        <span className="dim">at {instant(explanation.as_of)}</span>
      </p>
      <ul className="reasons">
        <ReasonEntry reason={explanation.reason} />
      </ul>
      {explanation.outlook && <WhatWould outlook={explanation.outlook} member={explanation.member} />}
      {explanation.next_check && (
        <p className="dim">
          By time alone this can change at <When at={explanation.next_check} />
          {explanation.next_check <= now && ", so it is asked again at the next tick"}.
        </p>
      )}
    </div>
  );
}

/** The fewest conditions that would have to turn. */
function WhatWould({ outlook, member }: { outlook: Outlook; member: boolean }) {
  const { turns, others, at } = outlook;
  if (turns.length === 0) return null;
  return (
    <div className="outlook">
      <h3>{member ? "What would take this person out" : "What would bring this person in"}</h3>
      <ul>
        {turns.map((turn) => (
          <li key={turn.text}>
            {turn.text}
            {turn.how && <>: {turn.how}</>}
            {turn.at && (
              <span className="dim">
                {" "}
                (by time alone at <When at={turn.at} />)
              </span>
            )}
          </li>
        ))}
      </ul>
      {others > 0 && <p className="dim">{many(others, "other way is", "other ways are")} as short.</p>}
      {at && (
        <p className="dim">
          If nothing happens, the answer changes at <When at={at} />.
        </p>
      )}
    </div>
  );
}

function Stays({ name, person, as_of }: { name: string; person: string; as_of: string }) {
  const where = `/segments${path(name)}/history${path(person)}${query({ as_of })}`;
  const reading = useReading<PersonStays>(where);
  return (
    <>
      <h3>When this person was in</h3>
      <Shown reading={reading} height={60}>
        {({ stays }) =>
          stays.length === 0 ? (
            <Empty>Never up to then.</Empty>
          ) : (
            <Table
              caption="When this person was in"
              rows={stays}
              id={(stay) => stay.since}
              columns={[
                { name: "Entered", cell: (stay) => <When at={stay.since} /> },
                { name: "Left", cell: (stay) => (stay.until ? <When at={stay.until} /> : "is still in") },
              ]}
            />
          )
        }
      </Shown>
    </>
  );
}

function Moves({ name }: { name: string }) {
  const [after, setAfter] = useState<string[]>([]);
  const cursor = after.at(-1) ?? "";
  const where = `/segments${path(name)}/history${query({ after: cursor, limit: 10 })}`;
  const reading = useReading<MembershipChanges>(where);
  return (
    <Card title="Entries and exits" note="When it became true, and why; the latest first.">
      <Shown reading={reading} height={200}>
        {({ changes, next, known_since }) => (
          <>
            {known_since && (
              <p className="note">
                Known since <When at={known_since} />: what was seen before is kept no more, but for how those entered who stayed.
              </p>
            )}
            {changes.length === 0 ? (
              <Empty>Nobody has entered or left{known_since ? " since then" : " yet"}.</Empty>
            ) : (
              <>
                <ChangesTable changes={changes} caption="Latest entries and exits" />
                <div className="actions">
                  <Button variant="default" size="xs" disabled={after.length === 0} onClick={() => setAfter(after.slice(0, -1))}>
                    Later ones
                  </Button>
                  <Button variant="default" size="xs" disabled={next === ""} onClick={() => setAfter([...after, next])}>
                    Earlier ones
                  </Button>
                </div>
              </>
            )}
          </>
        )}
      </Shown>
    </Card>
  );
}

function ChangesTable({ changes, caption }: { changes: MembershipChange[]; caption: string }) {
  return (
    <Table
      caption={caption}
      rows={changes}
      id={(_, index) => index}
      columns={[
        { name: "When", cell: (change) => <When at={change.at} /> },
        {
          name: "Person",
          head: true,
          cell: (change) => <Link href={`/people/${change.person}`}>{change.label}</Link>,
        },
        {
          name: "What",
          cell: (change) => <Chip tone={change.entered ? "moss" : "grey"}>{change.entered ? "entered" : "left"}</Chip>,
        },
        { name: "By", wide: true, cell: (change) => plain(change.cause) },
        { name: "Version", right: true, wide: true, cell: (change) => change.version },
      ]}
    />
  );
}
