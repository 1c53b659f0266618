import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { path, useReading } from "../api/reading";
import type { Explanation, Reason, SegmentReport, TrendPoint } from "../api/types";
import { Bars } from "../parts/charts";
import { Editor } from "../parts/editor";
import { Card, Chip, Empty, Page, Shown, useStatus, When } from "../parts/page";
import { count, date, instant, share } from "../words";
import { PeopleTable } from "./People";

export default function Segment({ name }: { name: string }) {
  const reading = useReading<SegmentReport>(`/segments${path(name)}`);
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
              people, {share(size.share)} · version {size.version}
            </span>
          </p>
        ) : null
      }
    >
      <Shown reading={reading} height={900}>
        {(segment) => (
          <div className="stack">
            {segment.size.trouble && (
              <div className="trouble">
                <strong>This segment cannot be counted</strong>
                <p>{segment.size.trouble}</p>
              </div>
            )}
            <Trend trend={segment.trend} />
            <Card title="Definition">
              <Editor start={segment.text} label="Definition in YAML" />
            </Card>
            <Explain name={name} />
            <Card title="Some of its people">
              {segment.sample.length === 0 ? (
                <Empty>Nobody is in this segment now.</Empty>
              ) : (
                <PeopleTable people={segment.sample} />
              )}
            </Card>
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Trend({ trend }: { trend: TrendPoint[] }) {
  if (trend.length < 2) return null;
  return (
    <Card title="Size over time">
      <Bars
        title="People in the segment"
        bars={trend.map((point) => ({ label: date(point.start), value: point.people }))}
        written={count}
        axis={count}
      />
    </Card>
  );
}

function Explain({ name }: { name: string }) {
  const [search] = useSearchParams();
  const asked = search.get("person") ?? "";
  const [typed, setTyped] = useState(asked);
  const [person, setPerson] = useState(asked);
  const where = person ? `/segments${path(name)}/explain${path(person)}` : null;
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
        <Button type="submit" disabled={!typed.trim()}>
          Explain
        </Button>
      </form>
      {where && (
        <Shown reading={reading} height={160}>
          {(explanation) => <Explained explanation={explanation} />}
        </Shown>
      )}
    </Card>
  );
}

function Explained({ explanation }: { explanation: Explanation }) {
  const { now } = useStatus();
  return (
    <div className="explained">
      <p>
        <Link href={`/people/${explanation.person}`}>{explanation.label}</Link>{" "}
        <Chip tone={explanation.member ? "moss" : "amber"}>
          {explanation.member ? "is in" : "is not in"}
        </Chip>{" "}
        <span className="dim">at {instant(explanation.as_of)}</span>
      </p>
      <ul className="reasons">
        <ReasonEntry reason={explanation.reason} />
      </ul>
      {explanation.next_check && (
        <p className="dim">
          By time alone this can change at <When at={explanation.next_check} />
          {explanation.next_check <= now && ", so it is asked again at the next tick"}.
        </p>
      )}
    </div>
  );
}

function ReasonEntry({ reason }: { reason: Reason }) {
  return (
    <li>
      <p className={reason.holds ? "holds" : "fails"}>
        <span className="mark" aria-hidden="true">
          {reason.holds ? "✓" : "✗"}
        </span>
        <span className="unseen">{reason.holds ? "holds:" : "does not hold:"}</span> {reason.text}
        {reason.value && <span className="dim"> · {reason.value}</span>}
      </p>
      {reason.evidence.length > 0 && (
        <ul className="evidence">
          {reason.evidence.map((each, index) => (
            <li key={`${each.at} ${index}`}>
              {each.event} <When at={each.at} /> {each.text}
            </li>
          ))}
        </ul>
      )}
      {reason.parts.length > 0 && (
        <ul>
          {reason.parts.map((part, index) => (
            <ReasonEntry key={`${part.text} ${index}`} reason={part} />
          ))}
        </ul>
      )}
    </li>
  );
}
