import "../styles/models.css";
import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { path, useDoing, useReading } from "../api/reading";
import { trained } from "../api/training";
import type { ModelDetail, ModelRow } from "../api/types";
import { Told } from "../parts/doing";
import { Answers, interval, measured, measureName, predicted } from "../parts/models";
import { Card, Chip, Empty, Page, Shown, useStatus } from "../parts/page";
import { Table } from "../parts/table";
import { ago, capital } from "../words";

export default function Models() {
  const reading = useReading<ModelRow[]>("/learning");
  return (
    <Page
      title="Models"
      lead="What people are likely to do. Each model was judged on a later window beside the best naive rule, and answers only where it won."
    >
      <div className="stack">
        <Card title="Trained models">
          <Shown reading={reading} height={320}>
            {(models) => <Trained models={models.filter(isTrained)} />}
          </Shown>
        </Card>
        {reading.value && <Untrained models={reading.value.filter((model) => !isTrained(model))} again={reading.again} />}
      </div>
    </Page>
  );
}

const NAMED = {
  name: "Model",
  head: true,
  cell: (model: ModelRow) => (
    <>
      <Link className="long" href={`/models${path(model.name)}`}>
        {model.name}
      </Link>
      <small className="dim block">{model.trouble || capital(predicted(model))}</small>
      {model.trouble && <Chip tone="red">broken</Chip>}
    </>
  ),
};

const isTrained = (model: ModelRow): boolean => model.latest > 0;

function Trained({ models }: { models: ModelRow[] }) {
  return models.length === 0 ? <Empty>No model is trained yet.</Empty> : <ModelsTable models={models} />;
}

/** Models that come along or were asked for, each to be trained where it stands. */
function Untrained({ models, again }: { models: ModelRow[]; again: () => void }) {
  const doing = useDoing();
  const [name, choose] = useState("");
  const train = (model: ModelRow) => {
    choose(model.name);
    doing.run(async () => {
      const found = await trained<ModelDetail>(`/models${path(model.name)}`);
      again();
      return `${model.name} is trained: ${found.card?.why ?? ""}`;
    });
  };
  if (models.length === 0 && !doing.said) return null;
  return (
    <Card title="Not trained yet" note="Training takes minutes. A model that does not beat its naive rule says so, and the rule answers instead.">
      {models.length > 0 && (
        <Table
          caption="Models that are not trained yet"
          rows={models}
          id={(model) => model.name}
          columns={[
            NAMED,
            {
              name: "Train",
              right: true,
              cell: (model) => (
                <Button size="xs" variant="default" disabled={doing.busy || model.trouble !== ""} onClick={() => train(model)} aria-label={`Train ${model.name}`}>
                  Train
                </Button>
              ),
            },
          ]}
        />
      )}
      {doing.busy && (
        <p className="dim" role="status">
          Training {name}. It goes on if you leave this page.
        </p>
      )}
      <Told doing={doing} />
      <p className="note">For an event of your own, write a file in the folder models/ and apply it.</p>
    </Card>
  );
}

/** How far the model is ahead of its naive rule by the measure that decides; why not, where nothing was measured. */
function Judged({ model }: { model: ModelRow }) {
  const { currency } = useStatus();
  const first = model.card?.measures[0];
  if (!first) return <span className="dim">{model.card?.why ?? "–"}</span>;
  const [low, high] = interval(first, currency);
  return (
    <>
      {measureName(first.name)} {measured(first.name, first.model, currency)}, by the rule “{first.naive_rule}”{" "}
      {measured(first.name, first.naive, currency)}
      <small className="dim block">
        difference {low} to {high}, 95 %
      </small>
    </>
  );
}

function ModelsTable({ models }: { models: ModelRow[] }) {
  const { now } = useStatus();
  return (
    <Table
      caption="Models"
      rows={models}
      id={(model) => model.name}
      columns={[
        NAMED,
        {
          name: "State",
          cell: (model) => (
            <span className="state">
              <Answers card={model.card} version={model.serving} /> {model.drifts && <Chip tone="red">drifts</Chip>}
              {model.serving > 0 && model.latest > model.serving && <Chip tone="sky">challenger waits</Chip>}
            </span>
          ),
        },
        { name: "Judged", wide: true, cell: (model) => <Judged model={model} /> },
        { name: "Version", right: true, wide: true, cell: (model) => model.serving || "–" },
        {
          name: "Trained",
          wide: true,
          cell: (model) =>
            model.card ? (
              <span className="nowrap">
                {ago(model.card.trained_at, now)}
                <small className="dim block">{model.scheduled ? `again ${model.scheduled}` : "by command"}</small>
              </span>
            ) : (
              <span className="dim">{model.serving > 0 ? "–" : "never"}</span>
            ),
        },
      ]}
    />
  );
}
