import "../styles/segments.css";
import { Button, NativeSelect } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { ask, path, query, send, useDoing, useReading } from "../api/reading";
import type {
  CampaignSends,
  NewOrder,
  OrderReport,
  Reconciliation,
  SendInDoubt,
  SendingOrder,
  SendingStatus,
  SendsInDoubt,
} from "../api/types";
import { Told } from "../parts/doing";
import { Card, Chip, Empty, Page, Shown, type Tone, When } from "../parts/page";
import { DeliveryPlaces, campaignAt } from "../parts/places";
import { Alarms, Reasoned } from "../parts/sending";
import { Pager, Table, usePaging } from "../parts/table";
import { capital, count, many, plain } from "../words";

type Act = NewOrder["act"];

const SIZE = 20;
const STATES = ["pending", "claimed", "sent", "failed", "unknown", "cancelled"];
const TONES: Record<Act, Tone> = { pause: "amber", cancel: "red", resume: "moss" };
const STANDS: Record<Act, string> = { pause: "paused", cancel: "cancelled", resume: "goes on" };
const DONE: Record<Act, string> = { pause: "Paused", cancel: "Cancelled", resume: "Goes on" };

export default function Delivery() {
  const reading = useReading<SendingStatus>("/delivery");
  return (
    <Page title="Delivery" lead="What leaves, what waits, what became of it.">
      <DeliveryPlaces />
      <div className="stack">
        <Alarms />
        <Shown reading={reading} height={600}>
          {(status) => <Sending status={status} again={reading.again} />}
        </Shown>
        <Doubts />
        <Verification />
        {reading.value && <Orders orders={reading.value.orders} />}
      </div>
    </Page>
  );
}

function Sending({ status, again }: { status: SendingStatus; again: () => void }) {
  const [chosen, setChosen] = useState("");
  const [sure, setSure] = useState(false);
  const doing = useDoing();
  const names = status.campaigns.map((each) => each.campaign);
  const order = (act: Act) => (reason: string) =>
    doing.run(async () => {
      const asked: NewOrder = { act, campaign: chosen, reason, everything: act === "cancel" && !chosen };
      const done = await send<OrderReport>("POST", "/delivery/orders", asked);
      again();
      setSure(false);
      const what = chosen || "all sending";
      return `${DONE[act]}: ${what}.${done.cancelled ? ` ${many(done.cancelled, "mail")} will not leave.` : ""}`;
    });
  return (
    <Card title="Sending" aside={<Work status={status} />}>
      {status.campaigns.length === 0 ? (
        <Empty>Nothing has been decided yet.</Empty>
      ) : (
        <Campaigns campaigns={status.campaigns} />
      )}
      <div className="actions">
        <NativeSelect
          label="What to stop or let go on"
          value={chosen}
          onChange={(event) => setChosen(event.currentTarget.value)}
          data={[{ value: "", label: "all sending" }, ...names]}
        />
        <label>
          <input type="checkbox" className="tick" checked={sure} onChange={(event) => setSure(event.currentTarget.checked)} /> Cancel for
          good, not only pause
        </label>
      </div>
      <Reasoned
        label="Why"
        doing={doing}
        acts={[
          sure ? { word: "Cancel", act: order("cancel"), danger: true } : { word: "Pause", act: order("pause") },
          { word: "Resume", act: order("resume") },
        ]}
      />
      <Told doing={doing} />
    </Card>
  );
}

function Work({ status }: { status: SendingStatus }) {
  if (status.stands) {
    return <Chip tone={TONES[status.stands]}>all sending {STANDS[status.stands]}</Chip>;
  }
  return status.workers.length ? (
    <Chip tone="moss">{status.workers.join(", ")} at work</Chip>
  ) : (
    <Chip>nobody is sending</Chip>
  );
}

function Campaigns({ campaigns }: { campaigns: CampaignSends[] }) {
  const used = STATES.filter((state) => campaigns.some((each) => each.states[state]));
  return (
    <Table
      caption="Mails of each campaign by state"
      rows={campaigns}
      id={(each) => each.campaign}
      columns={[
        {
          name: "Campaign",
          head: true,
          cell: (each) => (
            <>
              <Link href={campaignAt(each.campaign)}>{each.campaign}</Link>{" "}
              {each.stands && <Chip tone={TONES[each.stands]}>{STANDS[each.stands]}</Chip>}
            </>
          ),
        },
        ...used.map((state) => ({
          name: capital(state === "unknown" ? "in doubt" : state),
          right: true,
          cell: (each: CampaignSends) => count(each.states[state] ?? 0),
        })),
      ]}
    />
  );
}

