// An UpSet plot: a column for each combination of segments, a row for each segment.

import { useMediaQuery } from "@mantine/hooks";
import { useId } from "react";
import type { OverlapCombination, OverlapSize } from "../api/types";
import { count } from "../words";

const COLUMNS = 20;
const ROW = 26;
const BARS = 150;
const WIDE = 34;

interface UpSetProps {
  sizes: OverlapSize[];
  combinations: OverlapCombination[];
}

export function UpSet({ sizes, combinations }: UpSetProps) {
  const id = useId();
  const shown = combinations.slice(0, COLUMNS);
  const most = Math.max(...shown.map((each) => each.people), 1);
  const largest = Math.max(...sizes.map((size) => size.people), 1);
  const narrow = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
  const left = narrow ? 150 : 250;
  const reach = narrow ? 30 : 60;
  const width = left + shown.length * WIDE + 12;
  const height = BARS + sizes.length * ROW + 8;
  return (
    <figure className="upset">
      <div className="scroller" role="region" aria-label="Combinations of segments, drawn" tabIndex={0}>
        <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-labelledby={id}>
          <title id={id}>People in each combination of segments. The figures are in the table below.</title>
          {sizes.map((size, row) => (
            <g key={size.segment}>
              {row % 2 === 0 && <rect className="upset-band" x="0" y={BARS + row * ROW} width={width} height={ROW} />}
              <text className="upset-name" x="6" y={BARS + row * ROW + 17}>
                {clipped(size.segment, narrow ? 12 : 22)}
              </text>
              <rect
                className="upset-size"
                x={left - 20 - (size.people / largest) * reach}
                y={BARS + row * ROW + 7}
                width={(size.people / largest) * reach}
                height={ROW - 14}
                rx="2"
              />
            </g>
          ))}
          {shown.map((each, index) => (
            <Column key={each.segments.join("\u0000")} each={each} sizes={sizes} x={left + index * WIDE + WIDE / 2} most={most} />
          ))}
        </svg>
      </div>
      <details className="as-table">
        <summary>Show as a table</summary>
        <div className="scroller short" role="region" aria-label="Combinations, as a table" tabIndex={0}>
          <table>
            <caption className="unseen">People in each combination of segments</caption>
            <thead>
              <tr>
                <th scope="col">In exactly these</th>
                <th scope="col" className="right">
                  People
                </th>
              </tr>
            </thead>
            <tbody>
              {combinations.map((each) => (
                <tr key={each.segments.join("\u0000")}>
                  <th scope="row">{each.segments.join(" and ")}</th>
                  <td className="right">{count(each.people)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

interface ColumnProps {
  each: OverlapCombination;
  sizes: OverlapSize[];
  x: number;
  most: number;
}

function Column({ each, sizes, x, most }: ColumnProps) {
  const tall = (each.people / most) * (BARS - 34);
  const rows = sizes.flatMap((size, row) => (each.segments.includes(size.segment) ? [row] : []));
  const y = (row: number) => BARS + row * ROW + ROW / 2;
  return (
    <g>
      <rect className="upset-bar" x={x - 9} y={BARS - 12 - tall} width="18" height={tall} rx="2" />
      <text className="upset-count" x={x} y={BARS - 16 - tall} textAnchor="middle">
        {each.people < 100_000 ? count(each.people) : `${Math.round(each.people / 1000)}k`}
      </text>
      {rows.length > 1 && <line className="upset-line" x1={x} x2={x} y1={y(rows[0] ?? 0)} y2={y(rows.at(-1) ?? 0)} />}
      {sizes.map((size, row) => (
        <circle key={size.segment} className={rows.includes(row) ? "upset-dot on" : "upset-dot"} cx={x} cy={y(row)} r="5.500" />
      ))}
    </g>
  );
}

const clipped = (name: string, most: number): string =>
  name.length > most ? `${name.slice(0, most - 1)}…` : name;
