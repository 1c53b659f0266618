import { TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type { TemplateRow } from "../api/types";
import { Blocks, Slots, Texts } from "../parts/library";
import { Card, Empty, Page, Shown } from "../parts/page";
import { Starting } from "../parts/starting";
import { Table } from "../parts/table";
import { many } from "../words";

export default function Templates() {
  const reading = useReading<TemplateRow[]>("/templates");
  return (
    <Page title="Templates" lead="The bodies of mails: each person gets her own, made from one of these." actions={<Link href="/images">Images that are drawn when a mail is opened</Link>}>
      <div className="stack">
        <Card title="All templates">
          <Shown reading={reading} height={240}>
            {(templates) =>
              templates.length === 0 ? <Empty>No templates yet. Start one below.</Empty> : <Found templates={templates} />
            }
          </Shown>
        </Card>
        <Card title="A new template">
          <Starting place="/templates" verb="Write it" taken={reading.value?.map((row) => row.name) ?? []} />
        </Card>
        <Blocks />
        <Slots />
        <Texts />
      </div>
    </Page>
  );
}

function Found({ templates }: { templates: TemplateRow[] }) {
  const [sought, setSought] = useState("");
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const found = templates.filter(({ name, variants }) => {
    const said = [name, ...variants].join(" ").toLowerCase();
    return words.every((word) => said.includes(word));
  });
  return (
    <>
      <search>
        <TextInput
          label="Find a template or variant"
          type="search"
          value={sought}
          onChange={(event) => setSought(event.currentTarget.value)}
          autoComplete="off"
          maw={320}
          mb="sm"
        />
      </search>
      <p className="unseen" aria-live="polite">
        {words.length > 0 ? many(found.length, "template") : ""}
      </p>
      {found.length === 0 ? <Empty>No template matches.</Empty> : <TemplatesTable templates={found} />}
    </>
  );
}

function TemplatesTable({ templates }: { templates: TemplateRow[] }) {
  return (
    <Table
      caption="Templates"
      rows={templates}
      id={(row) => row.name}
      columns={[
        { name: "Template", head: true, cell: (row) => <Link href={`/templates${path(row.name)}`}>{row.name}</Link> },
        {
          name: "Variants of its campaign",
          cell: (row) => row.variants.join(", ") || <span className="dim">no campaign uses it</span>,
        },
        { name: "Version", right: true, cell: (row) => row.version },
      ]}
    />
  );
}
