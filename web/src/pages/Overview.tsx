import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type {
  Activity,
  ModelReport,
  Overview as OverviewView,
  Period,
  SegmentSize,
  Totals,
} from "../api/types";
import { Bars, ShareBar, Spark } from "../parts/charts";
import { EffectsOf, Takeaway } from "../parts/effects";
import { Measures } from "../parts/models";
import { Card, Chip, Empty, Page, Shown, useStatus } from "../parts/page";
import { Alarms } from "../parts/sending";
import { Table } from "../parts/table";
import { brief, capital, count, date, instant, money, share } from "../words";
import { campaignAt } from "../parts/places";

export default function Overview() {
  const reading = useReading<OverviewView>("/overview");
  const { now } = useStatus();
  return (
    <Page title="Overview" lead={`Everything up to ${instant(now)}.`}>
      <Shown reading={reading} height={900}>
        {(overview) => (
          <div className="stack">
            <Alarms />
            <Figures totals={overview.totals} />
            <ActivityCard activity={overview.activity} />
            <div className="halves">
              <SegmentsCard segments={overview.segments} />
              <CampaignCard overview={overview} />
            </div>
            <ModelsCard models={overview.models} />
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Figures({ totals }: { totals: Totals }) {
  const { currency } = useStatus();
  const of = (n: number) => (totals.sends ? `${share(n / totals.sends)} of sends` : "no sends yet");
  return (
    <dl className="figures">
      <Figure word="People" value={count(totals.people)} note={`${count(totals.products)} products`} />
      <Figure word="Events" value={brief(totals.events)} note="in the log" />
      <Figure word="Orders" value={count(totals.orders)} note={`${count(totals.returns)} returns`} />
      <Figure
        word="Revenue"
        value={money(totals.revenue_minor, currency, { brief: true })}
        note="less returns"
      />
      <Figure
        word="Mails sent"
        value={count(totals.sends)}
        note={`${count(totals.bounces)} bounced, ${count(totals.unsubscribes)} unsubscribed`}
      />
      <Figure
        word="Human opens"
        value={count(totals.human_opens)}
        note={`${of(totals.human_opens)}; ${count(totals.machine_opens)} by machines`}
      />
      <Figure
        word="Human clicks"
        value={count(totals.human_clicks)}
        note={`${of(totals.human_clicks)}; ${count(totals.machine_clicks)} by machines`}
      />
      <Figure
        word="Purchases after mail"
        value={count(totals.purchases)}
        note="within 7 days; not all caused by it"
      />
    </dl>
  );
}

function Figure({ word, value, note }: { word: string; value: string; note: string }) {
  return (
    <div>
      <dt>{word}</dt>
      <dd>
        <strong>{value}</strong>
        <span>{note}</span>
      </dd>
    </div>
  );
}

type Measure = "events" | "orders" | "revenue";

const VALUE: Record<Measure, (period: Period) => number> = {
  events: (period) => period.events,
  orders: (period) => period.orders,
  revenue: (period) => period.revenue_minor,
};

function ActivityCard({ activity }: { activity: Activity }) {
  const [measure, setMeasure] = useState<Measure>("events");
  const { currency } = useStatus();
  const inMoney = measure === "revenue";
  const title = `${capital(measure)} per ${activity.unit}`;
  return (
    <Card
      title={title}
      aside={
        <SegmentedControl
          size="xs"
          aria-label="What the chart shows"
          value={measure}
          onChange={(value) => setMeasure(value as Measure)}
          data={[
            { value: "events", label: "Events" },
            { value: "orders", label: "Orders" },
            { value: "revenue", label: "Revenue" },
          ]}
        />
      }
    >
      {activity.periods.length === 0 ? (
        <Empty>Nothing has happened yet. Import a file, or send an event to /v1/track.</Empty>
      ) : (
        <Bars
          title={title}
          bars={activity.periods.map((period) => ({
            label: date(period.start),
            value: VALUE[measure](period),
          }))}
          written={(value) => (inMoney ? money(value, currency) : count(value))}
          axis={(value) => (inMoney ? money(value, currency, { brief: true }) : brief(value))}
        />
      )}
    </Card>
  );
}

function SegmentsCard({ segments }: { segments: SegmentSize[] }) {
  return (
    <Card title="Segments" aside={<Link href="/segments">All segments</Link>}>
      {segments.length === 0 ? (
        <Empty>No segments yet. Put a file into the folder segments, or write one here.</Empty>
      ) : (
        <Table
          caption="Segments and their sizes"
          rows={segments.slice(0, 8)}
          id={(segment) => segment.name}
          columns={[
            {
              name: "Segment",
              head: true,
              cell: (s) => <Link href={`/segments${path(s.name)}`}>{s.name}</Link>,
            },
            {
              name: "People",
              right: true,
              cell: (s) => (s.people === null ? <Chip tone="red">broken</Chip> : count(s.people)),
            },
            {
              name: "Share",
              wide: true,
              cell: (s) =>
                s.share === null ? null : (
                  <span className="share-cell">
                    <ShareBar share={s.share} /> {share(s.share)}
                  </span>
                ),
            },
            {
              name: "Trend",
              wide: true,
              cell: (s) => <Spark values={s.trend} words={`Trend of ${s.name}`} />,
            },
          ]}
        />
      )}
    </Card>
  );
}

function CampaignCard({ overview }: { overview: OverviewView }) {
  const result = overview.campaign;
  return (
    <Card
      title="Latest campaign"
      aside={result && <Link href={campaignAt(result.name)}>Whole result</Link>}
    >
      {result ? (
        <>
          <Takeaway result={result} />
          <EffectsOf effects={result.effects} metrics={["purchase", "click"]} />
        </>
      ) : (
        <Empty>No campaign has been decided yet.</Empty>
      )}
    </Card>
  );
}

function ModelsCard({ models }: { models: ModelReport[] }) {
  return (
    <Card
      title="Models"
      note="Each is judged on a later window against the best naive rule, and serves only when it wins."
    >
      {models.length === 0 ? (
        <Empty>No model has been trained yet.</Empty>
      ) : (
        <ul className="models">
          {models.map((model) => (
            <li key={model.name}>
              <Model model={model} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Model({ model }: { model: ModelReport }) {
  return (
    <article className="model" aria-label={`Model ${model.name}`}>
      <h3>
        <Link href={`/models${path(model.name)}`}>{model.name}</Link> <span className="dim">version {model.version}</span>{" "}
        <Chip tone={model.serves ? "moss" : "amber"}>
          {model.serves ? "serves" : "the naive rule serves"}
        </Chip>
      </h3>
      <p>{model.why}</p>
      <Measures of={model.name} measures={model.measures} />
      <p className="dim">
        Judged on {date(model.test_from)} to {date(model.test_until)}, {count(model.people)} people.
      </p>
    </article>
  );
}
