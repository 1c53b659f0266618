import "../styles/segments.css";
import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type { SegmentSize } from "../api/types";
import { ShareBar, Spark } from "../parts/charts";
import { Card, Chip, Empty, Page, Shown, useStatus } from "../parts/page";
import { PeoplePlaces } from "../parts/places";
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
        </div>
      }
    >
      <PeoplePlaces />
      <Shown reading={reading} height={300}>
        {(segments) => {
          const own = segments.filter((segment) => !isGroup(segment.name));
          const groups = segments.filter((segment) => isGroup(segment.name));
          return (
            <div className="stack">
              <Card title="All segments">
                {own.length === 0 ? (
                  <Empty>No segments yet. Make the first.</Empty>
                ) : (
                  <SegmentsTable caption="Segments" segments={own} now={now} />
                )}
              </Card>
              {groups.length > 0 && (
                <Card
                  title="Groups"
                  note="Each group of a list is a segment, too: others may name it, and mails may go to it."
                  aside={<Link href="/groups">The lists they are of</Link>}
                >
                  <SegmentsTable caption="Segments of groups" segments={groups} now={now} />
                </Card>
              )}
            </div>
          );
        }}
      </Shown>
    </Page>
  );
}

/** Only a group of a list has a point in its name. */
export const isGroup = (name: string): boolean => name.includes(".");

function SegmentsTable({ caption, segments, now }: { caption: string; segments: SegmentSize[]; now: string }) {
  return (
    <Table
      caption={caption}
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
          cell: (s) => <People segment={s} />,
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

/** How many are in; of a broken segment, how many were when it was last counted. */
function People({ segment }: { segment: SegmentSize }) {
  const { people, trouble } = segment;
  if (trouble === "") return people === null ? <span className="dim">not yet</span> : count(people);
  return (
    <>
      <Chip tone="red">broken</Chip>
      {people !== null && <small className="dim block">{count(people)} when last counted</small>}
    </>
  );
}
