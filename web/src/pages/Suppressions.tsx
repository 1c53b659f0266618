import "../styles/segments.css";
import { Button, FileInput, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { ask, query, send, useDoing, useReading } from "../api/reading";
import type { SuppressionCheck, SuppressionCount, SuppressionPage, SuppressionReport, SuppressionRow } from "../api/types";
import { Told } from "../parts/doing";
import { Card, Chip, Empty, Page, Shown, When } from "../parts/page";
import { DeliveryPlaces } from "../parts/places";
import { Reasoned } from "../parts/sending";
import { Pager, type Paging, Table, usePaging } from "../parts/table";
import { count, many, plain } from "../words";

const SIZE = 20;
const AT_ONCE = 200;
const REASONS = ["manual", "unsubscribed", "complaint", "hard_bounce", "invalid", "spam_trap"] as const;

export default function Suppressions() {
  const paging = usePaging();
  const [reason, setReason] = useState("");
  const where = `/suppressions${query({ reason, after: paging.after, limit: SIZE })}`;
  const reading = useReading<SuppressionPage>(where);
  const choose = (chosen: string) => {
    paging.first();
    setReason(chosen);
  };
  return (
    <Page title="Suppressions" lead="Addresses to which no mail goes, and why. Asked once more when a mail is about to leave.">
      <DeliveryPlaces />
      <div className="stack">
        <Ask changed={reading.again} />
        <Card title="Who is barred" note="An address stays without a name where nobody has it any more.">
          <Shown reading={reading} height={420}>
            {(page) => <Standing page={page} paging={paging} reason={reason} choose={choose} />}
          </Shown>
        </Card>
        <div className="halves">
          <Bar changed={reading.again} />
          <Files changed={reading.again} />
        </div>
      </div>
    </Page>
  );
}

interface Changed {
  changed: () => void;
}

/** One address: what stands against it, all that was ever said, and the way to lift it. */
function Ask({ changed }: Changed) {
  const doing = useDoing();
  const [typed, setTyped] = useState("");
  const [found, setFound] = useState<{ address: string; check: SuppressionCheck } | null>(null);
  const check = (address: string) => send<SuppressionCheck>("POST", "/suppressions/check", { address });
  const look = () =>
    doing.run(async () => {
      const address = typed.trim();
      setFound({ address, check: await check(address) });
      return "";
    });
  const lift = (note: string) =>
    doing.run(async () => {
      const address = found?.address ?? "";
      await send<SuppressionReport>("POST", "/suppressions/lift", { addresses: [address], note });
      setFound({ address, check: await check(address) });
      changed();
      return "It may be written to again, where somebody agreed to it.";
    });
  return (
    <Card title="Find an address">
      <form
        className="search"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          look();
        }}
      >
        <TextInput
          label="Address"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          type="search"
          maxLength={320}
          autoComplete="off"
          spellCheck={false}
        />
        <Button type="submit" disabled={doing.busy || typed.trim().length < 3}>
          Find
        </Button>
      </form>
      <Told doing={doing} />
      {found && (
        <>
          <p className="said">
            <strong>{found.address}</strong>{" "}
            {found.check.standing.length ? <Chip tone="red">gets no mail</Chip> : <Chip tone="moss">is not barred</Chip>}
          </p>
          {found.check.said.length > 0 && <Words caption="All that was said of it" rows={found.check.said} named={false} />}
          {found.check.standing.length > 0 && (
            <Reasoned label="Why it may be written to again" needed doing={doing} acts={[{ word: "Lift all", act: lift }]} />
          )}
        </>
      )}
    </Card>
  );
}

interface StandingProps {
  page: SuppressionPage;
  paging: Paging;
  reason: string;
  choose: (reason: string) => void;
}

function Standing({ page, paging, reason, choose }: StandingProps) {
  return (
    <>
      <Counts counts={page.counts} />
      <div className="actions">
        <NativeSelect
          label="Reason"
          value={reason}
          onChange={(event) => choose(event.currentTarget.value)}
          data={[{ value: "", label: "every reason" }, ...[...REASONS, "import"].map((each) => ({ value: each, label: plain(each) }))]}
        />
      </div>
      {page.suppressions.length === 0 ? (
        <Empty>Nobody is barred{reason ? " for this reason" : ""}.</Empty>
      ) : (
        <>
          <Words caption="Who is barred, in the order in which it came" rows={page.suppressions} named />
          <Pager paging={paging} size={SIZE} shown={page.suppressions.length} next={page.next} what="addresses" />
        </>
      )}
    </>
  );
}

