// What keeps a model honest: drift, fairness between groups, and the privacy that it has cost.

import { Button } from "@mantine/core";
import { useState } from "react";
import { query, send, useDoing, useReading } from "../api/reading";
import type { DriftLook, Evened, FairnessReport, ModelDetail } from "../api/types";
import { count, figure, many, plain, points, share } from "../words";
import { Told } from "./doing";
import { TraitCell } from "./models";
import { Card, Chip, Empty, Shown, When } from "./page";
import { Table } from "./table";
import type { LifeProps } from "./versions";

const WHAT_MOVED: Record<string, string> = { label: "how often" };

/** How far something moved, with its unit: how often an outcome comes, points of calibration, or a stability index. */
function moved(kind: string, value: number): string {
  if (kind === "label") return `${figure(value, 2)} times`;
  return kind === "calibration" ? `${points(value)} points` : `PSI ${figure(value, 2)}`;
}

export function Drift({ model, where, again }: LifeProps) {
  const doing = useDoing();
  const look = () =>
    doing.run(async () => {
      const found = await send<DriftLook>("POST", `${where}/drift`);
      again();
      return found.why;
    });
  const drift = model.drift;
  return (
    <Card
      title="Drift"
      note={drift ? drift.why : "Whether people and outcomes are still like those it was judged on has not been checked yet."}
      aside={drift && <Chip tone={drift.alarm ? "red" : "moss"}>{drift.alarm ? "alarm" : "no alarm"}</Chip>}
    >
      {drift && drift.drifts.length > 0 && (
        <Table
          caption={`What moved since version ${drift.version} was judged`}
          rows={drift.drifts}
          id={(each) => `${each.kind} ${each.name}`}
          columns={[
            {
              name: "What",
              head: true,
              cell: (each) => (
                <>
                  {each.words ? <TraitCell name={each.name} words={each.words} /> : plain(each.name)}{" "}
                  <small className="dim">{WHAT_MOVED[each.kind]}</small>
                </>
              ),
            },
            {
              name: "Moved",
              right: true,
              cell: (each) => <span className={each.alarm ? "wrong" : undefined}>{moved(each.kind, each.value)}</span>,
            },
            { name: "Alarm at", right: true, cell: (each) => moved(each.kind, each.limit) },
          ]}
        />
      )}
      {model.card && (
        <div className="actions">
          <Button variant="default" onClick={look} disabled={doing.busy}>
            Check now
          </Button>
          {drift && (
            <p className="dim">
              Last checked <When at={drift.at} />, {many(drift.people, "person", "people")}.
            </p>
          )}
        </div>
      )}
      <Told doing={doing} />
    </Card>
  );
}

const GROUPS = ["country", "usual_device", "last_channel"];

export function Fairness({ where }: { where: string }) {
  const [trait, choose] = useState("country");
  const reading = useReading<FairnessReport>(`${where}/fairness${query({ trait })}`);
  return (
    <Card
      title="Fairness"
      note="On the latest window. Chosen: with a score above the threshold. Found: chosen, of those with the outcome."
      aside={
        <select className="field" aria-label="Group people by" value={trait} onChange={(event) => choose(event.currentTarget.value)}>
          {GROUPS.map((each) => (
            <option key={each} value={each}>
              {plain(each)}
            </option>
          ))}
        </select>
      }
    >
      {reading.trouble?.code === "model" ? (
        <Empty>{reading.trouble.message}</Empty>
      ) : (
        <Shown reading={reading} height={220}>
          {(found) => (
            <>
              <Table
                caption={`Groups by ${plain(trait)}`}
                rows={found.groups}
                id={(each) => each.group}
                columns={[
                  { name: "Group", head: true, cell: (each) => each.group },
                  { name: "People", right: true, wide: true, cell: (each) => count(each.people) },
                  { name: "Chosen", right: true, cell: (each) => share(each.selection_rate) },
                  { name: "Found", right: true, cell: (each) => (each.found === null ? "–" : share(each.found)) },
                  { name: "Predicted", right: true, wide: true, cell: (each) => share(each.mean_probability) },
                  { name: "Observed", right: true, cell: (each) => share(each.outcome_rate) },
                ]}
              />
              <p className="note">{found.why}</p>
            </>
          )}
        </Shown>
      )}
    </Card>
  );
}

export function EvenedOut({ evened }: { evened: Evened }) {
  return (
    <Card title={`Fair by ${plain(evened.trait)}`} note={evened.why}>
      <Table
        caption={`Groups of ${plain(evened.trait)}, evened out and otherwise`}
        rows={evened.groups}
        id={(each) => each.group}
        columns={[
          { name: "Group", head: true, cell: (each) => each.group },
          { name: "People", right: true, wide: true, cell: (each) => count(each.people) },
          { name: "Chosen otherwise", right: true, cell: (each) => share(each.chosen_before) },
          { name: "Chosen", right: true, cell: (each) => share(each.chosen) },
          { name: "Observed", right: true, wide: true, cell: (each) => share(each.outcome_rate) },
        ]}
      />
    </Card>
  );
}

export function Budget({ model }: { model: ModelDetail }) {
  const total = model.spent.reduce((sum, each) => sum + each.epsilon, 0);
  return (
    <Card title="Privacy spent this year" note={`Epsilon ${figure(total, 2)} in all. What is spent is not taken back.`}>
      <Table
        caption="What privacy was spent on"
        rows={model.spent}
        id={(_, index) => index}
        columns={[
          { name: "For", head: true, cell: (each) => each.what },
          { name: "Epsilon", right: true, cell: (each) => figure(each.epsilon, 2) },
          { name: "When", cell: (each) => <When at={each.at} /> },
        ]}
      />
    </Card>
  );
}
