import { Link } from "wouter";
import { path, query, useReading } from "../api/reading";
import type {
  Breach,
  FieldProfile,
  Finding,
  HeldCode,
  ImportedFile,
  OrderProfile,
  QualityReport,
  SchemaChange,
  SourceProfile,
} from "../api/types";
import { Spark } from "../parts/charts";
import { Card, Chip, Empty, Fact, Facts, Page, Shown, type Tone, useStatus } from "../parts/page";
import { Table } from "../parts/table";
import { brief, capital, count, date, instant, money, plain, share } from "../words";

const TONES: Record<Finding["level"], Tone> = { alarm: "red", warning: "amber", note: "grey" };

export default function Quality() {
  const reading = useReading<QualityReport>("/quality");
  const { now } = useStatus();
  return (
    <Page title="Quality" lead={`The state of the data at ${instant(now)}.`}>
      <Shown reading={reading} height={900}>
        {(report) => (
          <div className="stack">
            <Findings report={report} />
            <Sources sources={report.sources} />
            <div className="halves">
              <Orders orders={report.orders} />
              <People report={report} />
            </div>
            <Fields title="Traits of people" fields={report.traits} />
            <Fields title="Properties of events" fields={report.properties} />
            <Plan breaches={report.breaches} changes={report.schema} />
            <Held quarantine={report.quarantine} imports={report.imports} />
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Findings({ report }: { report: QualityReport }) {
  return (
    <Card title="What stands out" note={`${count(report.events)} events: ${report.verdict}`}>
      {report.findings.length === 0 ? (
        <Empty>Nothing stands out.</Empty>
      ) : (
        <Table
          caption="Findings, the gravest first"
          rows={report.findings}
          id={(_, index) => index}
          columns={[
            {
              name: "Level",
              cell: (f) => <Chip tone={TONES[f.level]}>{f.level}</Chip>,
            },
            {
              name: "What",
              head: true,
              cell: (f) => (
                <>
                  {f.what} <small className="dim block">{f.mend}</small>
                </>
              ),
            },
            { name: "Count", right: true, wide: true, cell: (f) => count(f.count) },
            { name: "About", wide: true, cell: (f) => f.area },
          ]}
        />
      )}
    </Card>
  );
}

function Sources({ sources }: { sources: SourceProfile[] }) {
  return (
    <Card
      title="Arrivals"
      note="Each source is compared with its own past: an alarm is false on one day in a hundred at most."
    >
      {sources.length === 0 ? (
        <Empty>Nothing has come yet.</Empty>
      ) : (
        <Table
          caption="Events by source"
          rows={sources}
          id={(s) => s.source}
          columns={[
            { name: "Source", head: true, cell: (s) => s.source },
            { name: "Events", right: true, cell: (s) => brief(s.events) },
            { name: "Late", right: true, cell: (s) => share(s.late / Math.max(s.events, 1)) },
            { name: "Duplicates", right: true, cell: (s) => count(s.duplicates) },
            {
              name: "Last four weeks",
              wide: true,
              cell: (s) => (
                <Spark
                  values={s.days.map((day) => day.events)}
                  words={`Events a day from ${s.source}`}
                />
              ),
            },
            { name: "Yesterday", wide: true, cell: (s) => <Yesterday source={s} /> },
            { name: "Last", wide: true, cell: (s) => date(s.last_at) },
          ]}
        />
      )}
    </Card>
  );
}

function Yesterday({ source }: { source: SourceProfile }) {
  const { volume } = source;
  if (!volume) return <span className="dim">too little history</span>;
  return (
    <>
      {volume.alarm && <Chip tone="red">alarm</Chip>} {count(volume.events)}
      <small className="dim block">about {count(volume.expected)} expected</small>
    </>
  );
}

function Orders({ orders }: { orders: OrderProfile }) {
  const { currency } = useStatus();
  return (
    <Card title="Orders">
      <Facts>
        <Fact word="Orders">{count(orders.orders)}</Fact>
        <Fact word="Cancellations and returns">{count(orders.returns)}</Fact>
        <Fact word="Without a customer">{count(orders.without_person)}</Fact>
        <Fact word="Worth nothing">{count(orders.worthless)}</Fact>
        <Fact word="Products without a price" note={`of ${count(orders.lines)}`}>
          {count(orders.unpriced_lines)}
        </Fact>
        <Fact word="Median">{money(orders.median_minor, currency)}</Fact>
        <Fact
          word="Far from all others"
          note={`above ${money(orders.high_fence_minor, currency, { brief: true })}`}
        >
          {count(orders.outliers)}
        </Fact>
      </Facts>
      {orders.furthest.length > 0 && (
        <Table
          caption="The orders that are furthest away"
          rows={orders.furthest}
          id={(o) => o.position}
          columns={[
            { name: "Order", head: true, cell: (o) => o.order_id || "no order id" },
            { name: "Value", right: true, cell: (o) => money(o.value_minor, currency) },
            { name: "At", wide: true, cell: (o) => date(o.at) },
          ]}
        />
      )}
    </Card>
  );
}

function People({ report }: { report: QualityReport }) {
  const { people } = report;
  return (
    <Card title="People">
      <Facts>
        <Fact word="People">{count(people.people)}</Fact>
        <Fact word="Without an address" note={`of ${count(people.sampled)} looked at`}>
          {count(people.without_address)}
        </Fact>
        <Fact word="Addresses that are none">{count(people.invalid_addresses)}</Fact>
        <Fact word="Addresses of disposable domains">{count(people.disposable_addresses)}</Fact>
        <Fact word="Telephone numbers that are none">{count(people.invalid_phones)}</Fact>
        <Fact word="Nothing heard" note={`for ${count(people.outdated_days)} days`}>
          {count(people.outdated)}
        </Fact>
      </Facts>
    </Card>
  );
}

function kinds(field: FieldProfile): string {
  if (field.sealed) return "sealed";
  const found = { text: field.texts, number: field.numbers, "true or false": field.booleans };
  return Object.entries(found)
    .filter(([, n]) => n > 0)
    .map(([kind]) => kind)
    .join(", ");
}

const bounds = (field: FieldProfile): string =>
  field.low === null || field.high === null
    ? ""
    : `${figureOf(field.low)} to ${figureOf(field.high)}`;

const figureOf = (n: number): string =>
  new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 6 }).format(n);

function Fields({ title, fields }: { title: string; fields: FieldProfile[] }) {
  return (
    <Card title={title}>
      {fields.length === 0 ? (
        <Empty>None has come yet.</Empty>
      ) : (
        <Table
          caption={`${title}, and what they are filled with`}
          rows={fields}
          id={(f) => path(f.of, f.name)}
          columns={[
            {
              name: "Name",
              head: true,
              cell: (f) => (
                <>
                  {f.name} {f.of && <small className="dim block">{f.of}</small>}
                </>
              ),
            },
            { name: "Filled", right: true, cell: (f) => share(f.share) },
            { name: "Of", right: true, wide: true, cell: (f) => count(f.among) },
            { name: "Type", cell: kinds },
            {
              name: "Different",
              right: true,
              wide: true,
              cell: (f) => (f.distinct ? count(f.distinct) : ""),
            },
            { name: "From, to", wide: true, cell: bounds },
          ]}
        />
      )}
    </Card>
  );
}

function Plan({ breaches, changes }: { breaches: Breach[]; changes: SchemaChange[] }) {
  return (
    <Card
      title="Tracking plan"
      note="Events that break the plan and were taken, and what this week's events say otherwise."
    >
      {breaches.length + changes.length === 0 && <Empty>Nothing breaks it, nothing changed.</Empty>}
      {breaches.length > 0 && (
        <Table
          caption="Broken rules"
          captionSeen
          rows={breaches}
          id={(_, index) => index}
          columns={[
            {
              name: "Property",
              head: true,
              cell: (b) => (
                <>
                  {b.property || "the event itself"} <small className="dim block">{b.event}</small>
                </>
              ),
            },
            { name: "Problem", cell: (b) => plain(b.problem) },
            { name: "Wanted", wide: true, cell: (b) => b.wants },
            { name: "Plan", wide: true, cell: (b) => `version ${b.plan_version}, line ${b.line}` },
            { name: "Events", right: true, cell: (b) => count(b.events) },
          ]}
        />
      )}
      {changes.length > 0 && (
        <Table
          caption="Changes of schema"
          captionSeen
          rows={changes}
          id={(c) => path(c.event, c.property)}
          columns={[
            {
              name: "Property",
              head: true,
              cell: (c) => (
                <>
                  {c.property || "the event itself"} <small className="dim block">{c.event}</small>
                </>
              ),
            },
            { name: "Change", cell: (c) => capital(c.change) },
            { name: "Before", right: true, cell: (c) => share(c.before) },
            { name: "Now", right: true, cell: (c) => share(c.after) },
          ]}
        />
      )}
    </Card>
  );
}

function Held({ quarantine, imports }: { quarantine: HeldCode[]; imports: ImportedFile[] }) {
  return (
    <Card title="Held back" note="Refused records wait until they are mended, or given up with a reason.">
      {quarantine.length + imports.length === 0 && <Empty>Nothing was refused.</Empty>}
      {quarantine.length > 0 && (
        <Table
          caption="The quarantine by code"
          captionSeen
          rows={quarantine}
          id={(h) => h.code}
          columns={[
            {
              name: "Code",
              head: true,
              cell: (h) => <Link href={`/quarantine${query({ code: h.code })}`}>{plain(h.code)}</Link>,
            },
            { name: "Held", right: true, cell: (h) => count(h.held) },
            { name: "Replayed", right: true, cell: (h) => count(h.replayed) },
            { name: "Discarded", right: true, cell: (h) => count(h.discarded) },
          ]}
        />
      )}
      {imports.length > 0 && (
        <Table
          caption="Imported files"
          captionSeen
          rows={imports}
          id={(file, index) => `${file.file} ${index}`}
          columns={[
            {
              name: "File",
              head: true,
              cell: (file) => (
                <>
                  {file.file.split("/").at(-1)} <small className="dim block">{file.mapping}</small>
                </>
              ),
            },
            { name: "Rows", right: true, cell: (file) => count(file.lines) },
            { name: "Duplicates", right: true, cell: (file) => count(file.duplicates) },
            {
              name: "Refused",
              right: true,
              cell: (file) => count(Object.values(file.refused).reduce((sum, n) => sum + n, 0)),
            },
            { name: "At", wide: true, cell: (file) => date(file.at) },
          ]}
        />
      )}
    </Card>
  );
}