function Counts({ counts }: { counts: SuppressionCount[] }) {
  if (counts.length === 0) return null;
  return (
    <ul className="chips" aria-label="How many for which reason">
      {counts.map((each) => (
        <li key={`${each.purpose} ${each.reason}`}>
          <Chip>
            {count(each.addresses)} {plain(each.reason)}
            {each.purpose === "all" ? "" : `, ${plain(each.purpose)}`}
          </Chip>
        </li>
      ))}
    </ul>
  );
}

function Words({ caption, rows, named }: { caption: string; rows: SuppressionRow[]; named: boolean }) {
  const word = (row: SuppressionRow) => (row.barred ? plain(row.reason) : `${plain(row.reason)} lifted`);
  return (
    <Table
      caption={caption}
      rows={rows}
      id={(row, index) => `${row.address_key} ${row.reason} ${row.at} ${index}`}
      columns={[
        named
          ? { name: "Address", head: true, cell: (row) => row.address || <span className="dim">{row.address_key.slice(0, 12)}</span> }
          : { name: "What", head: true, cell: word },
        ...(named ? [{ name: "Reason", cell: word }] : []),
        { name: "Mails", wide: true, cell: (row) => (row.purpose === "all" ? "all" : plain(row.purpose)) },
        { name: "Since", cell: (row) => <When at={row.at} /> },
        { name: "Note", wide: true, cell: (row) => row.note },
        { name: "By", wide: true, cell: (row) => [row.source, row.author].filter(Boolean).join(", ") },
      ]}
    />
  );
}

const told = (said: SuppressionReport): string => {
  const refused = said.refused.length ? ` ${many(said.refused.length, "line")} not taken, the first: ${said.refused[0]?.why}.` : "";
  return `${many(said.changed, "address", "addresses")} barred, ${count(said.already)} were already.${refused}`;
};

function Bar({ changed }: Changed) {
  const doing = useDoing();
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState<string>("manual");
  const addresses = typed.split(/[\s,;]+/).filter(Boolean);
  const bar = (note: string) =>
    doing.run(async () => {
      const said = await send<SuppressionReport>("POST", "/suppressions", { addresses, reason, note });
      setTyped("");
      changed();
      return told(said);
    });
  return (
    <Card title="Bar addresses" note="At once, in every campaign that is being sent too.">
      <Textarea
        label="Addresses"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        rows={4}
        autoComplete="off"
        spellCheck={false}
      />
      <NativeSelect
        label="For this reason"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        data={REASONS.map((each) => ({ value: each, label: plain(each) }))}
      />
      <Reasoned
        label="Note, without addresses"
        disabled={addresses.length === 0}
        doing={doing}
        acts={[{ word: "Bar them", act: bar }]}
      />
      <Told doing={doing} />
    </Card>
  );
}

function Files({ changed }: Changed) {
  const doing = useDoing();
  const [file, setFile] = useState<File | null>(null);
  const take = () =>
    doing.run(async () => {
      if (!file) return "";
      const asked = { text: await file.text(), file: file.name };
      const said = await send<SuppressionReport>("POST", "/suppressions/import", asked);
      setFile(null);
      changed();
      return told(said);
    });
  const give = () =>
    doing.run(async () => {
      const rows = await everything();
      save(rows);
      return `${many(rows.length, "line")} written.`;
    });
  return (
    <Card title="Files" note="A CSV file as other mail services export it; columns are found by their names.">
      <FileInput
        label="File with addresses"
        placeholder="choose a file"
        accept=".csv,text/csv,text/plain"
        value={file}
        onChange={setFile}
      />
      <div className="actions">
        <Button variant="default" onClick={take} disabled={doing.busy || !file}>
          Import it
        </Button>
        <Button variant="default" onClick={give} disabled={doing.busy}>
          Export all
        </Button>
      </div>
      <Told doing={doing} />
    </Card>
  );
}

async function everything(): Promise<SuppressionRow[]> {
  const rows: SuppressionRow[] = [];
  let after = "";
  do {
    const page = await ask<SuppressionPage>(`/suppressions${query({ after, limit: AT_ONCE })}`);
    rows.push(...page.suppressions);
    after = page.next;
  } while (after);
  return rows;
}

const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The same columns as `tailorbird suppressions export`. */
function save(rows: SuppressionRow[]): void {
  const lines = rows.map((row) =>
    [row.address, row.reason, row.purpose, String(Math.floor(Date.parse(row.at) / 1000)), row.source, row.address_key].map(cell).join(","),
  );
  const text = ["email,reason,purpose,at,source,address_key", ...lines, ""].join("\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = "suppressions.csv";
  link.click();
  URL.revokeObjectURL(link.href);
}
