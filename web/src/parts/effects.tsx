// What a campaign changed: the sentence, and the intervals.

import type { CampaignResult, Effect } from "../api/types";
import { capital, money, points } from "../words";
import { Forest } from "./charts";
import { Empty, useStatus } from "./page";

export function Takeaway({ result }: { result: CampaignResult }) {
  const tone = result.ratio && !result.ratio.holds ? "void" : "";
  return <p className={`takeaway ${tone}`}>{result.verdict}</p>;
}

const METRICS: Record<string, string> = {
  goal: "Reached the goal",
  purchase: "Buyers",
  revenue: "Revenue per person",
  click: "Human clickers",
  open: "Human openers",
};

/** One forest a metric; shares in percentage points, revenue in the shop's currency. */
export function EffectsOf({ effects, metrics }: { effects: Effect[]; metrics: string[] }) {
  const { currency } = useStatus();
  const told = metrics.filter((metric) => effects.some((effect) => effect.metric === metric));
  if (told.length === 0) return <Empty>There is nothing to compare yet.</Empty>;
  const written = (effect: Effect, value: number) =>
    effect.unit === "money" ? money(Math.round(value), currency, { signed: true }) : points(value);
  const unit = (metric: string) =>
    effects.find((effect) => effect.metric === metric)?.unit === "money" ? "" : ", percentage points";
  return (
    <div className="forests">
      {told.map((metric) => (
        <Forest
          key={metric}
          title={`${METRICS[metric] ?? capital(metric)}${unit(metric)}`}
          spans={effects
            .filter((effect) => effect.metric === metric)
            .map((effect) => ({
              label: `${effect.arm} against ${effect.against}`,
              note: `${written(effect, effect.difference)} (${written(effect, effect.low)} to ${written(effect, effect.high)})`,
              value: effect.difference,
              low: effect.low,
              high: effect.high,
              told: effect.told,
            }))}
        />
      ))}
    </div>
  );
}
