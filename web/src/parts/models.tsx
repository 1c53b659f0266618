// What a model's card shows: measures beside the naive rule, what is said beside what came, lift.

import "../styles/models.css";
import { useId } from "react";
import type { Measured, ModelReport } from "../api/types";
import { capital, count, figure, money, plain, share } from "../words";
import { ShareBar } from "./charts";
import { Chip, useStatus } from "./page";
import { Table } from "./table";

/** Measures of which less is better, by how their names end. */
const LESS = ["calibration error", "brier", "log loss", "mean absolute error", "total error", "days off"];
const isLess = (name: string): boolean => LESS.some((end) => name.endsWith(end));

const MEASURES: Record<string, string> = { auc: "AUC", f1: "F1", brier: "Brier score" };

/** A measure's name as it is read. */
export const measureName = (name: string): string =>
  MEASURES[name] ?? (name.includes("@") ? name.replace(/^(ndcg|mrr)/, (word) => word.toUpperCase()) : capital(plain(name)));

/** A measure's figure with its unit, where it has one. */
export function measured(name: string, value: number, currency: string): string {
  if (name === "mean absolute error") return money(Math.round(value), currency);
  return name === "days off" ? `${figure(value, 1)} days` : figure(value);
}

export function Measures({ of, measures }: { of: string; measures: Measured[] }) {
  const { currency } = useStatus();
  return (
    <Table
      caption={`Measures of ${of}`}
      rows={measures}
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
  return (
    <span className={sure ? "difference good" : "difference"}>
      {measured(measure.name, measure.low, currency)} <span className="nowrap">to {measured(measure.name, measure.high, currency)}</span>
    </span>
  );
}

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
        <title id={title}>What was said beside what came, a dot a tenth of the people. The figures are in the table.</title>
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
          said {said(top / 1.08, 0)}
        </text>
        <text x={EDGE + 6} y={16}>
          came
        </text>
      </svg>
      <Table
        caption="What was said and what came, by tenths of the people"
        rows={dots}
        id={(dot) => dot.said}
        columns={[
          { name: "Said", head: true, right: true, cell: (dot) => said(dot.said) },
          { name: "Came", right: true, cell: (dot) => said(dot.happened) },
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
        { name: "Came", right: true, cell: (tenth) => said(tenth.rate) },
        {
          name: "Than the average",
          cell: (tenth) => (
            <>
              <ShareBar share={tenth.lift / most} /> {figure(tenth.lift, 1)}×
            </>
          ),
        },
        { name: "Of all, so far", right: true, wide: true, cell: (tenth) => share(tenth.captured, 0) },
      ]}
    />
  );
}

export function Answers({ card }: { card: { serves: boolean } | null }) {
  if (!card) return <Chip>not trained</Chip>;
  return <Chip tone={card.serves ? "moss" : "amber"}>{card.serves ? "the model answers" : "its naive rule answers"}</Chip>;
}
