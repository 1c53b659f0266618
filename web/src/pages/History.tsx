// What was changed when, by whom and why: everything that was kept together, and one definition.

import "../styles/history.css";
import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type { KeptTogether, VersionOf } from "../api/types";
import { Card, Chip, Empty, Page, Shown, When } from "../parts/page";
import { Table } from "../parts/table";
import { capital, plain } from "../words";

const HOW: Record<string, string> = { apply: "applied", pull: "pulled into files", rollback: "rolled back" };

export default function History() {
  const reading = useReading<KeptTogether[]>("/definitions/applies");
  return (
    <Page title="History" lead="Definitions that were applied, pulled or rolled back together, with who did it and why.">
      <Card title="Kept together" note="From files, by `tailorbird apply` or the API; one is taken back by `tailorbird rollback --apply`.">
        <Shown reading={reading} height={320}>
          {(sets) => (sets.length === 0 ? <Empty>Nothing was applied from files yet.</Empty> : <Sets sets={sets} />)}
        </Shown>
      </Card>
    </Page>
  );
}

function Sets({ sets }: { sets: KeptTogether[] }) {
  return (
    <Table
      caption="Everything that was kept together"
      rows={sets}
      id={(each) => each.number}
      columns={[
        { name: "Number", head: true, cell: (each) => each.number },
        { name: "How", cell: (each) => HOW[each.how] ?? each.how },
        { name: "When", cell: (each) => <When at={each.at} /> },
        { name: "By", cell: (each) => each.author || <span className="dim">–</span> },
        { name: "Why", cell: (each) => each.reason || <span className="dim">–</span> },
        { name: "Definitions", cell: (each) => <Changed of={each} /> },
      ]}
    />
  );
}

function Changed({ of }: { of: KeptTogether }) {
  return (
    <ul className="kept-together">
      {of.definitions.map((each) => (
        <li key={`${each.kind} ${each.name}`}>
          {capital(plain(each.kind))} <Link href={`/history/${each.kind}${path(each.name)}`}>{each.name}</Link>{" "}
          <span className="dim">{each.before === each.version ? `version ${each.version}` : `${each.before} to ${each.version}`}</span>
        </li>
      ))}
    </ul>
  );
}

/** The versions of one definition, each with what it changed. */
export function Past({ kind, name }: { kind: string; name: string }) {
  const reading = useReading<VersionOf[]>(`/definitions/${encodeURIComponent(kind)}${path(name)}/history`);
  return (
    <Page title={name} lead="What each version changed, by whom and why." back={{ to: "/history", word: "History" }}>
      <Shown reading={reading} height={600}>
        {(versions) => (
          <div className="stack">
            {versions.map((each) => (
              <Card
                key={each.version}
                title={`Version ${each.version}`}
                note={[each.author, each.reason].filter(Boolean).join(": ")}
                aside={each.removed ? <Chip>taken away</Chip> : <When at={each.at} />}
              >
                {each.diff ? <Diff text={each.diff} label={`What version ${each.version} changed`} /> : <Empty>The text stayed.</Empty>}
              </Card>
            ))}
          </div>
        )}
      </Shown>
    </Page>
  );
}

const marked = (line: string): string | undefined => {
  if (line.startsWith("+++") || line.startsWith("---")) return "diff-file";
  if (line.startsWith("+")) return "diff-more";
  if (line.startsWith("-")) return "diff-less";
  return line.startsWith("@@") ? "diff-place" : undefined;
};

export function Diff({ text, label }: { text: string; label: string }) {
  const lines = text.replace(/\n$/, "").split("\n");
  return (
    <pre className="diff" role="region" aria-label={label} tabIndex={0}>
      {lines.map((line, at) => (
        <span key={at} className={marked(line)}>
          {line}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
