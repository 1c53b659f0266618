// What a model's card shows: what it predicts, measures beside the naive rule, predictions beside what happened, lift.

import "../styles/models.css";
import { useId } from "react";
import type { Measured, ModelReport } from "../api/types";
import { capital, count, figure, money, plain, share } from "../words";
import { ShareBar } from "./charts";
import { Chip, useStatus } from "./page";
import { Table } from "./table";

const TARGETS: Record<string, string> = {
  products: "the products that people buy next",
  purchase: "an order",
  first_purchase: "a first order",
  repeat_purchase: "another order",
  churn: "that a customer stops buying",
  next_order: "the date of the next order",
  value: "what a customer's orders will be worth",
  unsubscribe: "an unsubscription or a complaint",
  engagement: "a human open or click",
  send_hour: "the hour at which people open mails",
  clusters: "groups of people who are alike",
  subject_lines: "which subject line wins a test",
  uplift: "who acts because of a mail",
};

/** What a model predicts, as people say it. */
export function predicted({ target, card }: { target: string; card: ModelReport | null }): string {
  if (target === "uplift" && card) {
    const campaign = String(card.parameters.campaign);
    return campaign.endsWith("/") ? `who acts because of the journey ${campaign.slice(0, -1)}` : `who acts because of the mail ${campaign}`;
  }
  return TARGETS[target] ?? plain(target);
}

const ALGORITHMS: Record<string, string> = {
  logistic: "logistic regression",
  lightgbm: "LightGBM",
  bg_nbd: "BG/NBD",
  pareto_nbd: "Pareto/NBD",
  neural: "neural net",
  stack: "stacking",
  als: "ALS",
};

export const algorithmName = (name: string): string => ALGORITHMS[name] ?? plain(name);

/** Settings that only say again what the model is. */
const SAID_ELSEWHERE = /^(asks|way|scaled|horizon_days) /;

const telling = (settings: string): string =>
  plain(
    settings
      .split(", ")
      .filter((each) => !SAID_ELSEWHERE.test(each))
      .join(", "),
  );

/** The settings of an algorithm, or of all that a blend is made of: `name (settings) + name (settings)`. */
export function settingsWords(settings: string): string {
  const parts = settings.split(" + ").map((part) => /^(\w+) \(([^()]*)\)$/.exec(part));
  if (!parts.every((part) => part !== null)) return telling(settings);
  return parts.map(([, name = "", own = ""]) => [algorithmName(name), telling(own) && `(${telling(own)})`].join(" ").trim()).join(" + ");
}

/** Measures of which less is better, by how their names end. */
const LESS = ["calibration error", "brier", "log loss", "mean absolute error", "total error", "days off"];
const isLess = (name: string): boolean => LESS.some((end) => name.endsWith(end));

const MEASURES: Record<string, string> = {
  auc: "AUC",
  f1: "F1",
  brier: "Brier score",
  "nats an open": "Information gained per open, in nats",
};

/** A measure's name as it is read. */
export const measureName = (name: string): string =>
  MEASURES[name] ?? (name.includes("@") ? name.replace(/^(ndcg|mrr)/, (word) => word.toUpperCase()) : capital(plain(name)));

/** A measure's figure with its unit, where it has one. */
export function measured(name: string, value: number, currency: string): string {
  if (name === "mean absolute error") return money(Math.round(value), currency);
  return name === "days off" ? `${figure(value, 1)} days` : figure(value);
}

/** Between what the difference to the naive rule lies (95 %), with its signs. */
export function interval({ name, low, high }: Measured, currency: string): [string, string] {
  const told = (value: number) => `${value > 0 ? "+" : ""}${measured(name, value, currency)}`;
  return [told(low), told(high)];
}

export function Measures({ of, measures }: { of: string; measures: Measured[] }) {
  const { currency } = useStatus();
  return (
    <Table
      caption={`Measures of ${of}`}
      rows={together(measures)}
      id={(_, index) => index}
      columns={[
        {
          name: "Measure",
          head: true,
          cell: (m) => (
            <>
              {measureName(m.name)} {isLess(m.name) && <small className="dim block">less is better</small>}
            </>
          ),
        },
        { name: "Model", right: true, cell: (m) => measured(m.name, m.model, currency) },
        {
          name: "Naive rule",
          right: true,
          cell: (m) => (
            <>
              {measured(m.name, m.naive, currency)} <small className="dim block">{m.naive_rule}</small>
            </>
          ),
        },
        { name: "Difference, 95 %", right: true, cell: (m) => <Difference measure={m} /> },
      ]}
    />
  );
}

