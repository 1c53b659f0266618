import { Button, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useRef, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { path, query, send, useDoing, useReading } from "../api/reading";
import type {
  DiscardReport,
  HeldCode,
  QuarantinePage,
  RefusedRow,
  ReplayReport,
  RuleReport,
} from "../api/types";
import { GiveUp, Told } from "../parts/doing";
import { Mistake, select } from "../parts/editor";
import { Card, Chip, Empty, Page, Shown, type Tone } from "../parts/page";
import { Pager, type Paging, Table, usePaging } from "../parts/table";
import { count, instant, many, plain } from "../words";

const SIZE = 25;
const STATES = ["held", "replayed", "discarded"] as const;
const TONES: Record<RefusedRow["state"], Tone> = { held: "amber", replayed: "moss", discarded: "grey" };

export default function Quarantine() {
  const [search, setSearch] = useSearchParams();
  const state = search.get("state") ?? "held";
  const code = search.get("code") ?? "";
  const source = search.get("source") ?? "";
  const paging = usePaging();
  const where = query({ state: state === "all" ? "" : state, code, source, after: paging.after, limit: SIZE });
  const reading = useReading<QuarantinePage>(`/quarantine${where}`);
  const choose = (chosen: Record<string, string>) => {
    paging.first();
    setSearch({ state, ...(code && { code }), ...(source && { source }), ...chosen });
  };
  return (
    <Page
      title="Quarantine"
      lead="Records that were refused. Nothing leaves without being brought back, or given up with a reason."
    >
      <div className="stack">
        <Shown reading={reading} height={900}>
          {(page) => (
            <div className="stack">
              <Codes counts={page.counts} choose={(of) => choose({ code: of, state: "held" })} />
              <Records
                page={page}
                paging={paging}
                filter={{ state, code, source }}
                choose={choose}
                again={reading.again}
              />
            </div>
          )}
        </Shown>
        <Rule code={code} again={reading.again} />
      </div>
    </Page>
  );
}

function Codes({ counts, choose }: { counts: HeldCode[]; choose: (code: string) => void }) {
  return (
    <Card title="By code">
      {counts.length === 0 ? (
        <Empty>Nothing was ever refused.</Empty>
      ) : (
        <Table
          caption="What became of refused records"
          rows={counts}
          id={(c) => c.code}
          columns={[
            { name: "Code", head: true, cell: (c) => plain(c.code) },
            { name: "Held", right: true, cell: (c) => count(c.held) },
            { name: "Replayed", right: true, wide: true, cell: (c) => count(c.replayed) },
            { name: "Discarded", right: true, wide: true, cell: (c) => count(c.discarded) },
            {
              name: "Look",
              right: true,
              cell: (c) => (
                <Button
                  variant="default"
                  size="compact-xs"
                  disabled={c.held === 0}
                  onClick={() => choose(c.code)}
                  aria-label={`Show those held as ${plain(c.code)}`}
                >
                  Show
                </Button>
              ),
            },
          ]}
        />
      )}
    </Card>
  );
}

interface Filter {
  state: string;
  code: string;
  source: string;
}

interface RecordsProps {
  page: QuarantinePage;
  paging: Paging;
  filter: Filter;
  choose: (chosen: Record<string, string>) => void;
  again: () => void;
}

function Records({ page, paging, filter, choose, again }: RecordsProps) {
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const { records } = page;
  const chosen = records.filter((r) => r.state === "held" && ticked.has(r.position));
  const tick = (position: string) =>
    setTicked((known) => {
      const next = new Set(known);
      if (!next.delete(position)) next.add(position);
      return next;
    });
  return (
    <Card title="Records">
      <Filters counts={page.counts} filter={filter} choose={choose} />
      {records.length === 0 ? (
        <Empty>{filter.state === "held" ? "Nothing is held." : "No record is like that."}</Empty>
      ) : (
        <>
          <RecordTable records={records} ticked={ticked} tick={tick} />
          {page.total === null ? (
            <Pager paging={paging} size={SIZE} shown={records.length} next={page.next} what="records" />
          ) : (
            <Pager
              paging={paging}
              size={SIZE}
              shown={records.length}
              total={page.total}
              next={page.next}
              what="records"
            />
          )}
        </>
      )}
      {filter.state === "held" && <Act chosen={chosen} filter={filter} again={again} />}
    </Card>
  );
}

function Filters({ counts, filter, choose }: Pick<RecordsProps, "filter" | "choose"> & { counts: HeldCode[] }) {
  const [typed, setTyped] = useState(filter.source);
  const codes = [...new Set([...counts.map((c) => c.code), ...(filter.code ? [filter.code] : [])])];
  return (
    <form
      className="actions filters"
      onSubmit={(event) => {
        event.preventDefault();
        choose({ source: typed.trim() });
      }}
    >
      <NativeSelect
        label="State"
        value={filter.state}
        onChange={(event) => choose({ state: event.currentTarget.value })}
        data={[...STATES, "all"]}
      />
      <NativeSelect
        label="Code"
        value={filter.code}
        onChange={(event) => choose({ code: event.currentTarget.value })}
        data={[{ value: "", label: "every code" }, ...codes.map((c) => ({ value: c, label: plain(c) }))]}
      />
      <TextInput
        label="Source"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        placeholder="every source"
        maxLength={200}
        autoComplete="off"
      />
      <Button type="submit" variant="default">
        Filter
      </Button>
    </form>
  );
}

interface RecordTableProps {
  records: RefusedRow[];
  ticked: ReadonlySet<string>;
  tick: (position: string) => void;
}

function RecordTable({ records, ticked, tick }: RecordTableProps) {
  return (
    <Table
      caption="Refused records, the first first"
      rows={records}
      id={(r) => r.position}
      columns={[
        {
          name: "Record",
          head: true,
          cell: (r) => (
            <>
              {r.state === "held" && (
                <input
                  type="checkbox"
                  className="tick"
                  checked={ticked.has(r.position)}
                  onChange={() => tick(r.position)}
                  aria-label={`Choose record ${r.position}`}
                />
              )}{" "}
              <Link href={`/quarantine${path(r.position)}`}>{r.position}</Link>
            </>
          ),
        },
        {
          name: "Why",
          cell: (r) => (
            <>
              {r.reason}
              <small className="dim block">{r.why || r.mend}</small>
            </>
          ),
        },
        { name: "Code", wide: true, cell: (r) => plain(r.code) },
        { name: "Source", wide: true, cell: (r) => r.source },
        { name: "Received", wide: true, cell: (r) => instant(r.received_at) },
        {
          name: "State",
          cell: (r) => (
            <Chip tone={TONES[r.state]}>{r.mended && r.state === "held" ? "mended" : r.state}</Chip>
          ),
        },
      ]}
    />
  );
}

/** Replay or discard: the ticked records, else all held ones of the code and source chosen above. */
function Act({ chosen, filter, again }: { chosen: RefusedRow[]; filter: Filter; again: () => void }) {
  const doing = useDoing();
  const { code, source } = filter;
  const some = chosen.length > 0;
  const which = some ? { positions: chosen.map((r) => r.position) } : { code, source };
  const nothing = !some && !code && !source;
  const whose = [code && plain(code), source && `from ${source}`].filter(Boolean).join(", ");
  const words = some ? many(chosen.length, "record") : `all held: ${whose}`;
  const replay = () =>
    doing.run(async () => {
      const done = await send<ReplayReport>("POST", "/quarantine/replay", which);
      again();
      return `${count(done.replayed)} brought back; ${count(done.refused)} are still refused and stay held.`;
    });
  const discard = (reason: string) =>
    doing.run(async () => {
      const done = await send<DiscardReport>("POST", "/quarantine/discard", { ...which, reason });
      again();
      return `${count(done.discarded)} given up.`;
    });
  return (
    <section aria-label="What to do with them">
      <p className="said">
        {nothing ? (
          <span className="dim">Tick records, or choose a code or a source, to bring back or give up.</span>
        ) : (
          <>
            Chosen: <strong>{words}</strong>
          </>
        )}
      </p>
      <div className="actions">
        <Button onClick={replay} disabled={nothing || doing.busy} loading={doing.busy}>
          Bring back those that pass
        </Button>
      </div>
      <GiveUp what="Give up" doing={doing} onGiveUp={discard} disabled={nothing} />
      <Told doing={doing} />
    </section>
  );
}

const START = (code: string) => `rule: my_rule
where: {code: ${code || "bad_time"}}
change:
  - {date: timestamp, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}
`;

function Rule({ code, again }: { code: string; again: () => void }) {
  const [text, setText] = useState(START(code));
  const [tried, setTried] = useState<{ of: string; report: RuleReport } | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const doing = useDoing();
  const run = (keep: boolean) =>
    doing.run(async () => {
      const report = await send<RuleReport>("POST", "/quarantine/mend", { text, keep });
      setTried(keep ? null : { of: text, report });
      if (keep) again();
      const verb = keep ? "mended" : "would be mended";
      const then = keep ? " Bring them back now." : "";
      return `${count(report.matched)} ${verb}: ${count(report.passing)} then pass, ${count(report.refused)} do not.${then}`;
    });
  const previewed = tried?.of === text ? tried.report : null;
  return (
    <Card
      title="Mend many by a rule"
      note="Verbs: set, rename, delete, date, multiply. First count what a rule does; then apply it."
    >
      <div className="editor">
        <Textarea
          ref={field}
          label="Rule in YAML"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          rows={8}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          error={doing.trouble !== null}
          classNames={{ input: "editor-input" }}
        />
        <div className="editor-said rule-said">
          <div className="actions">
            <Button variant="default" onClick={() => run(false)} disabled={doing.busy || !text.trim()}>
              Count what it does
            </Button>
            <Button onClick={() => run(true)} disabled={doing.busy || !previewed || previewed.matched === 0}>
              Apply it
            </Button>
          </div>
          <div aria-live="polite">
            {doing.trouble && (
              <Mistake
                problem={doing.trouble}
                go={(line) => select(field.current, line)}
                what="Not right yet"
              />
            )}
            {doing.said && <p className="said good">{doing.said}</p>}
          </div>
          {previewed && previewed.first_refused.length > 0 && (
            <Table
              caption="Some that are still refused then"
              captionSeen
              rows={previewed.first_refused}
              id={(r) => r.position}
              columns={[
                {
                  name: "Record",
                  head: true,
                  cell: (r) => <Link href={`/quarantine${path(r.position)}`}>{r.position}</Link>,
                },
                { name: "Why", cell: (r) => r.reason },
              ]}
            />
          )}
        </div>
      </div>
    </Card>
  );
}
