import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { path, useReading } from "../api/reading";
import type { TemplateRow } from "../api/types";
import { Blocks, Slots, Texts } from "../parts/library";
import { Card, Empty, Page, Shown } from "../parts/page";
import { Table } from "../parts/table";
import { many } from "../words";

const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

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
          <Starting taken={reading.value?.map((row) => row.name) ?? []} />
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

function Starting({ taken }: { taken: string[] }) {
  const [name, setName] = useState("");
  const [, go] = useLocation();
  const wrong = taken.includes(name) ? "There is one of this name" : "";
  return (
    <form
      className="search"
      onSubmit={(event) => {
        event.preventDefault();
        go(`/templates${path(name)}`);
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
        Write it
      </Button>
    </form>
  );
}
