// What came back about mails: how much of those sent, and each thing by its door and reason.

import { query, useReading } from "../api/reading";
import type { FeedbackRow, FeedbackSummary } from "../api/types";
import { count, plain, share } from "../words";
import { ShareBar } from "./charts";
import { Card, Chip, Empty, Fact, Facts, Shown, type Tone, When } from "./page";
import { Table } from "./table";

export const OUTCOME_TONES: Record<string, Tone> = { hard_bounce: "red", soft_bounce: "amber", complaint: "red" };

/** What came back about the mails of one campaign, ever. */
export function CampaignFeedback({ campaign }: { campaign: string }) {
  const since = "1970-01-01T00:00:00Z";
  const reading = useReading<FeedbackSummary>(`/feedback/summary${query({ campaign, since })}`);
  return (
    <Card title="What came back" note="Bounces, complaints and answers by themselves, however they came.">
      <Shown reading={reading} height={240}>
        {(summary) => <FeedbackRows summary={summary} />}
      </Shown>
    </Card>
  );
}

export function FeedbackRows({ summary }: { summary: FeedbackSummary }) {
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
        { name: "What", head: true, cell: (row) => <Chip tone={OUTCOME_TONES[row.kind] ?? "grey"}>{plain(row.kind || row.event)}</Chip> },
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
