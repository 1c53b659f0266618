import "../styles/templates.css";
import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { path, useReading } from "../api/reading";
import type { ImageRow } from "../api/types";
import { Card, Chip, Empty, Page, Shown } from "../parts/page";
import { Table } from "../parts/table";

const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

export default function Images() {
  const reading = useReading<ImageRow[]>("/images");
  return (
    <Page title="Images" lead="Pictures that are drawn when a mail is opened, for whoever opens it." back={{ to: "/templates", word: "Templates" }}>
      <div className="stack">
        <Card title="All images">
          <Shown reading={reading} height={240}>
            {(images) => (images.length === 0 ? <Empty>No images yet. Start one below.</Empty> : <ImagesTable images={images} />)}
          </Shown>
        </Card>
        <Card title="A new image">
          <Starting taken={reading.value?.map((row) => row.name) ?? []} />
        </Card>
      </div>
    </Page>
  );
}

function ImagesTable({ images }: { images: ImageRow[] }) {
  return (
    <Table
      caption="Images"
      rows={images}
      id={(row) => row.name}
      columns={[
        { name: "Image", head: true, cell: (row) => <Link href={`/images${path(row.name)}`}>{row.name}</Link> },
        {
          name: "As anybody sees it",
          wide: true,
          cell: (row) =>
            row.trouble ? (
              <Chip tone="red">{row.trouble}</Chip>
            ) : (
              <img className="thumb" src={`/api/v1/images${path(row.name)}/picture`} alt={`${row.name}, as anybody sees it`} loading="lazy" />
            ),
        },
        { name: "What it is for", cell: (row) => row.description || <span className="dim">–</span> },
        { name: "Size", right: true, cell: (row) => `${row.width} × ${row.height}` },
        { name: "For", wide: true, cell: (row) => (row.personal ? "each person" : "everybody") },
        { name: "Version", right: true, wide: true, cell: (row) => row.version },
      ]}
    />
  );
}

function Starting({ taken }: { taken: string[] }) {
  const [name, setName] = useState("");
  const [, go] = useLocation();
  const wrong = taken.includes(name) ? "There is one of this name" : "";
  return (
    <form
      className="search"
      onSubmit={(event) => {
        event.preventDefault();
        go(`/images${path(name)}`);
      }}
    >
      <TextInput
        label="Name"
        description="a to z, 0 to 9, - and _"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={wrong}
        maxLength={63}
        autoComplete="off"
      />
      <Button type="submit" disabled={!NAME.test(name) || wrong !== ""}>
        Draw it
      </Button>
    </form>
  );
}
