import "../styles/segments.css";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { path, useReading } from "../api/reading";
import type { DefinitionText, GroupList, GroupTrial, KeptText } from "../api/types";
import { ShareBar, Stacked } from "../parts/charts";
import { Definition } from "../parts/doing";
import { Card, Chip, Empty, Page, Shown, useStatus } from "../parts/page";
import { PeoplePlaces } from "../parts/places";
import { Table } from "../parts/table";
import { ago, count, many, plain, share } from "../words";

const START = `name: tiers
description: By the orders of the last 365 days
groups:
  - name: many
    where: {trait: orders_365d, at_least: 5}
  - name: some
    where: {trait: orders_365d, at_least: 1}
rest: none
`;

const KINDS: Record<GroupList["kind"], string> = { groups: "conditions", rfm: "RFM", engagement: "points" };

export default function Groups() {
  const reading = useReading<GroupList[]>("/groups");
  return (
    <Page title="Groups" lead="Ordered lists: each person is in the first group of a list that fits.">
      <PeoplePlaces />
      <div className="stack">
        <Card title="All lists of groups">
          <Shown reading={reading} height={240}>
            {(lists) =>
              lists.length === 0 ? <Empty>No list of groups yet. Start one below.</Empty> : <GroupsTable lists={lists} />
            }
          </Shown>
        </Card>
        <NewGroups taken={reading.value?.map((list) => list.name) ?? []} />
      </div>
    </Page>
  );
}

function GroupsTable({ lists }: { lists: GroupList[] }) {
  const { now } = useStatus();
  return (
    <Table
      caption="Lists of groups"
      rows={lists}
      id={(list) => list.name}
      columns={[
        {
          name: "List",
          head: true,
          cell: (list) => (
            <>
              <Link href={`/groups${path(list.name)}`}>{list.name}</Link>
              <small className="dim block">{list.description}</small>
            </>
          ),
        },
        { name: "By", wide: true, cell: (list) => <Chip>{KINDS[list.kind]}</Chip> },
        {
          name: "Groups",
          cell: (list) =>
            list.groups.length === 0 ? (
              <span className="dim">waits for its thresholds</span>
            ) : (
              <>
                {many(list.groups.length, "group")}
                <Stacked parts={list.groups.map((group) => ({ name: group.name, size: group.people ?? 0 }))} />
              </>
            ),
        },
        { name: "Largest", wide: true, cell: (list) => <Largest list={list} /> },
        {
          name: "Kept last",
          wide: true,
          cell: (list) =>
            list.kept_at ? ago(list.kept_at, now) : <span className="dim">{list.recalculate || "never"}</span>,
        },
      ]}
    />
  );
}

function Largest({ list }: { list: GroupList }) {
  const [largest] = list.groups.toSorted((one, other) => (other.people ?? 0) - (one.people ?? 0));
  if (!largest || largest.people === null) return <span className="dim">–</span>;
  return (
    <>
      {largest.name} <span className="dim">{count(largest.people)}</span>
    </>
  );
}

function NewGroups({ taken }: { taken: string[] }) {
  const shipped = useReading<DefinitionText[]>("/library/groups");
  const [start, setStart] = useState(START);
  const [, go] = useLocation();
  const free = (shipped.value ?? []).filter(({ text }) => !taken.includes(nameIn(text)));
  return (
    <Card title="A new list" note={free.length > 0 && "Write one, or start from one that comes with Tailorbird."}>
      {free.length > 0 && (
        <div className="actions starts">
          {free.map(({ text }) => (
            <button key={text} type="button" className="plain-button" onClick={() => setStart(text)}>
              start from {nameIn(text)}
            </button>
          ))}
        </div>
      )}
      <GroupsText start={start} fresh onKept={(kept) => go(`/groups${path(kept.name)}`)} />
    </Card>
  );
}

const nameIn = (text: string): string => /^name: (.+)$/m.exec(text)?.[1] ?? "";

interface GroupsTextProps {
  start: string;
  fresh?: boolean;
  onKept: (kept: KeptText) => void;
}

/** A list in YAML, with the sizes that its groups would have. */
export function GroupsText({ start, fresh = false, onKept }: GroupsTextProps) {
  return (
    <Definition<GroupTrial>
      key={start}
      label="List of groups in YAML"
      start={start}
      where="/groups"
      onKept={onKept}
      why
      fresh={fresh}
      right={(trial) => <Tried trial={trial} />}
    />
  );
}

function Tried({ trial }: { trial: GroupTrial }) {
  const total = trial.groups.reduce((sum, group) => sum + (group.people ?? 0), 0);
  return (
    <>
      <p className="said good">
        It is right: {trial.name}, version {trial.version}.
      </p>
      {trial.waits ? (
        <p className="note">There are too few customers for thresholds; they are taken when there are more.</p>
      ) : (
        <Table
          caption="People of each group, if it were kept"
          rows={trial.groups}
          id={(group) => group.name}
          columns={[
            { name: "Group", head: true, cell: (group) => plain(group.name) },
            { name: "People", right: true, cell: (group) => count(group.people ?? 0) },
            {
              name: "Share",
              cell: (group) => {
                const part = total ? (group.people ?? 0) / total : 0;
                return (
                  <span className="share-cell">
                    <ShareBar share={part} /> {share(part)}
                  </span>
                );
              },
            },
          ]}
        />
      )}
    </>
  );
}
