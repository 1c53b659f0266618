// A model's versions: which is in use, training anew, and going back to another one.

import { Button, NativeSelect } from "@mantine/core";
import { useState } from "react";
import { send, useDoing } from "../api/reading";
import { trained } from "../api/training";
import type { ModelDetail, ModelVersion } from "../api/types";
import { capital, count, many } from "../words";
import { Told } from "./doing";
import { algorithmName, measured, measureName } from "./models";
import { Card, Chip, type Tone, useStatus, When } from "./page";
import { Reasoned } from "./sending";
import { Table } from "./table";

export interface LifeProps {
  model: ModelDetail;
  where: string;
  again: () => void;
}

const BECAME: Record<string, [string, Tone]> = {
  first: ["first version", "grey"],
  promoted: ["took over", "moss"],
  kept: ["lost to the champion", "amber"],
  "rolled back": ["rolled back to", "sky"],
};

/** What is learnt elsewhere: from a campaign's holdout, by the page of clusters, from tests of subject lines. */
export const isElsewhere = ({ target }: ModelDetail): boolean => ["uplift", "clusters", "subject_lines"].includes(target);

export function Life({ model, where, again }: LifeProps) {
  const doing = useDoing();
  const elsewhere = isElsewhere(model);
  const [version, choose] = useState(0);
  const others = model.versions.filter((each) => !each.serves);
  const chosen = others.some((each) => each.version === version) ? version : (others[0]?.version ?? 0);
  const train = () =>
    doing.run(async () => {
      const found = await trained<ModelDetail>(where);
      again();
      return `Trained: version ${found.latest}. ${capital(found.turns[0]?.reason ?? "")}.`;
    });
  const back = (reason: string) =>
    doing.run(async () => {
      await send<ModelDetail>("POST", `${where}/roll-back`, { version: chosen, reason });
      again();
      return `Version ${chosen} is in use now.`;
    });
  return (
    <Card
      title="Versions"
      note={
        elsewhere
          ? "A new version takes the place of the one before."
          : "A new version (the challenger) is compared with the one in use (the champion) on the latest window, and takes over unless it is worse."
      }
      aside={model.scheduled ? `Trained again ${model.scheduled}` : "Trained by command only"}
    >
      {model.versions.length > 0 && <VersionsTable versions={model.versions} loser={elsewhere ? "nobody is scored" : "its naive rule"} />}
      {!elsewhere && (
        <div className="actions">
          <Button onClick={train} disabled={doing.busy || model.trouble !== ""} variant={model.versions.length > 0 ? "default" : "filled"}>
            {model.versions.length > 0 ? "Train it anew" : "Train it"}
          </Button>
          {doing.busy && (
            <p className="dim" role="status">
              Working… It goes on if you leave this page.
            </p>
          )}
        </div>
      )}
      {others.length > 0 && (
        <>
          <h3>Use another version</h3>
          <div className="actions">
            <NativeSelect
              label="Version"
              value={String(chosen)}
              data={others.map((each) => ({ value: String(each.version), label: `version ${each.version}` }))}
              onChange={(event) => choose(Number(event.currentTarget.value))}
            />
            <Reasoned
              label={`Why version ${chosen} is to be used`}
              needed
              doing={doing}
              acts={[{ word: chosen < model.serving ? `Roll back to version ${chosen}` : `Use version ${chosen}`, act: back }]}
            />
          </div>
        </>
      )}
      <Told doing={doing} />
      {model.learnt_on && (
        <p className="dim">
          Learning on, <When at={model.learnt_on.at} />: {many(model.learnt_on.learnt, "outcome")}; {model.learnt_on.why}
        </p>
      )}
      {model.turns.length > 0 && (
        <details>
          <summary>Which version was put to use when, and why</summary>
          <ul className="turns">
            {model.turns.map((turn) => (
              <li key={`${turn.at} ${turn.version} ${turn.challenger}`}>
                <When at={turn.at} />: version {turn.version}, {TURNS[turn.how] ?? turn.how}
                {turn.author && ` by ${turn.author}`}. <span className="dim">{capital(turn.reason)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  );
}

const TURNS: Record<string, string> = { first: "the first", promoted: "took over", kept: "stayed in use", "rolled back": "rolled back to" };

/** So many versions are seen before somebody asks for all. */
const NEWEST = 8;

interface VersionsProps {
  versions: ModelVersion[];
  /** What answers in place of a version that did not win. */
  loser: string;
}

function VersionsTable({ versions, loser }: VersionsProps) {
  const { currency } = useStatus();
  const first = versions.flatMap((each) => each.measures)[0]?.name ?? "";
  const [all, showAll] = useState(false);
  const shown = all ? versions : versions.filter((each, index) => index < NEWEST || each.serves);
  return (
    <>
      <Table
        caption="Versions, the newest first"
        rows={shown}
        id={(each) => each.version}
        columns={[
          {
            name: "Version",
            head: true,
            cell: (each) => (
              <span className="nowrap">
                {each.version} {each.serves && <Chip tone="moss">in use</Chip>}
              </span>
            ),
          },
          {
            name: "Trained",
            cell: (each) => (
              <span className="trained">
                <When at={each.trained_at} />
              </span>
            ),
          },
          { name: "Answers", wide: true, cell: (each) => (each.wins ? algorithmName(each.algorithm) || "the model" : loser) },
          {
            name: "What became of it",
            cell: (each) => {
              const [word, tone] = BECAME[each.became] ?? ["not compared", "grey"];
              return <Chip tone={tone}>{word}</Chip>;
            },
          },
          {
            name: first ? measureName(first) : "Measure",
            right: true,
            wide: true,
            cell: (each) => {
              const found = each.measures.find((measure) => measure.name === first);
              return found ? measured(first, found.model, currency) : "–";
            },
          },
        ]}
      />
      {versions.length > shown.length && (
        <button type="button" className="plain-button" onClick={() => showAll(true)}>
          Show all {count(versions.length)} versions
        </button>
      )}
    </>
  );
}
