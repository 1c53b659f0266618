import "../styles/segments.css";
import { Button, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { path, query, send, useDoing, useReading } from "../api/reading";
import type { ListFile, ListReport, ListRow, NamedPeople, NamedReport, NewList, PeoplePage } from "../api/types";
import { Told } from "../parts/doing";
import { Uses } from "../parts/kept";
import { Card, Empty, Page, Shown, useStatus } from "../parts/page";
import { Pager, usePaging } from "../parts/table";
import { bytes, count, instant, many } from "../words";
import { PeopleTable } from "./People";

const SIZE = 15;
const LARGEST = 3_500_000;
const TOLD = 20;

export default function List({ name }: { name: string }) {
  const where = `/lists${path(name)}`;
  const { now } = useStatus();
  const [at, setAt] = useState("");
  const as_of = at ? `${at}:00Z` : "";
  const reading = useReading<ListReport>(`${where}${query({ as_of, limit: 1 })}`);
  const paging = usePaging();
  const people = useReading<PeoplePage>(`${where}/people${query({ as_of, after: paging.after, limit: SIZE })}`);
  const report = reading.value;
  const again = () => {
    paging.first();
    reading.again();
    people.again();
  };
  return (
    <Page
      title={name}
      lead={report?.list.description}
      back={{ to: "/lists", word: "Lists" }}
      actions={
        report && (
          <p className="big">
            <strong>{count(report.people)}</strong>
            <span>people{at && `, at ${instant(report.as_of)}`}</span>
          </p>
        )
      }
    >
      <Shown reading={reading} height={700}>
        {() => (
          <div className="stack">
            <Card title="Who is on it">
              <div className="search">
                <TextInput
                  type="datetime-local"
                  label="As of (UTC), now if empty"
                  value={at}
                  max={now.slice(0, 16)}
                  onChange={(event) => {
                    paging.first();
                    setAt(event.currentTarget.value);
                  }}
                />
                {at && (
                  <Button variant="default" onClick={() => setAt("")}>
                    Now
                  </Button>
                )}
              </div>
              <Shown reading={people} height={600}>
                {(page) =>
                  page.people.length === 0 ? (
                    <Empty>{at ? "Nobody was on it then." : "Nobody is on it yet. Name people below, or take them from a file."}</Empty>
                  ) : (
                    <>
                      <PeopleTable people={page.people} />
                      <Pager paging={paging} size={SIZE} shown={page.people.length} total={page.total} next={page.next} what="people" />
                    </>
                  )
                }
              </Shown>
            </Card>
            <div className="halves">
              <Naming where={where} again={again} />
              <Importing where={where} again={again} />
            </div>
            {report && <Offering list={report.list} where={where} again={again} />}
            <Uses where={where} kept="Made again under this name, the same people are on it." />
          </div>
        )}
      </Shown>
    </Page>
  );
}

interface ChangeProps {
  where: string;
  again: () => void;
}

/** Whether people may put themselves on it, and what it is called to them. */
function Offering({ list, where, again }: ChangeProps & { list: ListReport["list"] }) {
  const [typed, setTyped] = useState(
    Object.entries(list.offered)
      .map(([locale, words]) => `${locale}: ${words}`)
      .join("\n"),
  );
  const doing = useDoing();
  const lines = typed.split("\n").filter((line) => line.trim());
  const offered = Object.fromEntries(lines.map((line) => line.split(/:(.*)/s, 2).map((part) => part?.trim() ?? "")));
  const keep = () =>
    doing.run(async () => {
      const content: NewList = { description: list.description, offered };
      await send<ListRow>("PUT", where, content);
      again();
      return lines.length > 0 ? "It is offered to people on the page of their choices." : "It is offered to nobody.";
    });
  return (
    <Card title="Offered to people" note="On the page that their mails lead to, by these words: a language a line, such as en: Running. Empty: not offered.">
      <Textarea label="Words by language" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} rows={3} autoComplete="off" />
      <div className="actions">
        <Button onClick={keep} disabled={doing.busy}>
          Keep the words
        </Button>
      </div>
      <Told doing={doing} />
    </Card>
  );
}

