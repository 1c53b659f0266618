import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { query, useReading } from "../api/reading";
import type { PeoplePage, PersonRow } from "../api/types";
import { Card, Chip, Empty, Page, Shown, useStatus } from "../parts/page";
import { type Column, Pager, Table, usePaging } from "../parts/table";
import { ago, count, money } from "../words";

const SIZE = 25;
const BRIEF = new Set(["Person", "Orders", "Last order"]);

export default function People() {
  const [typed, setTyped] = useState("");
  const [sought, setSought] = useState("");
  const paging = usePaging();
  const where = `/people${query({ q: sought, after: paging.after, limit: SIZE })}`;
  const reading = useReading<PeoplePage>(where);
  const seek = (text: string) => {
    paging.first();
    setSought(text.trim());
  };
  return (
    <Page title="People" lead="Everybody whom an identifier has made known.">
      <Card title={sought ? `Found for “${sought}”` : "Everybody"}>
        <form
          className="search"
          role="search"
          onSubmit={(event) => {
            event.preventDefault();
            seek(typed);
          }}
        >
          <TextInput
            label="Find a person"
            description="A number, an address, a user id or an anonymous id, in full"
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            type="search"
            autoComplete="off"
            spellCheck={false}
          />
          <Button type="submit">Find</Button>
          {sought && (
            <Button
              variant="default"
              onClick={() => {
                setTyped("");
                seek("");
              }}
            >
              Everybody
            </Button>
          )}
        </form>
        <Shown reading={reading} height={1200}>
          {(page) =>
            page.people.length === 0 ? (
              <Empty>
                {sought ? "Nobody has this number, address or id." : "Nobody is known yet."}
              </Empty>
            ) : (
              <>
                <PeopleTable people={page.people} />
                <Pager
                  paging={paging}
                  size={SIZE}
                  shown={page.people.length}
                  total={page.total}
                  next={page.next}
                  what="people"
                />
              </>
            )
          }
        </Shown>
      </Card>
    </Page>
  );
}

interface PeopleTableProps {
  people: PersonRow[];
  caption?: string;
  /** Three columns, where there is little room. */
  brief?: boolean;
}

export function PeopleTable({ people, caption = "People", brief = false }: PeopleTableProps) {
  const { currency, now } = useStatus();
  const columns: Column<PersonRow>[] = [
    {
      name: "Person",
      head: true,
      cell: (row) => (
        <>
          <Link href={`/people/${row.person}`}>{row.label}</Link>
          {row.email && <small className="dim block nowrap">{row.email}</small>}
        </>
      ),
    },
    { name: "Tier", cell: (row) => row.tier && <Chip tone={tierTone(row.tier)}>{row.tier}</Chip> },
    { name: "Orders", right: true, wide: !brief, cell: (row) => count(row.orders) },
    { name: "Revenue", right: true, wide: true, cell: (row) => money(row.revenue_minor, currency) },
    {
      name: "Last order",
      cell: (row) =>
        row.last_order_at ? (
          <time dateTime={row.last_order_at}>{ago(row.last_order_at, now)}</time>
        ) : (
          <span className="dim">never</span>
        ),
    },
    { name: "Country", wide: true, cell: (row) => row.country },
  ];
  const shown = brief ? columns.filter((column) => BRIEF.has(column.name)) : columns;
  return <Table caption={caption} columns={shown} rows={people} id={(row) => row.person} />;
}

export function tierTone(tier: string) {
  const tones = { gold: "amber", platinum: "sky", silver: "grey", bronze: "rufous" } as const;
  return tones[tier.toLowerCase() as keyof typeof tones] ?? "grey";
}
