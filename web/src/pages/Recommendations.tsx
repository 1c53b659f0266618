import "../styles/recommendations.css";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { path, query, useReading } from "../api/reading";
import type { Answer, KeptText, RecommenderReport, ReportFigure, ReportSection, RulesTrial, RuleSet } from "../api/types";
import { Definition } from "../parts/doing";
import { Card, Chip, Empty, Page, Shown, useStatus } from "../parts/page";
import { Table } from "../parts/table";
import { capital, count, figure, many, money, share } from "../words";

const START = `name: newsletter
description: Varied, and new things first
not_bought_days: 14
caps: {category: 2}
diversity: 0.3
boosts:
  - {of: {newer_than_days: 30}, by: 1.5}
`;

export default function Recommendations() {
  const reading = useReading<RuleSet[]>("/recommendations");
  const [, go] = useLocation();
  return (
    <Page title="Recommendations" lead="Which products people are shown, by which rules, and what that is worth.">
      <div className="stack">
        <Card title="Rules" note="What stands above the model: campaigns and steps of journeys name them as recommended_by.">
          <Shown reading={reading} height={160}>
            {(rules) => <RulesTable rules={rules} />}
          </Shown>
        </Card>
        <Card title="What somebody is shown" note="Exactly what a mail would show now, with why, and how likely it is bought.">
          <Try rules={reading.value ?? []} />
        </Card>
        <Report />
        <Card title="New rules">
          <RulesText start={START} fresh onKept={(kept) => go(`/recommendations${path(kept.name)}`)} />
        </Card>
      </div>
    </Page>
  );
}

function RulesTable({ rules }: { rules: RuleSet[] }) {
  return (
    <Table
      caption="Rules of recommendation"
      rows={rules}
      id={(each) => each.name}
      columns={[
        {
          name: "Rules",
          head: true,
          cell: (each) => (
            <>
              <Link href={`/recommendations${path(each.name)}`}>{each.name}</Link>
              <small className="dim block">{each.description || (each.version ? `version ${each.version}` : "built in")}</small>
            </>
          ),
        },
        { name: "What they ask", cell: (each) => capital(each.says.join("; ")) },
        { name: "Products that pass", right: true, cell: (each) => `${count(each.allowed)} of ${count(each.products)}` },
        { name: "Used by", wide: true, cell: (each) => each.used_by.join(", ") || <span className="dim">–</span> },
      ]}
    />
  );
}

/** What one person would be shown by one set of rules; the address keeps both. */
function Try({ rules }: { rules: RuleSet[] }) {
  const [search, setSearch] = useSearchParams();
  const person = search.get("person") ?? "";
  const by = search.get("rules") ?? "default";
  const [asked, ask] = useState(person);
  const where = /^[1-9]\d*$/.test(person) ? `/recommendations/people/${person}${query({ rules: by })}` : null;
  const reading = useReading<Answer>(where);
  const look = (event: FormEvent) => {
    event.preventDefault();
    setSearch({ person: asked.trim(), rules: by });
  };
  return (
    <>
      <form className="asked" onSubmit={look}>
        <TextInput
          label="Number of the person"
          value={asked}
          inputMode="numeric"
          pattern="[1-9][0-9]*"
          required
          onChange={(event) => ask(event.currentTarget.value)}
        />
        <NativeSelect
          label="By the rules"
          value={by}
          data={rules.length > 0 ? rules.map((each) => each.name) : ["default"]}
          onChange={(event) => setSearch({ person: asked.trim(), rules: event.currentTarget.value })}
        />
        <Button type="submit">Show</Button>
      </form>
      {where && (
        <Shown reading={reading} height={260}>
          {(answer) => <Products answer={answer} />}
        </Shown>
      )}
    </>
  );
}

