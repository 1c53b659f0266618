import "../styles/segments.css";
import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { path, send, useDoing, useReading } from "../api/reading";
import type { ListRow, NewList } from "../api/types";
import { Told } from "../parts/doing";
import { Card, Empty, Page, Shown } from "../parts/page";
import { PeoplePlaces } from "../parts/places";
import { Table } from "../parts/table";
import { count } from "../words";

export default function Lists() {
  const reading = useReading<ListRow[]>("/lists");
  return (
    <Page title="Lists" lead="People named one by one. A segment rests on one by `list: name`, alone or beside conditions.">
      <PeoplePlaces />
      <div className="stack">
        <Card title="All lists">
          <Shown reading={reading} height={200}>
            {(lists) => (lists.length === 0 ? <Empty>No list yet. Make one below.</Empty> : <ListsTable lists={lists} />)}
          </Shown>
        </Card>
        <Card title="A new list">
          <Making />
        </Card>
      </div>
    </Page>
  );
}

function ListsTable({ lists }: { lists: ListRow[] }) {
  return (
    <Table
      caption="Lists"
      rows={lists}
      id={(list) => list.name}
      columns={[
        {
          name: "List",
          head: true,
          cell: (list) => (
            <>
              <Link href={`/lists${path(list.name)}`}>{list.name}</Link>
              <small className="dim block">{list.description}</small>
            </>
          ),
        },
        { name: "People", right: true, cell: (list) => count(list.people) },
        { name: "Used in", cell: (list) => <UsedIn names={list.used_in} /> },
      ]}
    />
  );
}

function UsedIn({ names }: { names: string[] }) {
  if (names.length === 0) return <span className="dim">nothing</span>;
  return names.map((name, index) => (
    <span key={name}>
      {index > 0 && ", "}
      <Link href={`/segments${path(name)}`}>{name}</Link>
    </span>
  ));
}

function Making() {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [, go] = useLocation();
  const doing = useDoing();
  const make = () =>
    doing.run(async () => {
      const content: NewList = { description: description.trim() };
      const made = await send<ListRow>("PUT", `/lists${path(name.trim())}`, content);
      go(`/lists${path(made.name)}`);
      return `Made: ${made.name}.`;
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        make();
      }}
    >
      <div className="search">
        <TextInput
          label="Name"
          description="a to z, 0 to 9, - and _"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={63}
          autoComplete="off"
        />
        <TextInput label="What it is for" value={description} onChange={(event) => setDescription(event.currentTarget.value)} maxLength={500} autoComplete="off" />
        <Button type="submit" disabled={doing.busy || !name.trim()}>
          Make it
        </Button>
      </div>
      <Told doing={doing} />
    </form>
  );
}
