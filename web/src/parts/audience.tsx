// A mail made for its whole audience before anybody is written to: begun, watched, stopped, read.

import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { query, send, useDoing, useReading } from "../api/reading";
import type { AudienceFinding, AudienceReport, Concerned, Counted, Longest } from "../api/types";
import { bytes, capital, count, many, plain, share } from "../words";
import { Told } from "./doing";
import { Chip, Empty, Fact, Facts, Shown, type Tone, When } from "./page";
import { Pager, Table, usePaging } from "./table";

const LOOK_MILLISECONDS = 800;
const PAGE = 20;
const KINDS: Record<string, [string, Tone]> = {
  lacks: ["lacks a value", "red"],
  fails: ["mail fails", "red"],
  dead_link: ["dead link", "red"],
  refused: ["gets no mail", "grey"],
  empty_block: ["empty block", "amber"],
  unsigned_link: ["link not counted", "amber"],
  too_large: ["too large", "amber"],
};

interface AudienceProps {
  /** The campaign or template, as the API names it: `/campaigns/win-back`. */
  of: string;
  /** For whom, where the campaign does not say. */
  segment?: string;
  /** A template's text that is not kept yet. */
  draft?: string;
  /** Shows a person's mail beside, where that is possible. */
  onShow?: (person: number) => void;
}

export function Audience({ of, segment = "", draft = "", onShow }: AudienceProps) {
  const where = `${of}/check${query({ segment })}`;
  const reading = useReading<AudienceReport>(where);
  const doing = useDoing();
  const report = reading.trouble ? null : reading.value;
  const running = report?.state === "running";
  const { again } = reading;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(again, LOOK_MILLISECONDS);
    return () => clearInterval(timer);
  }, [running, again]);
  const change = (method: "POST" | "DELETE") =>
    doing.run(async () => {
      await send<AudienceReport>(method, where, draft ? { text: draft } : {});
      again();
      return "";
    });
  return (
    <div className="audience">
      <div className="actions">
        {running ? (
          <Button variant="default" onClick={() => change("DELETE")} disabled={doing.busy}>
            Stop
          </Button>
        ) : (
          <Button onClick={() => change("POST")} disabled={doing.busy}>
            {report ? "Make them again" : "Make everybody's mail"}
          </Button>
        )}
        <p className="dim" aria-live="polite">
          {report ? <Progress report={report} /> : "It is made for each person and let go of; nothing is sent."}
        </p>
      </div>
      <Told doing={doing} />
      {report && <Report report={report} of={of} segment={segment} onShow={onShow} />}
    </div>
  );
}

function Progress({ report }: { report: AudienceReport }) {
  const { state, done, asked, rendered } = report;
  if (state === "failed") return <>It failed.</>;
  if (state === "running" && asked === 0) return <>Finding the audience…</>;
  const seen = `${count(done)} of ${many(asked, "person", "people")} seen, ${many(rendered, "mail")} made`;
  return (
    <>
      {state === "running" && <progress className="check-progress" value={done} max={asked} aria-label="People seen" />} {seen}
      {state === "stopped" && "; it was stopped"}
    </>
  );
}

interface ReportProps {
  report: AudienceReport;
  of: string;
  segment: string;
  onShow?: ((person: number) => void) | undefined;
}

function Report({ report, of, segment, onShow }: ReportProps) {
  const [open, setOpen] = useState<AudienceFinding | null>(null);
  if (report.trouble) return <p className="trouble">{report.trouble}</p>;
  return (
    <>
      <p>
        {report.state !== "running" && <Chip tone={report.sound ? "moss" : "red"}>{report.sound ? "sound" : "not sound"}</Chip>}{" "}
        <span className="dim">
          as of <When at={report.as_of} />
        </span>
      </p>
      {report.misfits.map((each) => (
        <div key={`${each.where} ${each.what}`} className="trouble">
          <strong>{each.where}</strong>
          <p>{each.what}</p>
          <p>{each.mend}</p>
        </div>
      ))}
      {report.findings.length > 0 ? (
        <FindingsTable findings={report.findings} open={open} onOpen={setOpen} />
      ) : (
        report.state === "done" && <Empty>{report.asked ? "Nobody lacks anything." : "Nobody is in the audience."}</Empty>
      )}
      {open && <People key={`${open.kind} ${open.what}`} of={of} segment={segment} finding={open} onShow={onShow} />}
      <Facts>
        {report.longest_subject && (
          <Fact word="Longest subject" note={many(report.longest_subject.size, "character")}>
            {report.longest_subject.text} <Whose longest={report.longest_subject} onShow={onShow} />
          </Fact>
        )}
        {report.largest_mail && (
          <Fact word="Largest mail">
            {bytes(report.largest_mail.size)} <Whose longest={report.largest_mail} onShow={onShow} />
          </Fact>
        )}
      </Facts>
      <Taken title="What the slots show" rows={report.shown} />
      <Taken title="Rules that decided" rows={report.rules} />
      <Taken title="Fallbacks that were used" rows={report.fallbacks} />
    </>
  );
}

