// What every definition has: versions that say who and why, what rests on it, and an end.

import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { path, query, send, useDoing, useReading } from "../api/reading";
import type { DefinitionUse, DefinitionVersion, RemovedDefinition } from "../api/types";
import { ago, capital, plain } from "../words";
import { GiveUp, Told } from "./doing";
import { Card, Empty, Shown, useStatus } from "./page";
import { Table } from "./table";

interface VersionsProps {
  versions: DefinitionVersion[];
  onUse: (text: string) => void;
}

export function Versions({ versions, onUse }: VersionsProps) {
  const { now } = useStatus();
  return (
    <Table
      caption="All versions"
      rows={versions}
      id={(each) => each.version}
      columns={[
        { name: "Version", head: true, cell: (each) => (each === versions[0] ? `${each.version}, in force` : each.version) },
        { name: "Saved", cell: (each) => ago(each.created_at, now) },
        { name: "By", cell: (each) => each.author || <span className="dim">–</span> },
        { name: "Why", cell: (each) => each.reason || <span className="dim">–</span> },
        {
          name: "Text",
          cell: (each) => (
            <button type="button" className="plain-button" aria-label={`take this text: version ${each.version}`} onClick={() => onUse(each.text)}>
              take this text
            </button>
          ),
        },
      ]}
    />
  );
}

interface WrittenProps {
  where: string;
  onKept: () => void;
  /** Returns the editor of a text; `fresh` where that text is not the one in force. */
  children: (start: string, fresh: boolean, kept: () => void) => ReactNode;
}

/** The text in force with its editor, and all versions of it. */
export function Written({ where, onKept, children }: WrittenProps) {
  const versions = useReading<DefinitionVersion[]>(`${where}/versions`);
  const [chosen, choose] = useState<string | null>(null);
  const inForce = versions.value?.[0]?.text ?? "";
  const kept = () => {
    choose(null);
    versions.again();
    onKept();
  };
  return (
    <>
      <Card title="Definition">
        <Shown reading={versions} height={320}>
          {() => children(chosen ?? inForce, chosen !== null && chosen !== inForce, kept)}
        </Shown>
      </Card>
      {versions.value && (
        <Card title="Versions" aside={<Link href={`/history${where}`}>What each changed</Link>}>
          <Versions versions={versions.value} onUse={choose} />
        </Card>
      )}
    </>
  );
}

const PAGES: Record<string, string> = {
  segment: "/segments",
  groups: "/groups",
  clusters: "/clusters",
  campaign: "/campaigns",
  template: "/templates",
  image: "/images",
};

/** What rests on a definition; while there is any, it cannot be taken away. */
export function Uses({ where, kept = "Its versions and its history stay." }: { where: string; kept?: string }) {
  const reading = useReading<DefinitionUse[]>(`${where}/uses`);
  const doing = useDoing();
  const remove = (reason: string) =>
    doing.run(async () => {
      const gone = await send<RemovedDefinition>("DELETE", `${where}${query({ reason })}`);
      return `Taken away: ${gone.name}. ${kept}`;
    });
  return (
    <Card title="Used in" note="While something rests on it, it cannot be taken away.">
      <Shown reading={reading} height={80}>
        {(uses) => (
          <>
            {uses.length === 0 ? (
              <Empty>Nothing rests on it.</Empty>
            ) : (
              <ul className="uses">
                {uses.map((use) => (
                  <li key={`${use.kind} ${use.name} ${use.how}`}>
                    {capital(plain(use.kind))}{" "}
                    {PAGES[use.kind] ? <Link href={`${PAGES[use.kind]}${path(use.name)}`}>{use.name}</Link> : use.name}{" "}
                    <span className="dim">({use.how})</span>
                  </li>
                ))}
              </ul>
            )}
            <GiveUp what="Take it away" doing={doing} onGiveUp={remove} disabled={uses.length > 0} />
            <Told doing={doing} />
          </>
        )}
      </Shown>
    </Card>
  );
}
