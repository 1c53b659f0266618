import "../styles/segments.css";
import { Link, useLocation } from "wouter";
import { path, useReading } from "../api/reading";
import type { ClusterSet, ClusterTrial, KeptText } from "../api/types";
import { Stacked } from "../parts/charts";
import { Definition } from "../parts/doing";
import { Card, Chip, Empty, Page, Shown, useStatus } from "../parts/page";
import { PeoplePlaces } from "../parts/places";
import { Table } from "../parts/table";
import { ago, count, figure, many, plain } from "../words";

const START = `name: habits
description: By how often, how lately and how much they buy
features: [orders, recency_days, revenue_minor]
method: kmeans      # or dbscan, hdbscan
`;

export default function Clusters() {
  const reading = useReading<ClusterSet[]>("/clusters");
  const [, go] = useLocation();
  return (
    <Page title="Clusters" lead="Groups of people that nobody named: found by what they do, and judged before they serve.">
      <PeoplePlaces />
      <div className="stack">
        <Card title="All clusters">
          <Shown reading={reading} height={200}>
            {(sets) => (sets.length === 0 ? <Empty>No clusters yet. Say below what to look at.</Empty> : <ClustersTable sets={sets} />)}
          </Shown>
        </Card>
        <Card title="New clusters" note="Name computed traits that are numbers; how many clusters there are is proposed.">
          <ClustersText start={START} fresh onKept={(kept) => go(`/clusters${path(kept.name)}`)} />
        </Card>
      </div>
    </Page>
  );
}

function ClustersTable({ sets }: { sets: ClusterSet[] }) {
  const { now } = useStatus();
  return (
    <Table
      caption="Clusters"
      rows={sets}
      id={(set) => set.name}
      columns={[
        {
          name: "Clusters",
          head: true,
          cell: (set) => (
            <>
              <Link href={`/clusters${path(set.name)}`}>{set.name}</Link>
              <small className="dim block">{set.description || set.features.map(plain).join(", ")}</small>
            </>
          ),
        },
        {
          name: "Found",
          cell: (set) =>
            set.clusters.length === 0 ? (
              <span className="dim">not trained yet</span>
            ) : (
              <>
                {many(set.clusters.length, "cluster")}
                <Stacked parts={set.clusters.map((each) => ({ name: each.label, size: each.people }))} />
              </>
            ),
        },
        { name: "People", right: true, wide: true, cell: (set) => count(set.people) },
        { name: "Silhouette", right: true, wide: true, cell: (set) => (set.trained_at ? figure(set.silhouette, 2) : "–") },
        { name: "Stability", right: true, wide: true, cell: (set) => (set.trained_at ? figure(set.stability, 2) : "–") },
        { name: "State", cell: (set) => <Serving set={set} /> },
        { name: "Trained", wide: true, cell: (set) => (set.trained_at ? ago(set.trained_at, now) : <span className="dim">never</span>) },
      ]}
    />
  );
}

export function Serving({ set }: { set: ClusterSet }) {
  if (!set.trained_at) return <Chip>not trained</Chip>;
  return <Chip tone={set.serves ? "moss" : "amber"}>{set.serves ? "serve" : "do not serve"}</Chip>;
}

interface ClustersTextProps {
  start: string;
  fresh?: boolean;
  onKept: (kept: KeptText) => void;
}

/** What is wanted, in YAML, with how many people could be learnt from. */
export function ClustersText({ start, fresh = false, onKept }: ClustersTextProps) {
  return (
    <Definition<ClusterTrial>
      key={start}
      label="What to cluster, in YAML"
      start={start}
      where="/clusters"
      onKept={onKept}
      why
      fresh={fresh}
      right={(trial) => (
        <p className="said good">
          It is right: {trial.name}, version {trial.version}; {many(trial.people, "person", "people")} may be learnt from.
        </p>
      )}
    />
  );
}
