// Whom a campaign's mail moves, by its own holdout; and whether that can be told from chance.

import { Button } from "@mantine/core";
import { path, send, useDoing, useReading } from "../api/reading";
import type { CampaignUplift, UpliftOrder } from "../api/types";
import { capital, count, plain, points } from "../words";
import { Told } from "./doing";
import { Card, Chip, Empty, Fact, Facts, TroubleNote, When } from "./page";
import { Table } from "./table";

const PER_THOUSAND = 1000;
const signed = (n: number) => `${n > 0 ? "+" : ""}${(n * PER_THOUSAND).toFixed(1)}`;

export function UpliftCard({ name }: { name: string }) {
  const reading = useReading<CampaignUplift>(`/campaigns${path(name)}/uplift`);
  const doing = useDoing();
  const missing = reading.trouble?.status === 404;
  const found = reading.value;
  return (
    <Card
      title="Whom it moves"
      aside={found && <Chip tone={found.serves ? "moss" : "grey"}>{found.serves ? "scores people" : "scores nobody"}</Chip>}
      note="Learnt from this campaign's holdout: who does it because of the mail, not who does it anyway."
    >
      {reading.trouble && !missing && <TroubleNote problem={reading.trouble} />}
      {missing && <Empty>Nobody has asked yet. It needs people who were held out, and the end of the window.</Empty>}
      {found && <Found uplift={found} />}
      <div className="actions">
        <Button
          variant="default"
          disabled={doing.busy}
          onClick={() =>
            doing.run(async () => {
              await send<CampaignUplift>("POST", `/campaigns${path(name)}/uplift`);
              reading.again();
              return "Learnt and judged.";
            })
          }
        >
          {found ? "Learn anew" : "Learn from the holdout"}
        </Button>
      </div>
      <Told doing={doing} />
    </Card>
  );
}

function Found({ uplift }: { uplift: CampaignUplift }) {
  return (
    <>
      <p>{uplift.why}</p>
      <Facts>
        <Fact word="People">{count(uplift.people)}</Fact>
        <Fact word="Written to">{count(uplift.written_to)}</Fact>
        <Fact word="Outcome" note={`within ${uplift.window_days} days`}>
          {capital(plain(uplift.outcome))}
        </Fact>
        <Fact
          word="Average effect of the mail"
          note={`percentage points; 95 % between ${points(uplift.average_low)} and ${points(uplift.average_high)}`}
        >
          {points(uplift.average)}
        </Fact>
        <Fact word="Learnt">
          <When at={uplift.trained_at} />
        </Fact>
        {uplift.serves && (
          <Fact word="Scores" note={uplift.model}>
            {count(uplift.scored)}
          </Fact>
        )}
      </Facts>
      {uplift.orders.length > 0 && (
        <>
          <p className="note">
            Qini: how many more of a thousand people reach the outcome, on average over how many are written to, when those go first who come first
            in this order, not any. Below each, 95 % intervals.
          </p>
          <Table
            caption="Orders of people, by how much more they gain than a random one, a thousand people; intervals"
            rows={uplift.orders}
            id={(each) => each.name}
            columns={[
              { name: "Order by", head: true, cell: (each) => capital(each.title) },
              { name: "Qini", right: true, cell: (each) => <Interval value={each.qini} low={each.low} high={each.high} /> },
              { name: "Above the rule", right: true, cell: (each) => <Above order={each} /> },
            ]}
          />
        </>
      )}
    </>
  );
}

function Interval({ value, low, high }: { value: number; low: number; high: number }) {
  return (
    <>
      {signed(value)}
      <small className="dim block">
        {signed(low)} to {signed(high)}
      </small>
    </>
  );
}

function Above({ order }: { order: UpliftOrder }) {
  if (order.above === null || order.above_low === null || order.above_high === null) return <span className="dim">–</span>;
  return <Interval value={order.above} low={order.above_low} high={order.above_high} />;
}
