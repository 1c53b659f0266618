import "../styles/models.css";
import { Button } from "@mantine/core";
import { useState } from "react";
import { path, query, send, useDoing, useReading } from "../api/reading";
import { trained } from "../api/training";
import type { DriftLook, Evened, FairnessReport, ModelDetail, ModelReport, ModelVersion } from "../api/types";
import { ShareBar } from "../parts/charts";
import { Told } from "../parts/doing";
import { Answers, Lift, measured, measureName, Measures, Reliability } from "../parts/models";
import { Card, Chip, Empty, Fact, Facts, Page, Shown, type Tone, useStatus, When } from "../parts/page";
import { Reasoned } from "../parts/sending";
import { Table } from "../parts/table";
import { capital, count, date, figure, many, plain, share, traitName } from "../words";

export default function Model({ name }: { name: string }) {
  const where = `/models${path(name)}`;
  const reading = useReading<ModelDetail>(where);
  const model = reading.value;
  return (
    <Page
      title={name}
      lead={model && `Foretells ${plain(model.target)}.`}
      back={{ to: "/models", word: "Models" }}
      actions={
        model && (
          <p className="big">
            <strong>{model.serving || "–"}</strong>
            <span>
              version that serves <Answers card={model.card} />
            </span>
          </p>
        )
      }
    >
      <Shown reading={reading} height={900}>
        {(found) => (
          <div className="stack">
            {found.card ? <Judged card={found.card} /> : <NotYet />}
            <Life model={found} where={where} again={reading.again} />
            {found.card?.evened && <EvenedOut evened={found.card.evened} />}
            {found.card && <Said card={found.card} />}
            {found.card && <Learnt card={found.card} />}
            <div className={found.card?.kind === "propensity" ? "halves" : undefined}>
              <Drift model={found} where={where} again={reading.again} />
              {found.card?.kind === "propensity" && <Fairness where={where} />}
            </div>
            {found.spent.length > 0 && <Budget model={found} />}
          </div>
        )}
      </Shown>
    </Page>
  );
}

function NotYet() {
  return (
    <Card title="Not trained yet">
      <Empty>Nothing serves until it was trained and judged once: train it below.</Empty>
    </Card>
  );
}

function Judged({ card }: { card: ModelReport }) {
  return (
    <Card title="How it was judged" note={card.why}>
      <Measures of={card.name} measures={card.measures} />
      <Facts>
        <Fact word="Learnt from">
          {date(card.train_from)} to {date(card.train_until)}
        </Fact>
        <Fact word="Judged on">
          {date(card.test_from)} to {date(card.test_until)}
        </Fact>
        <Fact word="People">
          {count(card.people)}
          {card.outcomes > 0 && `, ${count(card.outcomes)} with the outcome`}
        </Fact>
        {card.algorithm && <Fact word="Algorithm">{plain(card.algorithm)}</Fact>}
        {card.threshold !== null && (
          <Fact word="A yes begins at" note="the highest F1 on the window before">
            {share(card.threshold)}
          </Fact>
        )}
        {card.calibration && <Fact word="Calibration">{card.calibration}</Fact>}
      </Facts>
    </Card>
  );
}

interface LifeProps {
  model: ModelDetail;
  where: string;
  again: () => void;
}

const BECAME: Record<string, [string, Tone]> = {
  first: ["the first", "grey"],
  promoted: ["did not lose", "moss"],
  kept: ["lost to the champion", "amber"],
  "rolled back": ["rolled back to", "sky"],
};

