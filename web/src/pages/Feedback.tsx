import "../styles/segments.css";
import { Button, NativeSelect, Textarea } from "@mantine/core";
import { useState } from "react";
import { ask, query, useDoing, useReading } from "../api/reading";
import type { FeedbackExplained, FeedbackSummary, FeedbackTaken } from "../api/types";
import { Told } from "../parts/doing";
import { FeedbackRows, OUTCOME_TONES } from "../parts/feedback";
import { Card, Chip, Page, Shown, useStatus } from "../parts/page";
import { DeliveryPlaces } from "../parts/places";
import { Table } from "../parts/table";
import { many, plain } from "../words";

const SPANS = ["1", "7", "30", "90"];
const DAY = 86_400_000;

export default function Feedback() {
  const { now } = useStatus();
  const [days, setDays] = useState("30");
  const since = new Date(Date.parse(now) - Number(days) * DAY).toISOString();
  const reading = useReading<FeedbackSummary>(`/feedback/summary${query({ since })}`);
  return (
    <Page title="Feedback" lead="What came back about mails: bounces, complaints, answers by themselves.">
      <DeliveryPlaces />
      <div className="stack">
        <Card
          title="What came back"
          aside={
            <NativeSelect
              aria-label="How far back"
              value={days}
              onChange={(event) => setDays(event.currentTarget.value)}
              data={SPANS.map((span) => ({ value: span, label: `last ${many(Number(span), "day")}` }))}
            />
          }
        >
          <Shown reading={reading} height={300}>
            {(summary) => <FeedbackRows summary={summary} />}
          </Shown>
        </Card>
        <Explain />
      </div>
    </Page>
  );
}

/** A mail that came back, pasted: what it would be taken for, and by a second button taken. */
function Explain() {
  const doing = useDoing();
  const [text, setText] = useState("");
  const [told, setTold] = useState<{ of: string; said: FeedbackExplained } | null>(null);
  const post = <T,>(where: string) =>
    ask<T>(where, { method: "POST", headers: { "content-type": "message/rfc822" }, body: text.replaceAll(/\r?\n/g, "\r\n") });
  const explain = () =>
    doing.run(async () => {
      const said = await post<FeedbackExplained>("/feedback/mails/explain");
      setTold({ of: text, said });
      return said.outcomes.length ? "" : "It says nothing of any mail.";
    });
  const take = () =>
    doing.run(async () => {
      await post<FeedbackTaken>("/feedback/mails");
      setText("");
      setTold(null);
      return "Taken: it is read like one that came to the mailbox.";
    });
  const outcomes = told && told.of === text ? told.said.outcomes : [];
  return (
    <Card title="What does this mail say?" note="Paste a mail that came back, with its headers. To look keeps nothing.">
      <Textarea
        label="The mail as it is"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        rows={8}
        spellCheck={false}
        autoComplete="off"
        classNames={{ input: "editor-input" }}
      />
      <div className="actions">
        <Button variant="default" onClick={explain} disabled={doing.busy || !text.trim()}>
          Explain it
        </Button>
        <Button variant="default" onClick={take} disabled={doing.busy || !text.trim()}>
          Take it in
        </Button>
      </div>
      <Told doing={doing} />
      {outcomes.length > 0 && (
        <Table
          caption="What it would be taken for"
          captionSeen
          rows={outcomes}
          id={(_, index) => index}
          columns={[
            { name: "What", head: true, cell: (each) => <Chip tone={OUTCOME_TONES[each.kind] ?? "grey"}>{plain(each.kind)}</Chip> },
            { name: "To", cell: (each) => each.recipient },
            { name: "Why", cell: (each) => plain(each.why) },
            { name: "Code", wide: true, cell: (each) => each.status },
            { name: "In its words", wide: true, cell: (each) => each.diagnostic },
          ]}
        />
      )}
    </Card>
  );
}
