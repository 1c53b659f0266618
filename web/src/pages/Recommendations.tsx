import "../styles/recommendations.css";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { path, query, useReading } from "../api/reading";
import type { Answer, KeptText, Recommended, RecommenderReport, ReportFigure, ReportSection, RulesTrial, RuleSet } from "../api/types";
import { Definition } from "../parts/doing";
import { measureName } from "../parts/models";
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
    <Page title="Recommendations" lead="Which products people are shown, by which rules, and how well that foresees what they buy.">
      <div className="stack">
        <Card title="Rules" note="They decide what of the model's proposals may be shown. A campaign, or a step of a journey, names the one it uses by recommended_by.">
          <Shown reading={reading} height={160}>
            {(rules) => <RulesTable rules={rules} />}
          </Shown>
        </Card>
        <Card title="What one person is shown" note="Exactly what a mail would show now, with the reason and the probability of an order.">
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
              <Link className="long" href={`/recommendations${path(each.name)}`}>
                {each.name}
              </Link>
              <small className="dim block">{each.description || (each.version ? `version ${each.version}` : "built in")}</small>
            </>
          ),
        },
        { name: "What they say", cell: (each) => (each.trouble ? <Unread why={each.trouble} /> : capital(each.says.join("; "))) },
        {
          name: "Products that pass",
          right: true,
          wide: true,
          cell: (each) => <Passing rules={each} />,
        },
        { name: "Used by", wide: true, cell: (each) => each.used_by.map((use) => use.replace(" (recommended_by)", "")).join(", ") || <span className="dim">–</span> },
      ]}
    />
  );
}

/** How many products pass; of rules that cannot be read, nobody knows. */
function Passing({ rules }: { rules: RuleSet }) {
  if (rules.trouble) return <span className="dim">–</span>;
  if (rules.products === 0) return <span className="dim">no product yet</span>;
  return `${count(rules.allowed)} of ${count(rules.products)}`;
}

function Unread({ why }: { why: string }) {
  return (
    <>
      <Chip tone="red">broken</Chip>
      <small className="dim block">{why}</small>
    </>
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
  const isScored = answer.products.some((each) => each.recommendation_score !== null);
  const within = isScored
    ? ` Probability: that this person buys it within ${many(answer.horizon_days, "day")}.`
    : " There is no probability: the recommender has not been judged on enough purchases yet.";
  return (
    <>
      {answer.products.length === 0 ? (
        <Empty>No product passes the rules for this person, or no product is known yet.</Empty>
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
            ...(isScored
              ? [
                  {
                    name: "Probability",
                    right: true,
                    cell: (each: Recommended) =>
                      each.recommendation_score === null ? <span className="dim">–</span> : share(each.recommendation_score),
                  },
                ]
              : []),
          ]}
        />
      )}
      <p className="note">
        {answer.made_of}
        {answer.products.length > 0 && within}
      </p>
    </>
  );
}

/** The last window of the recommender that serves, beside the naive rules. */
function Report() {
  const reading = useReading<RecommenderReport>("/recommendations/report");
  const [first, ...others] = reading.value?.sections ?? [];
  return (
    <Card title="How well it does" note="Judged on the last window, of which it learnt nothing, beside naive rules; below each figure its 95 % interval, below a rule's that of the model's difference to it.">
      <Shown reading={reading} height={400}>
        {(report) => report.version === 0 ? <Untrained why={report.why} /> : (
          <>
            <p>
              <Chip tone={report.serves ? "moss" : "amber"}>{report.serves ? "the model serves" : "a rule serves"}</Chip> {report.why}
            </p>
            {first && <Section section={first} isFirst />}
            {others.length > 0 && (
              <details>
                <summary>By what people had bought, and by how new the products were</summary>
                {others.map((section) => (
                  <Section key={`${section.by} ${section.value}`} section={section} />
                ))}
              </details>
            )}
            {report.scores && (
              <p className="note">
                Probabilities of an order within {many(report.scores.horizon_days, "day")}: calibration error {figure(report.scores.error, 4)} against{" "}
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

function Untrained({ why }: { why: string }) {
  return (
    <Empty>
      {why} <Link href="/models/recommender">Train the recommender</Link>; until then people are shown what sells.
    </Empty>
  );
}

/** What a figure says, in words. */
const SAYS: Record<string, string> = {
  recall: "part of what people then bought that was among those shown",
  ndcg: "the same, where the first places count more",
  mrr: "1 divided by the place of the first one that was bought",
  coverage: "part of all products that anybody is shown",
  novelty: "how seldom bought the products are that are shown",
};

const figureName = (name: string): string => (/^(ndcg|mrr)/.test(name) ? measureName(name) : capital(name));

function Section({ section, isFirst = false }: { section: ReportSection; isFirst?: boolean }) {
  const name = [section.by, section.value].filter(Boolean).join(": ");
  return (
    <Table
      caption={`${capital(name)}, ${many(section.people, "person", "people")}`}
      captionSeen
      rows={section.figures}
      id={(each) => each.name}
      columns={[
        {
          name: "Figure",
          head: true,
          cell: (each) => (
            <>
              {figureName(each.name)}
              {isFirst && <small className="dim block">{SAYS[each.name.split("@")[0] ?? ""]}</small>}
            </>
          ),
        },
        { name: "Model", right: true, cell: (each) => <Interval of={each} /> },
        ...(section.figures[0]?.beside ?? []).map((rule, index) => ({
          name: `Rule: ${rule.rule}`,
          right: true,
          wide: index > 0,
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

const signed = (value: number): string => `${value > 0 ? "+" : ""}${figure(value)}`;

/** A naive rule's figure, and between what the model's difference to it lies (95 %). */
function Beside({ of, index }: { of: ReportFigure; index: number }) {
  const rule = of.beside[index];
  if (!rule) return <>–</>;
  const isBetter = /^(recall|ndcg|mrr)/.test(of.name);
  const tone = isBetter && rule.low > 0 ? "good" : isBetter && rule.high < 0 ? "wrong" : "dim";
  return (
    <>
      {figure(rule.value)}
      {rule.low !== rule.high && (
        <small className={`${tone} block`}>
          <span className="unseen">model minus rule: </span>
          {signed(rule.low)} to {signed(rule.high)}
        </small>
      )}
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
          Valid: {trial.name}, version {trial.version}; {count(trial.allowed)} of {many(trial.products, "product")} pass.
        </p>
      )}
    />
  );
}