function Naming({ where, again }: ChangeProps) {
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const doing = useDoing();
  const named = typed.split(/[\s,;]+/).filter(Boolean);
  const change = (how: "add" | "remove", done: string) =>
    doing.run(async () => {
      const content: NamedPeople = { people: named, reason: reason.trim() };
      const report = await send<NamedReport>("POST", `${where}/${how}?wait=applied`, content);
      setTyped(report.unknown.map((place) => named[place - 1] ?? "").join("\n"));
      again();
      return told(report, done, "They are left in the field.");
    });
  return (
    <Card title="Name people" note="Addresses, user ids, anonymous ids, or numbers as person:12; on lines of their own, or with commas.">
      <Textarea label="People" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} rows={5} spellCheck={false} autoComplete="off" />
      <TextInput className="below" label="Why" value={reason} onChange={(event) => setReason(event.currentTarget.value)} maxLength={500} autoComplete="off" />
      <div className="actions">
        <Button onClick={() => change("add", "put on the list")} disabled={doing.busy || named.length === 0}>
          Put on the list
        </Button>
        <Button variant="default" onClick={() => change("remove", "taken off the list")} disabled={doing.busy || named.length === 0}>
          Take off the list
        </Button>
      </div>
      <Told doing={doing} />
    </Card>
  );
}

function told({ known, changed, unknown }: NamedReport, done: string, more: string): string {
  const same = known - changed;
  const parts = [`${many(changed, "person was", "people were")} ${done}`];
  if (same > 0) parts.push(`${many(same, "was", "were")} so already`);
  if (unknown.length > 0) parts.push(`${count(unknown.length)} of them nobody knows`);
  return `${parts.join("; ")}.${unknown.length > 0 ? ` ${more}` : ""}`;
}

interface Chosen {
  name: string;
  text: string;
  head: string[];
}

/** The columns of a file's head; the server reads the rest. */
const headOf = (text: string): string[] =>
  (text.replace(/^\ufeff/, "").split(/\r?\n/, 1)[0] ?? "").split(",").map((each) => each.trim().replace(/^"(.*)"$/, "$1"));

function Importing({ where, again }: ChangeProps) {
  const [file, setFile] = useState<Chosen | null>(null);
  const [wrong, tell] = useState("");
  const [column, setColumn] = useState("");
  const doing = useDoing();
  const choose = async (given: File | undefined) => {
    setColumn("");
    setFile(null);
    tell("");
    if (!given) return;
    if (given.size > LARGEST) return tell(`It has ${bytes(given.size)}: split it, or use \`tailorbird lists import\`.`);
    const text = await given.text();
    setFile({ name: given.name.slice(0, 200), text, head: headOf(text) });
  };
  const take = () =>
    doing.run(async () => {
      if (!file) return "";
      const content: ListFile = { text: file.text, file: file.name, column, reason: "" };
      const report = await send<NamedReport>("POST", `${where}/import?wait=applied`, content);
      again();
      const rows = report.unknown.slice(0, TOLD).join(", ");
      return told(report, "put on the list", `Row${report.unknown.length > 1 ? "s" : ""} ${rows}${report.unknown.length > TOLD ? ", …" : ""} below the head.`);
    });
  return (
    <Card title="Take them from a file" note="A CSV file with a head: its column person, email, user_id, anonymous_id or id names them, or the one you choose.">
      <label className="file-choice">
        <span>CSV file</span>
        <input type="file" accept=".csv,text/csv" onChange={(event) => void choose(event.currentTarget.files?.[0])} />
      </label>
      {wrong && (
        <p className="wrong" role="status">
          {wrong}
        </p>
      )}
      {file && (
        <label className="file-choice">
          <span>Column</span>
          <select className="field" value={column} onChange={(event) => setColumn(event.currentTarget.value)}>
            <option value="">the one that names people</option>
            {file.head.map((each, index) => (
              <option key={`${index} ${each}`} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
      )}
      <div className="actions">
        <Button onClick={take} disabled={doing.busy || file === null}>
          Put them on the list
        </Button>
      </div>
      <Told doing={doing} />
    </Card>
  );
}
