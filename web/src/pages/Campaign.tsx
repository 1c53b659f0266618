import "../styles/templates.css";
import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type { Arm, CampaignResult, Caused, Rate, RatioCheck, VerdictCount } from "../api/types";
import { ShareBar } from "../parts/charts";
import { EffectsOf, Takeaway } from "../parts/effects";
import { CampaignFeedback } from "../parts/feedback";
import { Card, Chip, Empty, Page, Shown, useStatus, When } from "../parts/page";
import { campaignAt } from "../parts/places";
import { PreflightCard, ScheduleCard } from "../parts/schedule";
import { SubjectsCard } from "../parts/subjects";
import { Table } from "../parts/table";
import { UpliftCard } from "../parts/uplift";
import { verdictTone } from "../parts/why";
import { capital, count, figure, money, plain, share } from "../words";

export default function Campaign({ name }: { name: string }) {
  const reading = useReading<CampaignResult>(campaignAt(name));
  const [journey = "", step] = name.split("/");
  const result = reading.value;
  return (
    <Page
      title={name}
      lead={result && <Lead result={result} />}
      back={step ? { to: `/journeys${path(journey)}`, word: journey } : { to: "/campaigns", word: "Campaigns" }}
    >
      <Shown reading={reading} height={1000}>
        {(shown) => (
          <div className="stack">
            <Card title="In one sentence" className="card-lead">
              <Takeaway result={shown} />
              <p className="note">{shown.method}</p>
            </Card>
            <Arms result={shown} />
            <Card title="Differences" note="95 % intervals; a line that crosses the middle may be chance.">
              <EffectsOf effects={shown.effects} metrics={["goal", "purchase", "revenue", "click", "open"]} />
            </Card>
            <div className="halves">
              <Incremental caused={shown.caused} />
              <Ratio ratio={shown.ratio} />
            </div>
            <CampaignFeedback campaign={name} />
            <Decided verdicts={shown.verdicts} states={shown.states} />
            <UpliftCard of={campaignAt(name)} />
            {!step && (
              <>
                <SubjectsCard subjects={shown.subjects} />
                <ScheduleCard name={name} />
                <PreflightCard name={name} variants={shown.arms.filter((arm) => !arm.holdout).map((arm) => arm.name)} />
              </>
            )}
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Lead({ result }: { result: CampaignResult }) {
  return (
    <>
      {result.description && `${result.description} · `}
      {result.segment && <Segments names={result.segment.split(", ")} />}version {result.version}
      {result.decided_at && (
        <>
          , decided <When at={result.decided_at} />
        </>
      )}
      ; purchases {result.goal && `and ${plain(result.goal)} `}count for {figure(result.window_days, 0)} days
    </>
  );
}

function Segments({ names }: { names: string[] }) {
  return (
    <>
      to{" "}
      {names.map((segment, at) => (
        <span key={segment}>
          {at > 0 && " and "}
          <Link href={`/segments${path(segment)}`}>{segment}</Link>
        </span>
      ))}
      ,{" "}
    </>
  );
}

function RateCell({ rate }: { rate: Rate | null }) {
  if (rate === null) return <span className="dim">no mail</span>;
  return (
    <>
      {share(rate.share)}
      <small className="dim block">
        {share(rate.low)} to {share(rate.high)}
      </small>
    </>
  );
}

function Arms({ result }: { result: CampaignResult }) {
  const { currency } = useStatus();
  return (
    <Card title="Variants and holdout" note={result.machine_note}>
      {result.arms.length === 0 ? (
        <Empty>Nobody has been drawn yet.</Empty>
      ) : (
        <Table
          caption="Outcome of each arm, with 95 % intervals"
          rows={result.arms}
          id={(arm) => arm.name}
          columns={[
            {
              name: "Arm",
              head: true,
              cell: (arm) => (
                <>
                  {arm.name} {arm.holdout && <Chip tone="sky">no mail</Chip>}
                  {arm.subject && <small className="dim block">“{arm.subject}”</small>}
                </>
              ),
            },
            { name: "People", right: true, wide: true, cell: (arm) => count(arm.people) },
            { name: "Human openers", right: true, wide: true, cell: (arm) => <RateCell rate={arm.opens} /> },
            { name: "Human clickers", right: true, cell: (arm) => <RateCell rate={arm.clicks} /> },
            { name: "Buyers", right: true, cell: (arm) => <RateCell rate={arm.purchases} /> },
            ...(result.goal
              ? [{ name: "Reached the goal", right: true, cell: (arm: Arm) => <RateCell rate={arm.reached} /> }]
              : []),
            {
              name: "Revenue per person",
              right: true,
              cell: (arm) => (
                <>
                  {money(Math.round(arm.revenue_per_person_minor), currency)}
                  <small className="dim block">
                    {money(Math.round(arm.revenue_per_person_low), currency)} to{" "}
                    {money(Math.round(arm.revenue_per_person_high), currency)}
                  </small>
                </>
              ),
            },
            { name: "By machines", right: true, wide: true, cell: (arm) => <Machines arm={arm} /> },
          ]}
        />
      )}
    </Card>
  );
}

function Machines({ arm }: { arm: Arm }) {
  if (arm.holdout) return <span className="dim">no mail</span>;
  return (
    <span className="dim">
      {count(arm.machine_opens)} opened
      <small className="block">{count(arm.machine_clicks)} clicked</small>
    </span>
  );
}

function Incremental({ caused }: { caused: Caused[] }) {
  const { currency } = useStatus();
  return (
    <Card title="Caused by the mails" note="Beyond what the holdout did, over all people of the arm.">
      {caused.length === 0 ? (
        <Empty>Without a holdout nobody can tell.</Empty>
      ) : (
        <Table
          caption="What the mails caused, with 95 % intervals"
          rows={caused}
          id={(each) => each.arm}
          columns={[
            { name: "Arm", head: true, cell: (each) => each.arm },
            {
              name: "Revenue",
              right: true,
              cell: (each) => (
                <>
                  {money(Math.round(each.revenue_minor), currency, { signed: true, brief: true })}
                  <small className="dim block">
                    {money(Math.round(each.revenue_minor_low), currency, { signed: true, brief: true })} to{" "}
                    {money(Math.round(each.revenue_minor_high), currency, { signed: true, brief: true })}
                  </small>
                </>
              ),
            },
            {
              name: "Buyers",
              right: true,
              cell: (each) => (
                <>
                  {count(Math.round(each.buyers))}
                  <small className="dim block">
                    {count(Math.round(each.buyers_low))} to {count(Math.round(each.buyers_high))}
                  </small>
                </>
              ),
            },
          ]}
        />
      )}
    </Card>
  );
}

function Ratio({ ratio }: { ratio: RatioCheck | null }) {
  if (ratio === null) return null;
  const total = Object.values(ratio.observed).reduce((sum, n) => sum + n, 0);
  return (
    <Card
      title="Sample ratio"
      aside={<Chip tone={ratio.holds ? "moss" : "red"}>{ratio.holds ? "as drawn" : "mismatch"}</Chip>}
      note={
        ratio.holds
          ? "The arms are as large as the draw intended."
          : "People are missing from an arm: nothing may be concluded."
      }
    >
      <Table
        caption="Planned and observed sizes of the arms"
        rows={Object.entries(ratio.observed)}
        id={([arm]) => arm}
        columns={[
          { name: "Arm", head: true, cell: ([arm]) => arm },
          { name: "Planned", right: true, cell: ([arm]) => share(ratio.expected[arm] ?? 0) },
          { name: "Observed", right: true, cell: ([, n]) => share(total ? n / total : 0) },
          { name: "People", right: true, cell: ([, n]) => count(n) },
        ]}
      />
      <p className="note">p = {ratio.p_value < 0.001 ? "under 0.001" : figure(ratio.p_value)}</p>
    </Card>
  );
}

function Decided({ verdicts, states }: { verdicts: VerdictCount[]; states: Record<string, number> }) {
  const total = verdicts.reduce((sum, verdict) => sum + verdict.people, 0);
  return (
    <Card title="Decisions" aside={`${count(total)} people considered`}>
      <Table
        caption="People by verdict and reason"
        rows={verdicts}
        id={(verdict) => `${verdict.verdict} ${verdict.reason} ${verdict.variant}`}
        columns={[
          {
            name: "Verdict",
            head: true,
            cell: (v) => <Chip tone={verdictTone(v.verdict)}>{v.verdict}</Chip>,
          },
          { name: "Variant or reason", cell: (v) => v.variant || plain(v.reason) },
          { name: "People", right: true, cell: (v) => count(v.people) },
          {
            name: "Share",
            wide: true,
            cell: (v) => (
              <span className="share-cell">
                <ShareBar share={total ? v.people / total : 0} /> {share(total ? v.people / total : 0)}
              </span>
            ),
          },
        ]}
      />
      {Object.keys(states).length > 0 && (
        <p className="note">
          {Object.entries(states)
            .map(([state, n]) => `${capital(state)}: ${count(n)}`)
            .join(" · ")}
        </p>
      )}
    </Card>
  );
}
