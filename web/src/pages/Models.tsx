import "../styles/models.css";
import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type { ModelRow } from "../api/types";
import { Answers, measured, measureName } from "../parts/models";
import { Card, Chip, Empty, Page, Shown, useStatus } from "../parts/page";
import { Table } from "../parts/table";
import { ago, plain } from "../words";

export default function Models() {
  const reading = useReading<ModelRow[]>("/learning");
  return (
    <Page
      title="Models"
      lead="What is foretold of people. Each model is judged on a later window beside the best naive rule, and answers only where it surely wins."
    >
      <Card title="All models">
        <Shown reading={reading} height={320}>
          {(models) => (models.length === 0 ? <Empty>No model is wanted yet. Write one in models/, or train one by its name: tailorbird models train churn.</Empty> : <ModelsTable models={models} />)}
        </Shown>
      </Card>
    </Page>
  );
}

/** The measure that decides, and how far the model is ahead of the rule by it. */
function ahead(model: ModelRow, currency: string): string {
  const first = model.card?.measures[0];
  if (!first) return "–";
  const told = (value: number) => measured(first.name, value, currency);
  return `${measureName(first.name)} ${told(first.model)}, ${told(first.naive)} by the rule ${first.naive_rule}`;
}

function ModelsTable({ models }: { models: ModelRow[] }) {
  const { now, currency } = useStatus();
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
              <Link href={`/models${path(model.name)}`}>{model.name}</Link>
              {model.target !== model.name && <small className="dim block">{plain(model.target)}</small>}
            </>
          ),
        },
        {
          name: "State",
          cell: (model) => (
            <>
              <Answers card={model.card} /> {model.drifts && <Chip tone="red">drifts</Chip>}
              {model.latest > model.serving && <Chip tone="sky">challenger waits</Chip>}
            </>
          ),
        },
        { name: "Judged", wide: true, cell: (model) => ahead(model, currency) },
        { name: "Version", right: true, wide: true, cell: (model) => model.serving || "–" },
        {
          name: "Trained",
          cell: (model) =>
            model.card ? (
              <>
                {ago(model.card.trained_at, now)}
                <small className="dim block">{model.scheduled ? `again ${model.scheduled}` : "by command"}</small>
              </>
            ) : (
              <span className="dim">never</span>
            ),
        },
      ]}
    />
  );
}
