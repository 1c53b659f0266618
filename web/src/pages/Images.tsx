import "../styles/templates.css";
import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type { ImageRow } from "../api/types";
import { Card, Chip, Empty, Page, Shown } from "../parts/page";
import { Starting } from "../parts/starting";
import { Table } from "../parts/table";

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
          <Starting place="/images" verb="Draw it" taken={reading.value?.map((row) => row.name) ?? []} />
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
