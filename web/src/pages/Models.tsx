import "../styles/models.css";
import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type { ModelRow } from "../api/types";
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
        <Card title="All models">
          <Shown reading={reading} height={320}>
            {(models) => (models.length === 0 ? <Empty>There is no model yet.</Empty> : <ModelsTable models={models} />)}
          </Shown>
        </Card>
        {reading.value && <Further known={reading.value} />}
      </div>
    </Page>
  );
}

/** What else comes along, for who has not trained it yet. */
const FURTHER = ["churn", "value", "next_order", "first_purchase", "unsubscribe_risk", "engagement", "send_hour"];

function Further({ known }: { known: ModelRow[] }) {
  const names = FURTHER.filter((name) => known.every((model) => model.name !== name));
  if (names.length === 0) return null;
  return (
    <Card title="More models" note="They come along, and are trained once somebody names them; from then on they are in the list above.">
      <pre className="code wrap" tabIndex={0} role="region" aria-label="The command that trains more models">
        tailorbird models train {names.join(" ")}
      </pre>
      <p className="note">For an event of your own, write a file in the folder models/ and apply it.</p>
    </Card>
  );
}

/** How far the model is ahead of its naive rule by the measure that decides; why not, where nothing was measured. */
function Judged({ model }: { model: ModelRow }) {
  const { currency } = useStatus();
  const first = model.card?.measures[0];
  if (!first) return <span className="dim">{model.card?.why ?? "Open it to train it."}</span>;
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
        {
          name: "Model",
          head: true,
          cell: (model) => (
            <>
              <Link className="long" href={`/models${path(model.name)}`}>
                {model.name}
              </Link>
              <small className="dim block">{capital(predicted(model))}</small>
            </>
          ),
        },
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
