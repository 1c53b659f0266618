import { Link, useLocation } from "wouter";
import { path, useReading } from "../api/reading";
import type { FormRow, KeptText } from "../api/types";
import { Definition } from "../parts/doing";
import { Card, Empty, Page, Shown } from "../parts/page";
import { Table } from "../parts/table";
import { count } from "../words";

const START = `name: opinion
title: How are we doing?
fields:
  - {name: email, kind: email, label: Your e-mail address}
  - name: nps
    kind: nps
    label: How likely are you to recommend us to a friend?
    low: Not at all
    high: Very likely
`;

export default function Forms() {
  const reading = useReading<FormRow[]>("/forms");
  const [, go] = useLocation();
  return (
    <Page title="Forms" lead="Forms and surveys: they work hosted here, or inside any page.">
      <div className="stack">
        <Card title="All forms">
          <Shown reading={reading} height={240}>
            {(forms) =>
              forms.length === 0 ? <Empty>No form yet. Write one below.</Empty> : <FormsTable forms={forms} />
            }
          </Shown>
        </Card>
        <Card title="A new form">
          <FormText start={START} onKept={(kept) => go(`/forms${path(kept.name)}`)} />
        </Card>
      </div>
    </Page>
  );
}

function FormsTable({ forms }: { forms: FormRow[] }) {
  return (
    <Table
      caption="Forms"
      rows={forms}
      id={(f) => f.name}
      columns={[
        {
          name: "Form",
          head: true,
          cell: (f) => (
            <>
              <Link href={`/forms${path(f.name)}`}>{f.name}</Link>
              <small className="dim block">{f.title}</small>
            </>
          ),
        },
        { name: "Questions", right: true, cell: (f) => count(f.questions) },
        { name: "Double opt-in", wide: true, cell: (f) => (f.double_opt_in ? "yes" : "no") },
        { name: "Version", right: true, wide: true, cell: (f) => f.version },
        {
          name: "Hosted at",
          cell: (f) => (
            <a href={f.url} target="_blank" rel="noreferrer">
              {f.url}
            </a>
          ),
        },
      ]}
    />
  );
}

export function FormText({ start, onKept }: { start: string; onKept: (kept: KeptText) => void }) {
  return (
    <Definition<KeptText>
      key={start}
      label="Form in YAML"
      start={start}
      where="/forms"
      onKept={onKept}
      right={(answer) => (
        <p className="said good">
          It is right: {answer.name}, version {answer.version}.
        </p>
      )}
    />
  );
}
