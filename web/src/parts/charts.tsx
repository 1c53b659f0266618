// Three small charts in SVG: bars over time, a trend line, and intervals around zero.
// Each has its figures in words beside it or in a table below it.

import { useMediaQuery } from "@mantine/hooks";
import { useId, useState } from "react";

const HEIGHT = 220;
const LEFT = 56;
const BOTTOM = 24;
const TOP = 10;

export interface Bar {
  label: string;
  value: number;
}

interface BarsProps {
  title: string;
  bars: Bar[];
  written: (value: number) => string;
  axis: (value: number) => string;
}

/** Returns a round figure at or above `top`, so that its thirds are easy to read. */
function ceiling(top: number): number {
  if (top <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(top));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((n) => n * power >= top) ?? 10;
  return step * power;
}

export function Bars({ title, bars, written, axis }: BarsProps) {
  const [at, setAt] = useState<number | null>(null);
  const narrow = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
  const width = narrow ? 420 : 960;
  const top = ceiling(Math.max(...bars.map((bar) => bar.value), 0));
  const wide = (width - LEFT) / Math.max(bars.length, 1);
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.max(value, 0) / top);
  const chosen = at === null ? undefined : bars[at];
  const every = Math.max(1, Math.ceil(bars.length / (narrow ? 4 : 7)));
  return (
    <figure className="chart">
      <div className="chart-read" aria-hidden="true">
        {chosen ? (
          <>
            <strong>{written(chosen.value)}</strong> {chosen.label}
          </>
        ) : (
          "\u00a0"
        )}
      </div>
      <svg
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={`${title}. The figures are in the table below the chart.`}
        onMouseLeave={() => setAt(null)}
        onMouseMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const x = ((event.clientX - box.left) / box.width) * width - LEFT;
          const index = Math.floor(x / wide);
          setAt(index >= 0 && index < bars.length ? index : null);
        }}
      >
        {[0, 0.5, 1].map((part) => (
          <g key={part}>
            <line className="grid" x1={LEFT} x2={width} y1={y(top * part)} y2={y(top * part)} />
            <text className="tick" x={LEFT - 8} y={y(top * part) + 4} textAnchor="end">
              {axis(top * part)}
            </text>
          </g>
        ))}
        {bars.map((bar, index) => (
          <rect
            key={bar.label}
            className={index === at ? "bar bar-at" : "bar"}
            x={LEFT + index * wide + wide * 0.12}
            width={wide * 0.76}
            y={y(bar.value)}
            height={Math.max(0, y(0) - y(bar.value))}
            rx={Math.min(2, wide * 0.2)}
          />
        ))}
        {bars.map(
          (bar, index) =>
            index % every === 0 &&
            index + every / 2 <= bars.length && (
              <text
                key={bar.label}
                className="tick"
                x={LEFT + (index + 0.5) * wide}
                y={HEIGHT - 6}
                textAnchor={index === 0 ? "start" : "middle"}
              >
                {bar.label.replace(/ \d{4}$/, "")}
              </text>
            ),
        )}
      </svg>
      <details className="as-table">
        <summary>Show as a table</summary>
        <div className="scroller short" role="region" aria-label={`${title}, as a table`} tabIndex={0}>
          <table>
            <caption className="unseen">{title}</caption>
            <thead>
              <tr>
                <th scope="col">Period</th>
                <th scope="col" className="right">
                  {title}
                </th>
              </tr>
            </thead>
            <tbody>
              {bars.map((bar) => (
                <tr key={bar.label}>
                  <th scope="row">{bar.label}</th>
                  <td className="right">{written(bar.value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

/** A trend without axes; `words` say what it shows. */
export function Spark({ values, words }: { values: number[]; words: string }) {
  if (values.length < 2) return <span className="spark-none">–</span>;
  const low = Math.min(...values);
  const high = Math.max(...values);
  // A change of less than a tenth looks as small as it is.
  const span = Math.max(high - low, high / 10) || 1;
  const points = values.map(
    (value, index) => `${(index / (values.length - 1)) * 96 + 2},${26 - ((value - low) / span) * 22}`,
  );
  return (
    <svg className="spark" viewBox="0 0 100 30" width="100" height="30" role="img" aria-label={words}>
      <polyline points={points.join(" ")} />
      <circle cx={98} cy={points.at(-1)?.split(",")[1]} r="2.200" />
    </svg>
  );
}

export interface Span {
  label: string;
  note: string;
  value: number;
  low: number;
  high: number;
  told: boolean;
}

/** Intervals around zero, one row each; the words and figures of a row stand beside its line. */
export function Forest({ title, spans }: { title: string; spans: Span[] }) {
  const id = useId();
  const reach = Math.max(...spans.map((span) => Math.max(Math.abs(span.low), Math.abs(span.high))), 1e-9);
  const x = (value: number) => 50 + (value / reach) * 47;
  return (
    <div className="forest" role="group" aria-labelledby={id}>
      <p id={id} className="forest-title">
        {title}
      </p>
      <ul>
        {spans.map((span) => (
          <li key={span.label} className={span.told ? "told" : ""}>
            <span className="forest-label">{span.label}</span>
            <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
              <line className="zero" x1="50" x2="50" y1="0" y2="12" vectorEffect="non-scaling-stroke" />
              <line
                className="reach"
                x1={x(span.low)}
                x2={x(span.high)}
                y1="6"
                y2="6"
                vectorEffect="non-scaling-stroke"
              />
              <line
                className="mid"
                x1={x(span.value)}
                x2={x(span.value)}
                y1="1.500"
                y2="10.500"
                vectorEffect="non-scaling-stroke"
              />
            </svg>
            <span className="forest-note">{span.note}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A share of the whole, as a bar with its words beside it. */
export function ShareBar({ share }: { share: number }) {
  const wide = Math.min(100, Math.max(0, share * 100));
  return (
    <svg className="share" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect className="share-whole" width="100" height="6" rx="3" />
      <rect className="share-part" width={wide} height="6" rx="3" />
    </svg>
  );
}

/** How strongly one of several parts is drawn: the first most, the last least. */
const strength = (index: number, of: number): number => 1 - (0.78 * index) / Math.max(1, of - 1);

/** What a whole is made of, in order; the figures stand in words beside it. */
export function Stacked({ parts }: { parts: { name: string; size: number }[] }) {
  const whole = parts.reduce((sum, part) => sum + part.size, 0);
  let start = 0;
  return (
    <svg className="stacked" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      <rect className="share-whole" width="1000" height="10" />
      {parts.map(({ name, size }, index) => {
        const wide = whole ? (size / whole) * 1000 : 0;
        const from = start;
        start += wide;
        return (
          <rect key={name} className="share-part" fillOpacity={strength(index, parts.length)} x={from} width={Math.max(0, wide - 3)} height="10">
            <title>{name}</title>
          </rect>
        );
      })}
    </svg>
  );
}

/** The mark of one part of a stacked bar. */
export function Mark({ index, of }: { index: number; of: number }) {
  return (
    <svg className="mark-of" viewBox="0 0 10 10" aria-hidden="true">
      <rect className="share-part" fillOpacity={strength(index, of)} width="10" height="10" rx="3" />
    </svg>
  );
}

/** How far above (right) or below (left) the middle something is, as a bar; words stand beside it. */
export function Apart({ value, reach }: { value: number; reach: number }) {
  const wide = Math.min(50, (Math.abs(value) / (reach || 1)) * 50);
  return (
    <svg className="apart" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect className={value < 0 ? "apart-below" : "apart-above"} x={value < 0 ? 50 - wide : 50} width={wide} height="8" />
      <line x1="50" x2="50" y1="0" y2="8" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
