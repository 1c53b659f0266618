import "../styles/segments.css";
import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { path, query, send, useDoing, useReading } from "../api/reading";
import type { MatchPage, MatchReport, MatchRow } from "../api/types";
import { Told } from "../parts/doing";
import { Card, Chip, Empty, Page, Shown, type Tone, useStatus } from "../parts/page";
import { Pager, Table, usePaging } from "../parts/table";
import { ago, capital, count, figure, plain, share } from "../words";

const SIZE = 25;
const STATES = ["waiting", "merging", "merged", "rejected"];
const TONES: Record<string, Tone> = { waiting: "amber", merging: "sky", merged: "moss", rejected: "grey" };

/** People who may be one: `pair` is `17-42`, the one that is looked at. */
export default function Matches({ pair }: { pair: string }) {
  const [search, setSearch] = useSearchParams();
  const state = search.get("state") ?? "waiting";
  const paging = usePaging();
  const where = `/matches${query({ state, after: paging.after, limit: SIZE })}`;
  const reading = useReading<MatchPage>(where);
  const [one, two] = pair.split("-");
  return (
    <Page title="Matches" lead="People who may be one: look at both, then say so.">
      <div className="stack">
        {one && two && <Match key={pair} one={one} two={two} again={reading.again} />}
        <Card
          title="Pairs"
          aside={
            <label className="state-choice">
              State{" "}
              <select
                className="field"
                value={state}
                onChange={(event) => {
                  paging.first();
                  setSearch({ state: event.currentTarget.value }, { replace: true });
                }}
              >
                {STATES.map((each) => (
                  <option key={each} value={each}>
                    {`${each} (${count(reading.value?.counts[each] ?? 0)})`}
                  </option>
                ))}
              </select>
            </label>
          }
        >
          <Shown reading={reading} height={260}>
            {(page) =>
              page.matches.length === 0 ? (
                <Empty>No pair is {state}. The command “tailorbird matches find” looks for more.</Empty>
              ) : (
                <>
                  <Pairs matches={page.matches} />
                  <Pager paging={paging} size={SIZE} shown={page.matches.length} next={page.next} what="pairs" />
                </>
              )
            }
          </Shown>
        </Card>
      </div>
    </Page>
  );
}

const address = (match: MatchRow): string => `/matches/${match.one}-${match.two}`;

function Pairs({ matches }: { matches: MatchRow[] }) {
  const { now } = useStatus();
  return (
    <Table
      caption="People who may be one"
      rows={matches}
      id={(match) => `${match.one} ${match.two}`}
      columns={[
        {
          name: "Pair",
          head: true,
          cell: (match) => (
            <>
              <Link href={address(match)}>
                {match.one} and {match.two}
              </Link>
              <small className="dim block">{match.why}</small>
            </>
          ),
        },
        { name: "Probability", right: true, cell: (match) => share(match.probability) },
        { name: "State", cell: (match) => <Chip tone={TONES[match.state] ?? "grey"}>{match.state}</Chip> },
        { name: "Alike in", wide: true, cell: (match) => match.evidence.map((each) => plain(each.field)).join(", ") },
        { name: "Found", wide: true, cell: (match) => ago(match.found_at, now) },
      ]}
    />
  );
}

function Match({ one, two, again }: { one: string; two: string; again: () => void }) {
  const reading = useReading<MatchReport>(`/matches${path(one, two)}`);
  return (
    <Card title={`Are ${one} and ${two} one person?`}>
      <Shown reading={reading} height={320}>
        {(report) => (
          <>
            <Compared report={report} />
            {report.match.state === "waiting" ? (
              <Deciding
                match={report.match}
                again={() => {
                  reading.again();
                  again();
                }}
              />
            ) : (
              <p className="note">
                {capital(report.match.state)}
                {report.match.author && ` by ${report.match.author}`}
                {report.match.reason && `: ${report.match.reason}`}
              </p>
            )}
          </>
        )}
      </Shown>
    </Card>
  );
}

function Compared({ report: { match, one, two } }: { report: MatchReport }) {
  const said = new Map(match.evidence.map((each) => [each.field, each]));
  const fields = [...new Set([...Object.keys(one), ...Object.keys(two), ...said.keys()])];
  return (
    <>
      <p className="note">
        {share(match.probability)} by {count(match.evidence.length)} fields: {match.why}.
      </p>
      <Table
        caption="What both say now"
        rows={fields}
        id={(field) => field}
        columns={[
          { name: "Field", head: true, cell: (field) => plain(field) },
          { name: String(match.one), cell: (field) => one[field] ?? <span className="dim">–</span> },
          { name: String(match.two), cell: (field) => two[field] ?? <span className="dim">–</span> },
          { name: "Alike", wide: true, cell: (field) => plain(said.get(field)?.likeness ?? "") },
          {
            name: "Speaks for one",
            right: true,
            wide: true,
            cell: (field) => {
              const bits = said.get(field)?.bits;
              return bits === undefined ? null : `${figure(bits, 1)} bits`;
            },
          },
        ]}
      />
      <p className="note">
        <Link href={`/people/${match.one}`}>Person {match.one}</Link> ·{" "}
        <Link href={`/people/${match.two}`}>Person {match.two}</Link>
      </p>
    </>
  );
}

function Deciding({ match, again }: { match: MatchRow; again: () => void }) {
  const [reason, setReason] = useState("");
  const [author, setAuthor] = useState("");
  const [, go] = useLocation();
  const doing = useDoing();
  const decide = (verdict: "accept" | "reject") =>
    doing.run(async () => {
      await send<MatchRow>("POST", `/matches${path(match.one, match.two)}/${verdict}`, { reason, author });
      again();
      go(address(match), { replace: true });
      return verdict === "accept" ? "They become one person soon; it can be taken back." : "They stay two.";
    });
  return (
    <form className="deciding" onSubmit={(event) => event.preventDefault()}>
      <TextInput label="Why" value={reason} onChange={(event) => setReason(event.currentTarget.value)} maxLength={500} autoComplete="off" />
      <TextInput label="Your name" value={author} onChange={(event) => setAuthor(event.currentTarget.value)} maxLength={100} autoComplete="name" />
      <div className="actions">
        <Button onClick={() => decide("accept")} disabled={doing.busy || !reason.trim()}>
          One person
        </Button>
        <Button variant="default" onClick={() => decide("reject")} disabled={doing.busy || !reason.trim()}>
          Two people
        </Button>
      </div>
      <Told doing={doing} />
    </form>
  );
}
