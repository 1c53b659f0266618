import "../styles/segments.css";
import { Button, NativeSelect, Textarea } from "@mantine/core";
import { useState } from "react";
import { ask, query, useDoing, useReading } from "../api/reading";
import type { FeedbackExplained, FeedbackRow, FeedbackSummary, FeedbackTaken } from "../api/types";
import { ShareBar } from "../parts/charts";
import { Told } from "../parts/doing";
import { Card, Chip, Empty, Fact, Facts, Page, Shown, type Tone, useStatus, When } from "../parts/page";
import { DeliveryPlaces } from "../parts/places";
import { Table } from "../parts/table";
import { count, many, plain, share } from "../words";

const SPANS = ["1", "7", "30", "90"];
const DAY = 86_400_000;
const TONES: Record<string, Tone> = { hard_bounce: "red", soft_bounce: "amber", complaint: "red" };

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
            {(summary) => <Summary summary={summary} />}
          </Shown>
        </Card>
        <Explain />
      </div>
    </Page>
  );
}

function Summary({ summary }: { summary: FeedbackSummary }) {
  const of = (kind: string) => summary.rows.filter((row) => row.kind === kind).reduce((sum, row) => sum + row.mails, 0);
  const complaints = summary.rows
    .filter((row) => row.event === "email_complained")
    .reduce((sum, row) => sum + row.mails, 0);
  return (
    <>
      <Facts>
        <Fact word="Mails that left">{count(summary.sent)}</Fact>
        <Fact word="Hard bounces">
          <Of n={of("hard_bounce")} all={summary.sent} />
        </Fact>
        <Fact word="Complaints" note="Gmail wants under 0.3 %">
          <Of n={complaints} all={summary.sent} />
        </Fact>
        <Fact word="Held back" note="about no mail of ours, or unreadable: in quarantine">
          {count(summary.held)}
        </Fact>
      </Facts>
      {summary.rows.length === 0 ? <Empty>Nothing came back.</Empty> : <Rows rows={summary.rows} sent={summary.sent} />}
    </>
  );
}

function Of({ n, all }: { n: number; all: number }) {
  return (
    <>
      {count(n)}
      {all > 0 && <small className="dim"> · {share(n / all, 2)}</small>}
    </>
  );
}

function Rows({ rows, sent }: { rows: FeedbackRow[]; sent: number }) {
  return (
    <Table
      caption="What came back by door and reason, the most frequent first"
      rows={rows}
      id={(row) => `${row.source} ${row.event} ${row.kind} ${row.why}`}
      columns={[
        { name: "What", head: true, cell: (row) => <Chip tone={TONES[row.kind] ?? "grey"}>{plain(row.kind || row.event)}</Chip> },
        { name: "Why", cell: (row) => plain(row.why) || <span className="dim">not said</span> },
        { name: "By", cell: (row) => row.source },
        { name: "Mails", right: true, cell: (row) => count(row.mails) },
        { name: "People", right: true, wide: true, cell: (row) => count(row.people) },
        {
          name: "Of those sent",
          wide: true,
          cell: (row) => (
            <span className="share-cell">
              <ShareBar share={sent ? row.mails / sent : 0} /> {share(sent ? row.mails / sent : 0, 2)}
            </span>
          ),
        },
        { name: "Last", wide: true, cell: (row) => <When at={row.last_at} /> },
      ]}
    />
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
            { name: "What", head: true, cell: (each) => <Chip tone={TONES[each.kind] ?? "grey"}>{plain(each.kind)}</Chip> },
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
