// Whom a campaign, a journey or one of its mails moves, by who was held out; and whether that can be told from chance.

import { Button } from "@mantine/core";
import { useDoing, useReading } from "../api/reading";
import { trained } from "../api/training";
import type { CampaignUplift, UpliftOrder } from "../api/types";
import { capital, count, many, plain, points, share } from "../words";
import { Told } from "./doing";
import { Card, Chip, Empty, Fact, Facts, TroubleNote, When } from "./page";
import { Table } from "./table";

const PER_THOUSAND = 1000;
const signed = (n: number) => `${n > 0 ? "+" : ""}${(n * PER_THOUSAND).toFixed(1)}`;

/** `of`: what the API names it by, a campaign, a journey or one of its mails. */
export function UpliftCard({ of }: { of: string }) {
  const reading = useReading<CampaignUplift>(`${of}/uplift`);
  const doing = useDoing();
  const missing = reading.trouble?.status === 404;
  const found = reading.value;
  return (
    <Card
      title="Whom it moves"
      aside={found && <Chip tone={found.serves ? "moss" : "grey"}>{found.serves ? "scores people" : "scores nobody"}</Chip>}
      note="Learnt from the people who were held out: who acts because of it, not who would have acted anyway."
    >
      {reading.trouble && !missing && <TroubleNote problem={reading.trouble} />}
      {missing && <Empty>Not learnt yet. It needs people who were held out, and whose window is over.</Empty>}
      {found && <Found uplift={found} />}
      <div className="actions">
        <Button
          variant="default"
          disabled={doing.busy}
          onClick={() =>
            doing.run(async () => {
              await trained<CampaignUplift>(`${of}/uplift`);
              reading.again();
              return "Learnt and judged.";
            })
          }
        >
          {found ? "Learn anew" : "Learn from the holdout"}
        </Button>
        {doing.busy && (
          <p className="dim" role="status">
            Working… It goes on if you leave this page.
          </p>
        )}
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
        <Fact word={uplift.campaign.endsWith("/") ? "Entered" : "Written to"}>{count(uplift.written_to)}</Fact>
        <Fact word="Outcome" note={`within ${many(uplift.window_days, "day")}`}>
          {capital(plain(uplift.outcome))}
        </Fact>
        {uplift.average_low < uplift.average_high && (
          <Fact word="Average effect" note="in a hundred people; 95 % interval">
            {points(uplift.average)} points{" "}
            <span className="dim">
              ({points(uplift.average_low)} to {points(uplift.average_high)})
            </span>
          </Fact>
        )}
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
            Qini: how many more in a thousand people reach the outcome if those who stand first in this order are written to first, instead of people
            drawn at random. It is the average over how many are written to. Below each figure, its 95 % interval.
          </p>
          <Table
            caption="Orders of people, and how many more in a thousand each gains than a random one"
            rows={uplift.orders}
            id={(each) => each.name}
            columns={[
              { name: "Order by", head: true, cell: (each) => capital(each.title) },
              { name: "Qini", right: true, cell: (each) => <Interval value={each.qini} low={each.low} high={each.high} /> },
              { name: "More than the rule", right: true, cell: (each) => <Above order={each} /> },
            ]}
          />
        </>
      )}
      {uplift.policies.length > 0 && (
        <Table
          caption="What part reaches the outcome, by who is written to; 95 % intervals"
          captionSeen
          rows={uplift.policies}
          id={(each) => each.name}
          columns={[
            { name: "Who is written to", head: true, cell: (each) => capital(POLICIES[each.name] ?? each.name) },
            {
              name: "Reach the outcome",
              right: true,
              cell: (each) => (
                <>
                  {share(each.value)}
                  <small className="dim block">
                    {share(each.low)} to {share(each.high)}
                  </small>
                </>
              ),
            },
          ]}
        />
      )}
    </>
  );
}

const POLICIES: Record<string, string> = { "expected gain": "those with an expected gain" };

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