function Life({ model, where, again }: LifeProps) {
  const doing = useDoing();
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
      return `Version ${chosen} serves now.`;
    });
  return (
    <Card
      title="Versions"
      note="A new version is the challenger: it serves unless it is surely worse than the champion on the latest window."
    >
      {model.versions.length > 0 && <VersionsTable versions={model.versions} />}
      <div className="actions">
        <Button onClick={train} disabled={doing.busy} variant={model.card ? "default" : "filled"}>
          {model.card ? "Train it anew" : "Train it"}
        </Button>
        {others.length > 0 && (
          <select
            className="field"
            aria-label="Version to roll back to"
            value={chosen}
            onChange={(event) => choose(Number(event.currentTarget.value))}
          >
            {others.map((each) => (
              <option key={each.version} value={each.version}>
                version {each.version}
              </option>
            ))}
          </select>
        )}
      </div>
      {others.length > 0 && (
        <Reasoned
          label={`Why version ${chosen} is to serve`}
          needed
          doing={doing}
          acts={[{ word: chosen < model.serving ? `Roll back to version ${chosen}` : `Have version ${chosen} serve`, act: back }]}
        />
      )}
      <Told doing={doing} />
      {model.learnt_on && (
        <p className="dim">
          Learning on, <When at={model.learnt_on.at} />: {many(model.learnt_on.learnt, "outcome")}; {model.learnt_on.why}
        </p>
      )}
      {model.turns.length > 0 && (
        <details>
          <summary>Who had what serve</summary>
          <ul className="turns">
            {model.turns.map((turn) => (
              <li key={`${turn.at} ${turn.version} ${turn.challenger}`}>
                <When at={turn.at} />: version {turn.version}, {turn.how}
                {turn.author && ` by ${turn.author}`}. <span className="dim">{turn.reason}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  );
}

function VersionsTable({ versions }: { versions: ModelVersion[] }) {
  const { currency } = useStatus();
  const first = versions.flatMap((each) => each.measures)[0]?.name ?? "";
  return (
    <Table
      caption="Versions, the newest first"
      rows={versions}
      id={(each) => each.version}
      columns={[
        {
          name: "Version",
          head: true,
          cell: (each) => (
            <>
              {each.version} {each.serves && <Chip tone="moss">serves</Chip>}
            </>
          ),
        },
        { name: "Trained", cell: (each) => <When at={each.trained_at} /> },
        { name: "Answers", wide: true, cell: (each) => (each.wins ? plain(each.algorithm) || "the model" : "its naive rule") },
        {
          name: "What became of it",
          cell: (each) => {
            const [word, tone] = BECAME[each.became] ?? ["nobody spoke", "grey"];
            return <Chip tone={tone}>{word}</Chip>;
          },
        },
        {
          name: first ? measureName(first) : "Figure",
          right: true,
          wide: true,
          cell: (each) => {
            const found = each.measures.find((measure) => measure.name === first);
            return found ? measured(first, found.model, currency) : "–";
          },
        },
      ]}
    />
  );
}

function Said({ card }: { card: ModelReport }) {
  if (card.reliability.length === 0 && card.lift.length === 0) return null;
  return (
    <div className="halves">
      {card.reliability.length > 0 && (
        <Card title="Said and came" note="On the line, what it said is what came.">
          <Reliability model={card} />
        </Card>
      )}
      {card.lift.length > 0 && (
        <Card
          title="Lift"
          note={
            card.kind === "value"
              ? "How much more than the average those brought of whom most was expected; and what part of all that was, so far."
              : "How much more often it came to the likeliest than to everybody; and what part of all that was, so far."
          }
        >
          <Lift model={card} />
        </Card>
      )}
    </div>
  );
}

function Learnt({ card }: { card: ModelReport }) {
  if (card.importances.length === 0 && card.tried.length === 0) return null;
  const figured = card.measures[0] ? measureName(card.measures[0].name) : "Figure";
  const most = Math.max(...card.importances.map((each) => each.share), 0.01);
  return (
    <div className="halves">
      {card.importances.length > 0 && (
        <Card title="What moves it">
          <Table
            caption="How much of all that moves scores each trait does"
            rows={card.importances}
            id={(each) => each.feature}
            columns={[
              { name: "Trait", head: true, cell: (each) => traitName(each.feature) },
              {
                name: "Share",
                cell: (each) => (
                  <>
                    <ShareBar share={each.share / most} /> {share(each.share, 0)}
                  </>
                ),
              },
            ]}
          />
        </Card>
      )}
      {card.tried.length > 0 && (
        <Card title="What was tried" note="On the window before the last, which judges alone.">
          <Table
            caption="Algorithms that were tried"
            rows={card.tried}
            id={(_, index) => index}
            columns={[
              {
                name: "Algorithm",
                head: true,
                cell: (each) => (
                  <>
                    {plain(each.algorithm)} {each.chosen && <Chip tone="moss">chosen</Chip>}
                    {(each.why || each.settings) && <small className="dim block">{each.why || each.settings}</small>}
                  </>
                ),
              },
              { name: figured, right: true, cell: (each) => (each.figure === null ? "–" : figure(each.figure)) },
            ]}
          />
          {card.validations.length > 0 && (
            <Table
              caption="Validated in several ways, with their bias"
              rows={card.validations}
              id={(each) => each.kind}
              columns={[
                { name: "Validated by", head: true, cell: (each) => each.kind },
                { name: figured, right: true, cell: (each) => figure(each.figure) },
                { name: "Bias", right: true, cell: (each) => figure(each.bias) },
              ]}
            />
          )}
        </Card>
      )}
    </div>
  );
}

function Drift({ model, where, again }: LifeProps) {
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
      note={drift ? drift.why : "Nobody has looked yet whether people and outcomes are still those it was judged on."}
      aside={drift && <Chip tone={drift.alarm ? "red" : "moss"}>{drift.alarm ? "alarm" : "still"}</Chip>}
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
                  {traitName(each.name)} <small className="dim">{each.kind}</small>
                </>
              ),
            },
            {
              name: "Moved",
              right: true,
              cell: (each) => <span className={each.alarm ? "wrong" : undefined}>{figure(each.value, 2)}</span>,
            },
            { name: "Alarm at", right: true, cell: (each) => figure(each.limit, 2) },
          ]}
        />
      )}
      {model.card && (
        <div className="actions">
          <Button variant="default" onClick={look} disabled={doing.busy}>
            Look now
          </Button>
          {drift && (
            <p className="dim">
              Last looked <When at={drift.at} />, {many(drift.people, "person", "people")}.
            </p>
          )}
        </div>
      )}
      <Told doing={doing} />
    </Card>
  );
}

const GROUPS = ["country", "usual_device", "last_channel"];

function Fairness({ where }: { where: string }) {
  const [trait, choose] = useState("country");
  const reading = useReading<FairnessReport>(`${where}/fairness${query({ trait })}`);
  return (
    <Card
      title="Groups"
      note="Who is chosen, who of those with the outcome is found, what was said and what came, on the latest window."
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
                  { name: "Said", right: true, wide: true, cell: (each) => share(each.mean_probability) },
                  { name: "Came", right: true, cell: (each) => share(each.outcome_rate) },
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

function EvenedOut({ evened }: { evened: Evened }) {
  return (
    <Card title={`Fair by ${plain(evened.trait)}`} note={evened.why}>
      <Table
        caption={`Groups of ${plain(evened.trait)}, evened out and without`}
        rows={evened.groups}
        id={(each) => each.group}
        columns={[
          { name: "Group", head: true, cell: (each) => each.group },
          { name: "People", right: true, wide: true, cell: (each) => count(each.people) },
          { name: "Chosen without", right: true, cell: (each) => share(each.chosen_before) },
          { name: "Chosen", right: true, cell: (each) => share(each.chosen) },
          { name: "Came", right: true, wide: true, cell: (each) => share(each.outcome_rate) },
        ]}
      />
    </Card>
  );
}

function Budget({ model }: { model: ModelDetail }) {
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
