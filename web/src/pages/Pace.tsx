import "../styles/segments.css";
import { TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { send, useDoing, useReading } from "../api/reading";
import type { LaneWaiting, NewHold, PaceReport } from "../api/types";
import { Told } from "../parts/doing";
import { Card, Chip, Empty, Page, Shown, type Tone, When } from "../parts/page";
import { DeliveryPlaces, campaignAt } from "../parts/places";
import { Carriers, HeldStreams, Reasoned } from "../parts/sending";
import { Table } from "../parts/table";
import { count } from "../words";

type Why = LaneWaiting["why"];

const WHY: Record<Why, string> = {
  "": "may leave now",
  held: "held",
  resting: "the provider asked for a rest",
  warm_up: "the day’s share of the warm-up has left",
  rate: "as fast as agreed",
  under_way: "enough are under way",
  quiet_hours: "quiet hours",
  not_yet_due: "not yet due",
};
const TONES: Partial<Record<Why, Tone>> = { "": "moss", held: "red", resting: "amber", warm_up: "sky" };

export default function Pace() {
  const reading = useReading<PaceReport>("/delivery/pace");
  const doing = useDoing();
  const change = (asked: NewHold, said: string) =>
    doing.run(async () => {
      await send<PaceReport>("POST", "/delivery/pace/holds", asked);
      reading.again();
      return said;
    });
  return (
    <Page
      title="Pace"
      lead="How fast mails leave to each mailbox provider, and what holds them: warm-up, rates, quiet hours, alarms."
    >
      <DeliveryPlaces />
      <Shown reading={reading} height={600}>
        {(report) => (
          <div className="stack">
            <Card title="Held" note="Too many bounces or complaints hold a stream by themselves; somebody lets it go on.">
              {report.held.length === 0 ? (
                <Empty>Nothing is held.</Empty>
              ) : (
                <HeldStreams
                  held={report.held}
                  doing={doing}
                  onResume={(stream) => change({ act: "resume", stream, reason: "" }, `${stream} goes on.`)}
                />
              )}
              <Hold onHold={(stream, reason) => change({ act: "hold", stream, reason }, `${stream} is held.`)} doing={doing} />
              <Told doing={doing} />
            </Card>
            {report.carriers.length > 0 && (
              <Card title="Carriers that failed lately">
                <Carriers carriers={report.carriers} />
              </Card>
            )}
            <Lanes report={report} />
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Hold({ onHold, doing }: { onHold: (stream: string, reason: string) => void; doing: ReturnType<typeof useDoing> }) {
  const [stream, setStream] = useState("");
  return (
    <>
      <div className="actions">
        <TextInput
          label="Stream or sending domain"
          placeholder="shop.example/gmail"
          value={stream}
          onChange={(event) => setStream(event.currentTarget.value)}
          maxLength={300}
          autoComplete="off"
          spellCheck={false}
        />
      </div>
      <Reasoned
        label="Why it is to stand still"
        needed
        disabled={!stream.trim()}
        doing={doing}
        acts={[{ word: "Hold it", act: (reason) => onHold(stream.trim(), reason) }]}
      />
    </>
  );
}

function Lanes({ report }: { report: PaceReport }) {
  return (
    <Card title="What waits" aside={report.paced ? undefined : <Chip>the local inbox takes all at once</Chip>}>
      {report.waiting.length === 0 ? (
        <Empty>{report.paced ? "Nothing waits." : "Nothing is paced: mails leave at once."}</Empty>
      ) : (
        <Table
          caption="What waits of each campaign, by stream and time zone"
          rows={report.waiting}
          id={(each) => `${each.campaign} ${each.stream} ${each.zone}`}
          columns={[
            { name: "Stream", head: true, cell: (each) => each.stream },
            {
              name: "Campaign",
              cell: (each) => <Link href={campaignAt(each.campaign)}>{each.campaign}</Link>,
            },
            { name: "Mails", right: true, cell: (each) => count(each.sends) },
            {
              name: "Why",
              cell: (each) => (
                <>
                  <Chip tone={TONES[each.why] ?? "grey"}>{WHY[each.why]}</Chip>
                  {each.reason && <small className="dim block">{each.reason}</small>}
                </>
              ),
            },
            { name: "Next", wide: true, cell: (each) => (each.next_at ? <When at={each.next_at} /> : "by hand") },
            { name: "Zone", wide: true, cell: (each) => each.zone },
          ]}
        />
      )}
    </Card>
  );
}
