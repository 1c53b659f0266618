import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type { CampaignSummary } from "../api/types";
import { Card, Empty, Page, Shown, useStatus } from "../parts/page";
import { CampaignPlaces, campaignAt } from "../parts/places";
import { Table } from "../parts/table";
import { ago, count } from "../words";

export default function Campaigns() {
  const reading = useReading<CampaignSummary[]>("/campaigns");
  const { now } = useStatus();
  return (
    <Page title="Campaigns" lead="What was decided, what was sent, and what it changed.">
      <CampaignPlaces />
      <Card title="All campaigns">
        <Shown reading={reading} height={200}>
          {(campaigns) =>
            campaigns.length === 0 ? (
              <Empty>No campaigns yet. Put a YAML file into the folder campaigns.</Empty>
            ) : (
              <Table
                caption="Campaigns"
                rows={campaigns}
                id={(campaign) => campaign.name}
                columns={[
                  {
                    name: "Campaign",
                    head: true,
                    cell: (c) => (
                      <>
                        <Link href={campaignAt(c.name)}>{c.name}</Link>
                        <small className="dim block">{c.description}</small>
                      </>
                    ),
                  },
                  {
                    name: "Segment",
                    wide: true,
                    cell: (c) => <Link href={`/segments${path(c.segment)}`}>{c.segment}</Link>,
                  },
                  { name: "Considered", right: true, cell: (c) => count(c.decided) },
                  { name: "Sent", right: true, cell: (c) => count(c.sent) },
                  { name: "Held out", right: true, wide: true, cell: (c) => count(c.held_out) },
                  { name: "Refused", right: true, wide: true, cell: (c) => count(c.refused) },
                  {
                    name: "Decided",
                    wide: true,
                    cell: (c) =>
                      c.decided_at ? ago(c.decided_at, now) : <span className="dim">not yet</span>,
                  },
                ]}
              />
            )
          }
        </Shown>
      </Card>
    </Page>
  );
}