function Products({ answer }: { answer: Answer }) {
  const { currency } = useStatus();
  const within = answer.horizon_days ? ` Probabilities are of ${many(answer.horizon_days, "day")}.` : "";
  return (
    <>
      {answer.products.length === 0 ? (
        <Empty>Nothing to show.</Empty>
      ) : (
        <Table
          caption="Products shown"
          rows={answer.products}
          id={(each) => each.item}
          columns={[
            {
              name: "Product",
              head: true,
              cell: (each) => (
                <>
                  {each.name}
                  <small className="dim block">{each.category || each.item}</small>
                </>
              ),
            },
            { name: "Why", cell: (each) => capital(each.reason) },
            {
              name: "Price",
              right: true,
              wide: true,
              cell: (each) => (each.price_minor ? money(each.price_minor, each.currency || currency) : ""),
            },
            {
              name: "Buys it",
              right: true,
              cell: (each) =>
                each.recommendation_score === null ? <span className="dim">–</span> : share(each.recommendation_score),
            },
            { name: "Score", right: true, wide: true, cell: (each) => figure(each.score) },
          ]}
        />
      )}
      <p className="note">
        {answer.made_of}
        {within}
      </p>
    </>
  );
}

/** The last window of the recommender that serves, beside the naive rules. */
function Report() {
  const reading = useReading<RecommenderReport>("/recommendations/report");
  return (
    <Card title="What it is worth" note="On the last window, which nothing was learnt from, with 95 % intervals; with the naive rules beside it.">
      <Shown reading={reading} height={400}>
        {(report) => report.version === 0 ? <Empty>{report.why}</Empty> : (
          <>
            <p>
              <Chip tone={report.serves ? "moss" : "amber"}>{report.serves ? "the model serves" : "a rule serves"}</Chip> {report.why}
            </p>
            {report.sections.map((section) => (
              <Section key={`${section.by} ${section.value}`} section={section} />
            ))}
            {report.scores && (
              <p className="note">
                Probabilities over {many(report.scores.horizon_days, "day")}: calibration error {figure(report.scores.error, 4)} against{" "}
                {figure(report.scores.error_of_rate, 4)} of one rate for everything; log loss {figure(report.scores.log_loss, 4)} against{" "}
                {figure(report.scores.log_loss_of_rate, 4)}, on {count(report.scores.shown)} products shown.
              </p>
            )}
          </>
        )}
      </Shown>
    </Card>
  );
}

function Section({ section }: { section: ReportSection }) {
  const name = [section.by, section.value].filter(Boolean).join(": ");
  return (
    <Table
      caption={`${capital(name)}, ${many(section.people, "person", "people")}`}
      captionSeen
      rows={section.figures}
      id={(each) => each.name}
      columns={[
        { name: "Figure", head: true, cell: (each) => each.name },
        { name: "Model", right: true, cell: (each) => <Interval of={each} /> },
        ...(section.figures[0]?.beside ?? []).map((rule, index) => ({
          name: capital(rule.rule),
          right: true,
          cell: (each: ReportFigure) => <Beside of={each} index={index} />,
        })),
      ]}
    />
  );
}

function Interval({ of }: { of: ReportFigure }) {
  return (
    <>
      {figure(of.value)}
      {of.low !== of.high && (
        <small className="dim block">
          {figure(of.low)} to {figure(of.high)}
        </small>
      )}
    </>
  );
}

/** A naive rule's figure, and how far the model is from it. */
function Beside({ of, index }: { of: ReportFigure; index: number }) {
  const rule = of.beside[index];
  if (!rule) return <>–</>;
  const sure = rule.low > 0 ? "surely passed" : rule.high < 0 ? "surely above" : "not surely apart";
  return (
    <>
      {figure(rule.value)}
      {rule.low !== rule.high && <small className="dim block">{sure}</small>}
    </>
  );
}

interface RulesTextProps {
  start: string;
  fresh?: boolean;
  onKept: (kept: KeptText) => void;
}

/** Rules in YAML, with how many products would pass. */
export function RulesText({ start, fresh = false, onKept }: RulesTextProps) {
  return (
    <Definition<RulesTrial>
      key={start}
      label="Rules, in YAML"
      start={start}
      where="/recommendations"
      onKept={onKept}
      why
      fresh={fresh}
      right={(trial) => (
        <p className="said good">
          It is right: {trial.name}, version {trial.version}; {count(trial.allowed)} of {many(trial.products, "product")} pass.
        </p>
      )}
    />
  );
}
