import { Button } from "@mantine/core";
import { useEffect } from "react";
import { Link, useLocation } from "wouter";
import { path, send, useDoing, useReading } from "../api/reading";
import type { SourceReport, SourceRow, SourceTrial } from "../api/types";
import { Definition, Told } from "../parts/doing";
import { Card, Chip, Empty, Page, Shown } from "../parts/page";
import { Table } from "../parts/table";
import { brief, count, instant } from "../words";

const LOOK_AGAIN_MILLISECONDS = 2000;
const START = `source: my_orders
kind: file
path: /exports/orders_*.csv
every: 1h
`;

export default function Sources() {
  const reading = useReading<SourceRow[]>("/sources");
  const [, go] = useLocation();
  const { again } = reading;
  const busy = reading.value?.some((s) => s.running === "waiting" || under(s)) ?? false;
  useEffect(() => {
    if (!busy) return;
    const timer = setInterval(again, LOOK_AGAIN_MILLISECONDS);
    return () => clearInterval(timer);
  }, [busy, again]);
  return (
    <Page title="Sources" lead="What is read from files, databases and queues, and how it goes.">
      <div className="stack">
        <Card title="All sources">
          <Shown reading={reading} height={240}>
            {(sources) =>
              sources.length === 0 ? (
                <Empty>No source yet. Write one below.</Empty>
              ) : (
                <SourcesTable sources={sources} again={again} />
              )
            }
          </Shown>
        </Card>
        <Card
          title="A new source"
          note="Passwords are named, never written: ${NAME} is taken from the server's environment. Mappings are kept by `tailorbird sources put`."
        >
          <SourceText
            start={START}
            onKept={(kept) => (kept.kind === "source" ? go(`/sources${path(kept.name)}`) : again())}
          />
        </Card>
      </div>
    </Page>
  );
}

/** Being read at this moment, and not all the time. */
const under = (source: SourceRow): boolean => source.running === "running" && source.schedule !== "always";

export function schedule(source: Pick<SourceRow, "schedule">): string {
  if (source.schedule === "always") return "all the time";
  return source.schedule || "by hand";
}

export function StandingChip({ source }: { source: SourceRow }) {
  if (source.running === "waiting") return <Chip tone="sky">waits</Chip>;
  if (under(source)) return <Chip tone="sky">being read</Chip>;
  if (source.error) return <Chip tone="red">{source.failures > 1 ? `failed ${count(source.failures)} times` : "failed"}</Chip>;
  if (source.paused) return <Chip tone="grey">paused</Chip>;
  if (source.running === "cut off") return <Chip tone="amber">cut off</Chip>;
  if (source.refused > 0) return <Chip tone="amber">some refused</Chip>;
  return source.succeeded_at || source.running ? <Chip tone="moss">well</Chip> : <Chip>not read yet</Chip>;
}

function SourcesTable({ sources, again }: { sources: SourceRow[]; again: () => void }) {
  const doing = useDoing();
  return (
    <>
      <Table
        caption="Sources, and how their last run went"
        rows={sources}
        id={(s) => s.name}
        columns={[
          {
            name: "Source",
            head: true,
            cell: (s) => (
              <>
                <Link href={`/sources${path(s.name)}`}>{s.name}</Link>
                <small className="dim block">
                  {s.kind}, {schedule(s)}
                </small>
                {s.error && <small className="wrong block">{s.error}</small>}
                {s.notes.length > 0 && <small className="dim block">{s.notes[s.notes.length - 1]}</small>}
              </>
            ),
          },
          {
            name: "Standing",
            cell: (s) => (
              <span className="nowrap">
                <StandingChip source={s} />
              </span>
            ),
          },
          {
            name: "Last run",
            wide: true,
            cell: (s) => (s.message_at || s.started_at ? instant((s.message_at || s.started_at)!) : "never"),
          },
          { name: "Rows", right: true, wide: true, cell: (s) => brief(s.messages || s.lines) },
          { name: "Refused", right: true, wide: true, cell: (s) => brief(s.refused) },
          { name: "Next", wide: true, cell: (s) => (s.due_at ? instant(s.due_at) : "") },
          {
            name: "Now",
            right: true,
            cell: (s) => (
              <Button
                variant="default"
                size="compact-xs"
                disabled={doing.busy || s.running !== "" || s.schedule === "always"}
                aria-label={`Read ${s.name} now`}
                onClick={() =>
                  doing.run(async () => {
                    await send<SourceReport>("POST", `/sources${path(s.name)}/run`);
                    again();
                    return `${s.name} is read soon.`;
                  })
                }
              >
                Read
              </Button>
            ),
          },
        ]}
      />
      <Told doing={doing} />
    </>
  );
}

interface SourceTextProps {
  start: string;
  onKept: (kept: { kind: string; name: string }) => void;
}

/** A source's text: checked while it is written, read on trial when asked. */
export function SourceText({ start, onKept }: SourceTextProps) {
  return (
    <Definition<SourceTrial>
      key={start}
      label="Source in YAML"
      start={start}
      where="/sources"
      onKept={onKept}
      right={(answer) => (
        <p className="said good">
          {answer.name}: {answer.kind}, {schedule(answer)}.
        </p>
      )}
      actions={(text, usable) => <Trial key={text} text={text} usable={usable} />}
    />
  );
}

function Trial({ text, usable }: { text: string; usable: boolean }) {
  const doing = useDoing();
  const look = () =>
    doing.run(async () => {
      const found = await send<SourceTrial>("POST", "/sources/check", { text, read: true });
      const refused = Object.entries(found.refused).map(([why, n]) => `${count(n)} ${why}`);
      const seen = found.whole
        ? `${count(found.lines)} rows in ${count(found.files)} files or queries`
        : "It can be read; it is too much to be read to its end on trial";
      return [seen, ...(refused.length ? [`refused: ${refused.join(", ")}`] : []), ...found.problems].join("; ");
    });
  return (
    <>
      <div className="actions">
        <Button variant="default" size="xs" onClick={look} disabled={!usable || doing.busy} loading={doing.busy}>
          Read it on trial
        </Button>
        <p className="dim">Nothing of it is kept.</p>
      </div>
      <Told doing={doing} />
    </>
  );
}
