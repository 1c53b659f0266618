// How a segment fares: what stands out, what its people do, what it costs to keep.

import type { MembersActs, SegmentFinding, SegmentHealth } from "../api/types";
import { Card, Chip, Fact, Facts, type Tone, useStatus, When } from "../parts/page";
import { count, figure, money, share } from "../words";

const TONES: Record<SegmentFinding["level"], Tone> = { alarm: "red", warning: "amber", note: "grey" };

export function Findings({ findings }: { findings: SegmentFinding[] }) {
  if (findings.length === 0) return null;
  return (
    <Card title="What stands out">
      <ul className="findings">
        {findings.map((finding) => (
          <li key={`${finding.trouble} ${finding.what}`}>
            <Chip tone={TONES[finding.level]}>{finding.level}</Chip> {finding.what}
            <small className="dim block">{finding.mend}</small>
          </li>
        ))}
      </ul>
    </Card>
  );
}

export function Acts({ acts }: { acts: MembersActs }) {
  const { currency } = useStatus();
  const of = (part: number, whole: number) => (whole ? `${count(part)} (${share(part / whole, 0)})` : count(part));
  return (
    <Card title={`What its people did in ${acts.days} days`} note="Opens and clicks of machines are left out.">
      <Facts>
        <Fact word="Were sent a mail">{of(acts.sent, acts.people)}</Fact>
        <Fact word="Opened one" note="of those who were sent one">
          {of(acts.opened, acts.sent)}
        </Fact>
        <Fact word="Clicked" note="of those who were sent one">
          {of(acts.clicked, acts.sent)}
        </Fact>
        <Fact word="Bought">{of(acts.bought, acts.people)}</Fact>
        <Fact word="Orders">{count(acts.orders)}</Fact>
        <Fact word="Revenue">{money(acts.revenue_minor, currency)}</Fact>
        <Fact word="Bought after they entered" note={`of ${count(acts.entered)} who entered`}>
          {of(acts.bought_after, acts.entered)}
        </Fact>
      </Facts>
    </Card>
  );
}

const milliseconds = (n: number): string => `${figure(n, n < 10 ? 1 : 0)} ms`;

export function Upkeep({ health }: { health: SegmentHealth }) {
  const { cost, usual } = health;
  return (
    <Card title="Upkeep">
      <Facts>
        <Fact word="Kept">{health.refresh}</Fact>
        {health.refreshed_at && (
          <Fact word="Right up to">
            <When at={health.refreshed_at} />
          </Fact>
        )}
        {health.recalculated_at && (
          <Fact word="Worked out last">
            <When at={health.recalculated_at} />
          </Fact>
        )}
        <Fact word="Usual size now" note={usual ? `by ${count(usual.days)} days of its own past` : ""}>
          {usual ? `${count(usual.low)} to ${count(usual.high)}` : "too little history"}
        </Fact>
        <Fact word="A refresh costs" note={`mean of ${count(cost.refreshes)}`}>
          {milliseconds(cost.mean_ms)}
        </Fact>
        <Fact word="The last one" note={`asked ${count(cost.last_asked)} people`}>
          {milliseconds(cost.last_ms)}
        </Fact>
        <Fact word="Of everybody">{milliseconds(cost.whole_ms)}</Fact>
      </Facts>
    </Card>
  );
}