/** Mails whose last line left and whose answer nobody knows: somebody says what became of them. */
function Doubts() {
  const paging = usePaging();
  const reading = useReading<SendsInDoubt>(`/delivery/unknowns${query({ after: paging.after, limit: SIZE })}`);
  const doing = useDoing();
  const [chosen, choose] = useState("");
  const settle = (sent: boolean) => (reason: string) =>
    doing.run(async () => {
      await send<SendsInDoubt>("POST", `/delivery/unknowns${path(chosen)}`, { sent, reason });
      choose("");
      reading.again();
      return sent ? "It counts as delivered." : "It will be sent again.";
    });
  return (
    <Card title="In doubt" note="Their last line left, and no answer came: neither lost nor sent twice until somebody says so.">
      <Shown reading={reading} height={160}>
        {(page) =>
          page.sends.length === 0 && !paging.after ? (
            <Empty>Nothing is in doubt.</Empty>
          ) : (
            <>
              <DoubtTable sends={page.sends} chosen={chosen} choose={choose} />
              <Pager paging={paging} size={SIZE} shown={page.sends.length} next={page.next} what="mails in doubt" />
              <Reasoned
                label="How you know"
                needed
                disabled={!page.sends.some((each) => each.send_id === chosen)}
                doing={doing}
                acts={[
                  { word: "It was delivered", act: settle(true) },
                  { word: "Send it again", act: settle(false) },
                ]}
              />
            </>
          )
        }
      </Shown>
      <Told doing={doing} />
    </Card>
  );
}

interface DoubtTableProps {
  sends: SendInDoubt[];
  chosen: string;
  choose: (sendId: string) => void;
}

function DoubtTable({ sends, chosen, choose }: DoubtTableProps) {
  return (
    <Table
      caption="Mails in doubt"
      rows={sends}
      id={(each) => each.send_id}
      columns={[
        {
          name: "Mail",
          head: true,
          cell: (each) => (
            <label>
              <input
                type="radio"
                name="doubt"
                className="tick"
                checked={chosen === each.send_id}
                onChange={() => choose(each.send_id)}
              />{" "}
              {each.send_id.slice(0, 8)}
              <span className="unseen"> of {each.campaign}</span>
            </label>
          ),
        },
        { name: "Campaign", cell: (each) => each.campaign },
        { name: "Person", cell: (each) => <Link href={`/people/${each.person}`}>{each.person}</Link> },
        { name: "Since", wide: true, cell: (each) => <When at={each.since} /> },
        { name: "Carrier", wide: true, cell: (each) => each.carrier },
      ]}
    />
  );
}

function Verification() {
  const doing = useDoing();
  const [found, setFound] = useState<Reconciliation | null>(null);
  const verify = () =>
    doing.run(async () => {
      const told = await ask<Reconciliation>("/delivery/verification");
      setFound(told);
      return told.count ? `${many(told.count, "thing")} not right.` : "It adds up.";
    });
  return (
    <Card title="Does it add up?" note="Lays decisions, outbox, answers, journals, events and carriers side by side.">
      <div className="actions">
        <Button variant="default" onClick={verify} loading={doing.busy}>
          Verify
        </Button>
      </div>
      <Told doing={doing} />
      {found && found.faults.length > 0 && (
        <Table
          caption="What does not add up"
          rows={found.faults}
          id={(each) => `${each.kind} ${each.send_id} ${each.detail}`}
          columns={[
            { name: "What", head: true, cell: (each) => plain(each.kind) },
            { name: "Mail", cell: (each) => each.send_id.slice(0, 8) },
            { name: "How", cell: (each) => each.detail },
          ]}
        />
      )}
    </Card>
  );
}

function Orders({ orders }: { orders: SendingOrder[] }) {
  if (orders.length === 0) return null;
  return (
    <Card title="What was ordered">
      <Table
        caption="Orders, the newest first"
        rows={orders}
        id={(each, index) => `${each.at} ${index}`}
        columns={[
          { name: "When", head: true, cell: (each) => <When at={each.at} /> },
          { name: "What", cell: (each) => <Chip tone={TONES[each.act]}>{each.act}</Chip> },
          { name: "Campaign", cell: (each) => each.campaign || "all sending" },
          { name: "Why", cell: (each) => each.reason },
          { name: "Who", wide: true, cell: (each) => each.author },
        ]}
      />
    </Card>
  );
}
