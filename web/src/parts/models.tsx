// What a model's card shows: measures beside the naive rule, what is said beside what came, lift.

import { useId } from "react";
import type { Measured, ModelReport } from "../api/types";
import { count, figure, share } from "../words";
import { ShareBar } from "./charts";
import { Chip } from "./page";
import { Table } from "./table";

/** Measures of which less is better. */
const LESS = ["calibration error", "brier", "log loss", "mean absolute error"];

export function Measures({ of, measures }: { of: string; measures: Measured[] }) {
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
              {m.name} {LESS.includes(m.name) && <small className="dim block">less is better</small>}
            </>
          ),
        },
        { name: "Model", right: true, cell: (m) => figure(m.model) },
        {
          name: "Beside",
          right: true,
          cell: (m) => (
            <>
              {figure(m.naive)} <small className="dim block">{m.naive_rule}</small>
            </>
          ),
        },
        { name: "Difference, 95 %", right: true, cell: (m) => <Difference measure={m} /> },
      ]}
    />
  );
}

function Difference({ measure }: { measure: Measured }) {
  const less = LESS.includes(measure.name);
  const sure = less ? measure.high < 0 : measure.low > 0;
  return (
    <span className={sure ? "good" : undefined}>
      {figure(measure.low)} to {figure(measure.high)}
    </span>
  );
}

const SIDE = 260;
const EDGE = 34;

/** A dot a tenth of the people: on the line, what was said is what came. */
export function Reliability({ model }: { model: ModelReport }) {
  const title = useId();
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
          0 %
        </text>
        <text x={SIDE - 8} y={SIDE - 12} textAnchor="end">
          said {share(top / 1.08, 0)}
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
          { name: "Said", head: true, right: true, cell: (dot) => share(dot.said) },
          { name: "Came", right: true, cell: (dot) => share(dot.happened) },
          { name: "People", right: true, wide: true, cell: (dot) => count(dot.people) },
        ]}
      />
    </figure>
  );
}

export function Lift({ model }: { model: ModelReport }) {
  const most = Math.max(...model.lift.map((tenth) => tenth.lift), 1);
  return (
    <Table
      caption="By tenths of the people, the likeliest first"
      rows={model.lift}
      id={(tenth) => tenth.tenth}
      columns={[
        { name: "Tenth", head: true, cell: (tenth) => tenth.tenth },
        { name: "Came", right: true, cell: (tenth) => share(tenth.rate) },
        {
          name: "Than of all",
          cell: (tenth) => (
            <>
              <ShareBar share={tenth.lift / most} /> {figure(tenth.lift, 1)}×
            </>
          ),
        },
        { name: "So far", right: true, wide: true, cell: (tenth) => share(tenth.captured, 0) },
      ]}
    />
  );
}

export function Answers({ card }: { card: { serves: boolean } | null }) {
  if (!card) return <Chip>not trained</Chip>;
  return <Chip tone={card.serves ? "moss" : "amber"}>{card.serves ? "the model answers" : "its naive rule answers"}</Chip>;
}