function Difference({ measure }: { measure: Measured }) {
  const { currency } = useStatus();
  const sure = isLess(measure.name) ? measure.high < 0 : measure.low > 0;
  const [low, high] = interval(measure, currency);
  return (
    <span className={sure ? "difference good" : "difference"}>
      {low} <span className="nowrap">to {high}</span>
    </span>
  );
}

/** All figures of one measure stand together; the one that decides is the first. */
const together = (measures: Measured[]): Measured[] =>
  measures
    .map((each) => each.name)
    .filter((name, index, all) => all.indexOf(name) === index)
    .flatMap((name) => measures.filter((each) => each.name === name));

/** A trait as people read it, and the name by which segments and mails call it. */
export const TraitCell = ({ name, words }: { name: string; words: string }) => (
  <>
    {capital(words)} <small className="dim block">{name}</small>
  </>
);

/** How what a model says is written: the worth of a person in money, a probability as a share. */
function useSaid(model: ModelReport): (value: number, digits?: number) => string {
  const { currency } = useStatus();
  return model.kind === "value" ? (value) => money(Math.round(value), currency) : share;
}

const SIDE = 260;
const EDGE = 34;

/** A dot a tenth of the people: on the line, what was said is what came. */
export function Reliability({ model }: { model: ModelReport }) {
  const title = useId();
  const said = useSaid(model);
  const dots = model.reliability;
  const top = Math.max(...dots.flatMap((dot) => [dot.said, dot.happened]), 0.01) * 1.08;
  const x = (value: number) => EDGE + ((SIDE - EDGE - 8) * value) / top;
  const y = (value: number) => SIDE - EDGE - ((SIDE - EDGE - 8) * value) / top;
  return (
    <figure className="reliability">
      <svg viewBox={`0 0 ${SIDE} ${SIDE}`} role="img" aria-labelledby={title}>
        <title id={title}>What was predicted beside what was observed, a dot for each tenth of the people. The figures are in the table.</title>
        <line className="axis" x1={EDGE} y1={SIDE - EDGE} x2={SIDE - 8} y2={SIDE - EDGE} />
        <line className="axis" x1={EDGE} y1={8} x2={EDGE} y2={SIDE - EDGE} />
        <line className="ideal" x1={x(0)} y1={y(0)} x2={x(top / 1.08)} y2={y(top / 1.08)} />
        {dots.map((dot) => (
          <circle key={dot.said} cx={x(dot.said)} cy={y(dot.happened)} r={5} />
        ))}
        <text x={EDGE} y={SIDE - 12}>
          {said(0, 0)}
        </text>
        <text x={SIDE - 8} y={SIDE - 12} textAnchor="end">
          predicted {said(top / 1.08, 0)}
        </text>
        <text x={EDGE + 6} y={16}>
          observed
        </text>
      </svg>
      <Table
        caption="Predicted and observed, by tenths of the people"
        rows={dots}
        id={(dot) => dot.said}
        columns={[
          { name: "Predicted", head: true, right: true, cell: (dot) => said(dot.said) },
          { name: "Observed", right: true, cell: (dot) => said(dot.happened) },
          { name: "People", right: true, wide: true, cell: (dot) => count(dot.people) },
        ]}
      />
    </figure>
  );
}

export function Lift({ model }: { model: ModelReport }) {
  const said = useSaid(model);
  const most = Math.max(...model.lift.map((tenth) => tenth.lift), 1);
  return (
    <Table
      caption="By tenths of the people, the highest scores first"
      rows={model.lift}
      id={(tenth) => tenth.tenth}
      columns={[
        { name: "Tenth", head: true, cell: (tenth) => tenth.tenth },
        { name: "Observed", right: true, cell: (tenth) => said(tenth.rate) },
        {
          name: "Times the average",
          cell: (tenth) => (
            <>
              <ShareBar share={tenth.lift / most} /> {figure(tenth.lift, 1)}×
            </>
          ),
        },
        { name: "Share of all, so far", right: true, wide: true, cell: (tenth) => share(tenth.captured, 0) },
      ]}
    />
  );
}

/** What answers; `version` is the one that serves, of which there is no card where its files cannot be read. */
export function Answers({ card, version }: { card: ModelReport | null; version: number }) {
  if (!card) return version > 0 ? <Chip tone="red">its files cannot be read</Chip> : <Chip>not trained</Chip>;
  if (!card.scores) return <Chip tone="amber">scores nobody</Chip>;
  return <Chip tone={card.serves ? "moss" : "amber"}>{card.serves ? "the model answers" : "its naive rule answers"}</Chip>;
}
