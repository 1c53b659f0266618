import "../styles/models.css";
import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { ask, path, query, Trouble, useReading } from "../api/reading";
import type {
  ConsentLine,
  EventContext,
  PersonReport,
  PersonScore,
  Problem,
  Score,
  SessionRow,
  Timeline,
  TimelineEntry,
  Trait,
} from "../api/types";
import {
  Card,
  Chip,
  Empty,
  Fact,
  Facts,
  Page,
  Shown,
  type Tone,
  TroubleNote,
  useStatus,
  When,
} from "../parts/page";
import { Table } from "../parts/table";
import { WhyCard } from "../parts/why";
import { capital, count, date, figure, instant, many, money, plain, share, traitName } from "../words";

export default function Person({ person }: { person: string }) {
  const reading = useReading<PersonReport>(`/people${path(person)}`);
  const report = reading.value;
  return (
    <Page
      title={report?.label ?? `Person ${person}`}
      tab={`Person ${person}`}
      lead={report && <Lead report={report} />}
      back={{ to: "/people", word: "People" }}
    >
      <Shown reading={reading} height={900}>
        {(shown) => (
          <div className="with-aside">
            <div className="stack">
              <Suggestions report={shown} />
              <Sessions sessions={shown.sessions} />
              <WhyCard person={shown.person} />
            </div>
            <div className="stack aside">
              <Traits traits={shown.traits} />
              <Scores report={shown} />
              <Consents report={shown} />
              <Identifiers report={shown} />
            </div>
            <div className="events">
              <Events person={shown.person} />
            </div>
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Lead({ report }: { report: PersonReport }) {
  return (
    <>
      {report.label !== `Person ${report.person}` && `Person ${report.person} · `}
      {report.email && `${report.email} · `}known since {date(report.created_at)}
      {report.suppressed && (
        <>
          {" "}
          <Chip tone="red">not written to: {plain(report.suppressed)}</Chip>
        </>
      )}
      {report.merged_into !== null && (
        <>
          {" · "}merged into{" "}
          <Link href={`/people/${report.merged_into}`}>person {report.merged_into}</Link>
        </>
      )}
    </>
  );
}

function Traits({ traits }: { traits: Trait[] }) {
  return (
    <Card title="Traits">
      {traits.length === 0 ? (
        <Empty>Nothing is known yet.</Empty>
      ) : (
        <Facts>
          {traits.filter((trait) => trait.origin !== "score").map((trait) => (
            <Fact
              key={`${trait.origin} ${trait.name}`}
              word={capital(traitName(trait.name))}
              note={[trait.origin, trait.note].filter(Boolean).join(", ")}
            >
              <TraitValue trait={trait} />
            </Fact>
          ))}
        </Facts>
      )}
    </Card>
  );
}

function TraitValue({ trait }: { trait: Trait }) {
  const { currency } = useStatus();
  const { value, unit } = trait;
  if (value === null || value === "") return <span className="dim">unknown</span>;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (unit === "instant") return <When at={String(value)} />;
  if (typeof value === "string") return value;
  if (unit === "money") return money(value, currency);
  if (unit === "share") return share(value);
  return Number.isInteger(value) ? count(value) : figure(value, 2);
}

/** What moves one score most; asked for when somebody opens it. */
function Reasons({ person, model }: { person: number; model: string }) {
  const [open, setOpen] = useState(false);
  const reading = useReading<string[]>(open ? `/people${path(person)}/scores${path(model)}/reasons` : null);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Why this score<span className="unseen">: {plain(model)}</span>
      </summary>
      {open && (
        <Shown reading={reading} height={60}>
          {(reasons) =>
            reasons.length === 0 ? (
              <p className="dim">This score cannot be broken down to single traits.</p>
            ) : (
              <ul className="why-score">
                {reasons.map((reason) => (
                  <li key={reason}>{capital(reason)}</li>
                ))}
              </ul>
            )
          }
        </Shown>
      )}
    </details>
  );
}

function ScoreWords({ unit, value }: { unit: Score["unit"]; value: number }) {
  const { currency } = useStatus();
  if (unit === "money") return money(value, currency);
  if (unit === "instant") return date(new Date(value * 1000).toISOString());
  return unit === "hour" ? `${String(Math.round(value) % 24).padStart(2, "0")}:00` : share(value);
}

/** What one model says now, and between what the truth lies (95 %); until that is known, what is kept. */
function ScoreNow({ score, kept }: { score: PersonScore | undefined; kept: Score }) {
  if (!score) return <ScoreWords unit={kept.unit} value={kept.value} />;
  const { unit, low, high } = score;
  return (
    <>
      <ScoreWords unit={unit} value={score.value} />
      {low !== high && (
        <span className="dim">
          {" "}
          (<ScoreWords unit={unit} value={low} /> to <ScoreWords unit={unit} value={high} />)
        </span>
      )}
    </>
  );
}

function Scores({ report }: { report: PersonReport }) {
  const now = useReading<PersonScore[]>(`/people${path(report.person)}/scores`);
  const told = (model: string) => now.value?.find((score) => score.model === model);
  return (
    <Card title="Scores and segments">
      {report.scores.length === 0 ? (
        <p className="dim">
          No model has scored this person. <Link href="/models">Models</Link> say which are trained, and for whom.
        </p>
      ) : (
        <p className="note">In brackets, the 95 % interval.</p>
      )}
      <ul className="scores">
        {report.scores.map((score) => (
          <li key={score.model}>
            <div className="score">
              <p>
                <Link href={`/models${path(score.model)}`}>{capital(plain(score.model))}</Link>
                <small className="dim block">version {score.version}</small>
              </p>
              <p>
                <ScoreNow score={told(score.model)} kept={score} />
              </p>
            </div>
            <Reasons person={report.person} model={score.model} />
          </li>
        ))}
      </ul>
      {report.segments.length > 0 && (
        <ul className="chips" aria-label="Segments">
          {report.segments.map((segment) => (
            <li key={segment}>
              <Link className="chip chip-moss" href={`/segments${path(segment)}?person=${report.person}`}>
                {segment}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

const CONSENT_TONE: Record<ConsentLine["state"], Tone> = {
  granted: "moss",
  withdrawn: "red",
  "never asked": "grey",
};

function Consents({ report }: { report: PersonReport }) {
  return (
    <Card title="Consents">
      <Facts>
        {report.consents.map((line) => (
          <Fact
            key={line.purpose}
            word={capital(plain(line.purpose))}
            note={line.at ? `${date(line.at)}, ${line.source} ${line.wording_version}` : ""}
          >
            <Chip tone={CONSENT_TONE[line.state]}>{line.state}</Chip>
          </Fact>
        ))}
      </Facts>
    </Card>
  );
}

function Identifiers({ report }: { report: PersonReport }) {
  return (
    <Card title="Identifiers" note="Only their fingerprints are kept, so they cannot be shown.">
      <Facts>
        {report.identifiers.map((identifier) => (
          <Fact key={identifier.kind} word={capital(plain(identifier.kind))}>
            {count(identifier.number)}
          </Fact>
        ))}
      </Facts>
    </Card>
  );
}

function Suggestions({ report }: { report: PersonReport }) {
  const { currency } = useStatus();
  return (
    <Card
      title="Would be recommended now"
      note={report.suggestions_from}
      aside={<Link href={`/recommendations?person=${report.person}`}>with probabilities</Link>}
    >
      {report.suggestions.length > 0 && (
        <Table
          caption="Recommended products"
          rows={report.suggestions}
          id={(suggestion) => suggestion.item}
          columns={[
            {
              name: "Product",
              head: true,
              cell: (s) => (
                <>
                  {s.name || s.item}
                  <small className="dim block">{s.item}</small>
                </>
              ),
            },
            { name: "Why", cell: (s) => capital(s.reason) },
            {
              name: "Price",
              right: true,
              wide: true,
              cell: (s) => (s.price_minor === null ? "" : money(s.price_minor, currency)),
            },
          ]}
        />
      )}
    </Card>
  );
}

const EVENTS = 25;

const EVENT_TONE: Record<string, Tone> = {
  purchase: "moss",
  return: "amber",
  email_sent: "sky",
  email_opened: "sky",
  email_clicked: "sky",
  email_delivered: "sky",
  email_deferred: "amber",
  email_dropped: "amber",
  email_bounced: "red",
  email_complained: "red",
  unsubscribed: "red",
};

function Events({ person }: { person: number }) {
  const first = useReading<Timeline>(`/people/${person}/timeline${query({ limit: EVENTS })}`);
  const [older, setOlder] = useState<Timeline[]>([]);
  const [trouble, setTrouble] = useState<Problem | null>(null);
  const next = (older.at(-1) ?? first.value)?.next ?? "";
  const more = () => {
    setTrouble(null);
    ask<Timeline>(`/people/${person}/timeline${query({ after: next, limit: EVENTS })}`).then(
      (page) => setOlder((known) => [...known, page]),
      (error: unknown) => setTrouble(error instanceof Trouble ? error.problem : null),
    );
  };
  return (
    <Card title="Timeline" aside={first.value && many(first.value.total, "event")}>
      <Shown reading={first} height={600}>
        {(page) => (
          <>
            {page.total === 0 && <Empty>Nothing has happened yet.</Empty>}
            <ol className="timeline">
              {[page, ...older].flatMap((each) =>
                each.entries.map((entry) => (
                  <li key={entry.position}>
                    <Entry entry={entry} />
                  </li>
                )),
              )}
            </ol>
            {trouble && <TroubleNote problem={trouble} />}
            {next && (
              <Button variant="default" size="xs" onClick={more}>
                Show older events
              </Button>
            )}
          </>
        )}
      </Shown>
    </Card>
  );
}

/** Where and with what something happened, in one line; nothing where nothing is known. */
function Around({ context }: { context: EventContext }) {
  const told = [
    context.page,
    context.device,
    context.place,
    context.came_from && `from ${context.came_from}`,
    context.local_time && `${context.local_time} there`,
  ].filter(Boolean);
  return told.length > 0 ? <p className="dim">{told.join(" · ")}</p> : null;
}

function spell(seconds: number): string {
  return seconds < 90 ? many(seconds, "second") : many(Math.round(seconds / 60), "minute");
}

function Sessions({ sessions }: { sessions: SessionRow[] }) {
  return (
    <Card title="Sessions" note="30 minutes without an act end a session.">
      {sessions.length === 0 && <Empty>None has been seen.</Empty>}
      <ul className="decisions">
        {sessions.map((session) => (
          <li key={session.at}>
            <p className="decision-head">
              <When at={session.at} />
              <span className="grow" />
              <span className="dim">
                {spell(session.seconds)} · {many(session.pages, "page")} · {many(session.events, "act")}
                {!session.ended && " · still open"}
              </span>
            </p>
            <Around context={session.context} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Entry({ entry }: { entry: TimelineEntry }) {
  const shop = useStatus().currency;
  const paid = entry.event === "purchase" || entry.event === "return";
  return (
    <article className="entry">
      <p className="entry-when">
        <time dateTime={entry.at}>{instant(entry.at)}</time>
        <span>{entry.source}</span>
      </p>
      <p className="entry-head">
        <Chip tone={EVENT_TONE[entry.event] ?? "grey"}>{plain(entry.event)}</Chip>
        {entry.machine && <Chip tone="grey">by a machine</Chip>}
        {entry.dwell_seconds > 0 && <span>{spell(entry.dwell_seconds)} active</span>}
        {entry.order_id && <span>order {entry.order_id}</span>}
        {entry.campaign && (
          <span>
            {entry.campaign}
            {entry.variant && ` · ${entry.variant}`}
          </span>
        )}
        <span className="grow" />
        {entry.value_minor !== 0 && (
          <span className={paid ? "paid" : "dim"}>{money(entry.value_minor, entry.currency || shop)}</span>
        )}
      </p>
      <Around context={entry.context} />
      {entry.lines.length > 0 && (
        <ul className="entry-lines">
          {entry.lines.map((line, index) => (
            <li key={`${line.item} ${index}`}>
              {count(line.quantity)} × {line.name || line.item}
            </li>
          ))}
          {entry.more_lines > 0 && <li>{count(entry.more_lines)} more</li>}
        </ul>
      )}
    </article>
  );
}
