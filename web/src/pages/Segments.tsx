import "../styles/segments.css";
import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type { SegmentSize } from "../api/types";
import { ShareBar, Spark } from "../parts/charts";
import { Card, Chip, Empty, Page, Shown, useStatus } from "../parts/page";
import { Table } from "../parts/table";
import { ago, count, instant, share } from "../words";

export default function Segments() {
  const reading = useReading<SegmentSize[]>("/segments");
  const { now } = useStatus();
  return (
    <Page
      title="Segments"
      lead={`Who is in each at ${instant(now)}.`}
      actions={
        <div className="head-links">
          <Link className="button" href="/new-segment">
            New segment
          </Link>
          <Link className="button button-plain" href="/overlap">
            Overlap
          </Link>
        </div>
      }
    >
      <div className="stack">
        <Card title="All segments">
          <Shown reading={reading} height={300}>
            {(segments) =>
              segments.length === 0 ? (
                <Empty>No segments yet. Make the first.</Empty>
              ) : (
                <SegmentsTable segments={segments} now={now} />
              )
            }
          </Shown>
        </Card>
      </div>
    </Page>
  );
}

function SegmentsTable({ segments, now }: { segments: SegmentSize[]; now: string }) {
  return (
    <Table
      caption="Segments"
      rows={segments}
      id={(segment) => segment.name}
      columns={[
        {
          name: "Segment",
          head: true,
          cell: (s) => (
            <>
              <Link href={`/segments${path(s.name)}`}>{s.name}</Link>
              <small className="dim block">{s.trouble || s.description}</small>
            </>
          ),
        },
        {
          name: "People",
          right: true,
          cell: (s) => (s.people === null ? <Chip tone="red">broken</Chip> : count(s.people)),
        },
        {
          name: "Share",
          cell: (s) =>
            s.share === null ? null : (
              <span className="share-cell">
                <ShareBar share={s.share} /> {share(s.share)}
              </span>
            ),
        },
        {
          name: "Trend",
          wide: true,
          cell: (s) => <Spark values={s.trend} words={`Trend of ${s.name}`} />,
        },
        { name: "Version", right: true, wide: true, cell: (s) => s.version },
        {
          name: "Refreshed",
          wide: true,
          cell: (s) => (s.refreshed_at ? ago(s.refreshed_at, now) : <span className="dim">never</span>),
        },
      ]}
    />
  );
}
