import "../styles/segments.css";
import { Button } from "@mantine/core";
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { path, query, send, useDoing, useReading } from "../api/reading";
import { trained } from "../api/training";
import type { ClusterCandidate, ClusterFound, ClusterSet, PeoplePage, Recalculation } from "../api/types";
import { Apart, ShareBar } from "../parts/charts";
import { Told } from "../parts/doing";
import { Uses, Written } from "../parts/kept";
import { Card, Chip, Empty, Fact, Facts, Page, Shown, useStatus, When } from "../parts/page";
import { Pager, Table, usePaging } from "../parts/table";
import { capital, count, figure, many, money, plain, share, traitName } from "../words";
import { ClustersText, Serving } from "./Clusters";
import { PeopleTable } from "./People";

const SIZE = 15;
/** What a setting of a method is. */
const SETTINGS: Record<string, string> = { kmeans: "clusters", dbscan: "radius", hdbscan: "least people" };
const METHODS: Record<string, string> = { kmeans: "K-means", dbscan: "DBSCAN", hdbscan: "HDBSCAN" };

export default function Cluster({ name }: { name: string }) {
  const where = `/clusters${path(name)}`;
  const reading = useReading<ClusterSet>(where);
  const set = reading.value;
  return (
    <Page
      title={name}
      lead={set?.description}
      back={{ to: "/clusters", word: "Clusters" }}
      actions={
        set && (
          <p className="big">
            <strong>{count(set.clusters.length)}</strong>
            <span>
              clusters of {many(set.people, "person", "people")} <Serving set={set} />
            </span>
          </p>
        )
      }
    >
      <Shown reading={reading} height={900}>
        {(found) => (
          <div className="stack">
            {found.clusters.length > 0 && <Found set={found} />}
            {found.clusters.length > 0 && <People set={found} where={where} />}
            <div className={found.candidates.length > 0 ? "halves" : "stack"}>
              <Judged set={found} where={where} again={reading.again} />
              {found.candidates.length > 0 && <Tried set={found} />}
            </div>
            <Written where={where} onKept={reading.again}>
              {(start, fresh, kept) => <ClustersText start={start} fresh={fresh} onKept={kept} />}
            </Written>
            <Uses where={where} kept="What was kept of people stays." />
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Found({ set }: { set: ClusterSet }) {
  const reach = Math.max(...set.clusters.flatMap((each) => Object.values(each.differences).map(Math.abs)), 1);
  return (
    <Card
      title="What sets each apart"
      note="How far its people are from all who were looked at, in standard deviations: to the right above them, to the left below."
    >
      <ul className="clusters-found">
        {set.clusters.map((each) => (
          <li key={each.label}>
            <ClusterCard cluster={each} of={set.people} reach={reach} where={`/clusters${path(set.name)}`} />
          </li>
        ))}
      </ul>
      {set.noise > 0 && (
        <p className="note">
          {many(set.noise, "person is", "people are")} in none: too far from all of them ({share(set.noise / set.people)}).
        </p>
      )}
    </Card>
  );
}

interface ClusterCardProps {
  cluster: ClusterFound;
  of: number;
  reach: number;
  where: string;
}

function ClusterCard({ cluster, of, reach, where }: ClusterCardProps) {
  const part = of ? cluster.people / of : 0;
  return (
    <>
      <h3>
        <Link href={`${where}${query({ cluster: cluster.label })}`}>{capital(cluster.words)}</Link>
      </h3>
      <p className="dim">
        {many(cluster.people, "person", "people")}, <ShareBar share={part} /> {share(part)}
      </p>
      <table className="apart-table">
        <caption className="unseen">What sets {cluster.words} apart</caption>
        <thead className="unseen">
          <tr>
            <th scope="col">Trait</th>
            <th scope="col">As a bar</th>
            <th scope="col">In deviations</th>
            <th scope="col">Mean</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(cluster.differences).map(([trait, gap]) => (
            <tr key={trait}>
              <th scope="row">{traitName(trait)}</th>
              <td>
                <Apart value={gap} reach={reach} />
              </td>
              <td className="right">{gap > 0 ? `+${figure(gap, 1)}` : figure(gap, 1).replace("-", "−")}</td>
              <td className="right dim">
                <Mean trait={trait} value={cluster.means[trait]} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Mean({ trait, value }: { trait: string; value: number | undefined }) {
  const { currency } = useStatus();
  if (value === undefined) return <>–</>;
  return <>{trait.endsWith("_minor") ? money(value, currency, { brief: true }) : figure(value, value < 10 ? 1 : 0)}</>;
}

/** Who was put into one cluster. */
function People({ set, where }: { set: ClusterSet; where: string }) {
  const [search, setSearch] = useSearchParams();
  const asked = search.get("cluster") ?? set.clusters[0]?.label ?? "";
  const chosen = set.clusters.find((each) => each.label === asked);
  return (
    <Card
      title={`People: ${chosen?.words ?? plain(asked)}`}
      note={`Everybody whom the latest assignment put there, those included who were not learnt from. A segment asks for them by the trait ${set.kept_as}.`}
      aside={
        <select
          className="field"
          aria-label="Cluster"
          value={asked}
          onChange={(event) => setSearch({ cluster: event.currentTarget.value }, { replace: true })}
        >
          {set.clusters.map((each) => (
            <option key={each.label} value={each.label}>
              {each.words}
            </option>
          ))}
          {set.method !== "kmeans" && <option value="noise">in none of them</option>}
        </select>
      }
    >
      <Listed key={asked} where={`${where}/people`} label={asked} />
    </Card>
  );
}

function Listed({ where, label }: { where: string; label: string }) {
  const paging = usePaging();
  const reading = useReading<PeoplePage>(`${where}${query({ cluster: label, after: paging.after, limit: SIZE })}`);
  return (
    <Shown reading={reading} height={600}>
      {(page) =>
        page.people.length === 0 ? (
          <Empty>Nobody is in it now.</Empty>
        ) : (
          <>
            <PeopleTable people={page.people} />
            <Pager paging={paging} size={SIZE} shown={page.people.length} total={page.total} next={page.next} what="people" />
          </>
        )
      }
    </Shown>
  );
}

interface JudgedProps {
  set: ClusterSet;
  where: string;
  again: () => void;
}

function Judged({ set, where, again }: JudgedProps) {
  const doing = useDoing();
  const [training, train] = useState(false);
  const run = (act: () => Promise<string>) =>
    doing.run(async () => {
      try {
        return await act();
      } finally {
        train(false);
        again();
      }
    });
  const find = () => {
    train(true);
    run(async () => {
      const found = await trained<ClusterSet>(where);
      return `Found ${many(found.clusters.length, "cluster")} among ${many(found.people, "person", "people")}.`;
    });
  };
  const assign = () =>
    run(async () => {
      const done = await send<Recalculation>("POST", `${where}/assign`);
      return `${many(done.changed, "person", "people")} changed their cluster.`;
    });
  return (
    <Card title="How they were judged" note={set.trained_at ? capital(set.why) : undefined}>
      <Facts>
        <Fact word="Method">{METHODS[set.method] ?? set.method}</Fact>
        <Fact word="By">{set.features.map(traitName).join(", ")}</Fact>
        {set.trained_at && (
          <>
            <Fact word="Silhouette" note="how well apart they are, at most 1">
              {figure(set.silhouette, 2)} <small className="dim">{figure(set.shuffled, 2)} by chance</small>
            </Fact>
            <Fact word="Stability" note="the same in resampled people, at most 1 (adjusted Rand index)">
              {figure(set.stability, 2)} <small className="dim">{figure(set.worst, 2)} at worst</small>
            </Fact>
            <Fact word="Trained">
              <When at={set.trained_at} />
            </Fact>
            <Fact word="Assigned">{set.assigned_at ? <When at={set.assigned_at} /> : "never"}</Fact>
          </>
        )}
      </Facts>
      <div className="actions">
        <Button onClick={find} disabled={doing.busy} variant={set.trained_at ? "default" : "filled"}>
          {set.trained_at ? "Find them anew" : "Find clusters"}
        </Button>
        {set.serves && (
          <Button variant="default" onClick={assign} disabled={doing.busy}>
            Assign everybody now
          </Button>
        )}
      </div>
      {training && <p className="note">Looking for clusters; of many people it takes a while.</p>}
      <Told doing={doing} />
    </Card>
  );
}

function Tried({ set }: { set: ClusterSet }) {
  const word = capital(SETTINGS[set.method] ?? "setting");
  const written = (each: ClusterCandidate) => figure(each.setting, Number.isInteger(each.setting) ? 0 : 2);
  return (
    <Card title="What was tried" note={set.proposed ? "The best of these was proposed by itself." : "The setting was given; the others are for comparison."}>
      <Table
        caption="Settings that were tried"
        rows={set.candidates}
        id={(each) => each.setting}
        columns={[
          {
            name: word,
            head: true,
            cell: (each) => (
              <>
                {written(each)} {each.setting === set.setting && <Chip tone="moss">{set.proposed ? "proposed" : "set"}</Chip>}
              </>
            ),
          },
          ...(set.method === "kmeans"
            ? []
            : [
                { name: "Clusters", right: true, cell: (each: ClusterCandidate) => count(each.clusters) },
                { name: "In none", right: true, wide: true, cell: (each: ClusterCandidate) => share(each.noise) },
              ]),
          { name: "Silhouette", cell: (each) => <Judgement value={each.silhouette} /> },
          { name: "Stability", cell: (each) => <Judgement value={each.stability} /> },
        ]}
      />
    </Card>
  );
}

function Judgement({ value }: { value: number }) {
  return (
    <span className="share-cell">
      <ShareBar share={Math.max(0, value)} /> {figure(value, 2)}
    </span>
  );
}