function Whose({ longest, onShow }: { longest: Longest; onShow?: ((person: number) => void) | undefined }) {
  const name = `person ${longest.person}`;
  if (!onShow) return <Link href={`/people/${longest.person}`}>{name}</Link>;
  return (
    <button type="button" className="plain-button" onClick={() => onShow(longest.person)}>
      {name}
    </button>
  );
}

interface FindingsTableProps {
  findings: AudienceFinding[];
  open: AudienceFinding | null;
  onOpen: (finding: AudienceFinding | null) => void;
}

function FindingsTable({ findings, open, onOpen }: FindingsTableProps) {
  const same = (one: AudienceFinding) => open?.kind === one.kind && open.what === one.what;
  return (
    <Table
      caption="What stands out, and whom it concerns"
      rows={findings}
      id={(each) => `${each.kind} ${each.what}`}
      columns={[
        {
          name: "What",
          head: true,
          cell: (each) => {
            const [word, tone] = KINDS[each.kind] ?? [plain(each.kind), "grey"];
            return (
              <span className="check-what">
                <Chip tone={tone}>{word}</Chip> {each.what}
              </span>
            );
          },
        },
        {
          name: "People",
          right: true,
          cell: (each) => (
            <button
              type="button"
              className="plain-button"
              aria-expanded={same(each)}
              aria-label={`${count(each.people)} people: ${each.kind} ${each.what}`}
              onClick={() => onOpen(same(each) ? null : each)}
            >
              {count(each.people)}
            </button>
          ),
        },
        { name: "Share", right: true, cell: (each) => share(each.share) },
        { name: "How to mend it", wide: true, cell: (each) => <span className="dim">{each.mend || "–"}</span> },
      ]}
    />
  );
}

interface PeopleProps {
  of: string;
  segment: string;
  finding: AudienceFinding;
  onShow?: ((person: number) => void) | undefined;
}

function People({ of, segment, finding, onShow }: PeopleProps) {
  const { kind, what } = finding;
  const paging = usePaging();
  const reading = useReading<Concerned>(`${of}/check/people${query({ segment, kind, what, after: paging.after, limit: PAGE })}`);
  return (
    <section className="check-people" aria-label={`People: ${plain(kind)} ${what}`}>
      <h3>
        {capital(KINDS[kind]?.[0] ?? plain(kind))}: {what}
      </h3>
      <Shown reading={reading} height={160}>
        {({ people, labels, total, next }) => (
          <>
            <ul>
              {people.map((person, index) => (
                <li key={person}>
                  <Link href={`/people/${person}`}>{labels[index] ?? `Person ${person}`}</Link>{" "}
                  {onShow && (
                    <button type="button" className="plain-button" aria-label={`show the mail of person ${person}`} onClick={() => onShow(person)}>
                      show the mail
                    </button>
                  )}
                </li>
              ))}
            </ul>
            <Pager paging={paging} size={PAGE} shown={people.length} total={total} next={next} what="people" />
          </>
        )}
      </Shown>
    </section>
  );
}

function Taken({ title, rows }: { title: string; rows: Counted[] }) {
  if (rows.length === 0) return null;
  return (
    <Table
      caption={title}
      captionSeen
      rows={rows}
      id={(each) => `${each.name} ${each.value}`}
      columns={[
        { name: "Name", head: true, cell: (each) => each.name },
        { name: "What", cell: (each) => each.value || <span className="dim">nothing</span> },
        { name: "People", right: true, cell: (each) => count(each.people) },
      ]}
    />
  );
}
