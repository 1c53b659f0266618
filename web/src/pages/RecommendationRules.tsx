import "../styles/recommendations.css";
import { path, useReading } from "../api/reading";
import type { ExposureAudit, ExposureReport, ExposureShare, RuleSet } from "../api/types";
import { ShareBar } from "../parts/charts";
import { Uses, Written } from "../parts/kept";
import { Broken, Card, Chip, Empty, Page, Shown } from "../parts/page";
import { Table } from "../parts/table";
import { capital, count, figure, many, plain, share } from "../words";
import { RulesText } from "./Recommendations";

const BUILT_IN = `name: default
description: What every mail shows
not_bought_days: 7
`;

export default function RecommendationRules({ name }: { name: string }) {
  const where = `/recommendations${path(name)}`;
  const reading = useReading<RuleSet>(where);
  const rules = reading.value;
  return (
    <Page
      title={name}
      tab={`${name}, rules of recommendation`}
      lead={rules?.description}
      back={{ to: "/recommendations", word: "Recommendations" }}
      actions={
        rules && !rules.trouble && (
          <p className="big">
            <strong>{count(rules.allowed)}</strong>
            <span>of {many(rules.products, "product")} may be shown</span>
          </p>
        )
      }
    >
      <Shown reading={reading} height={700}>
        {(found) => (
          <div className="stack">
            {found.trouble ? (
              <Broken kind="These rules are" why={found.trouble}>
                Until they are mended, campaigns, mails and steps of journeys that show products by them wait, and nobody is shown anything by other
                rules instead.
              </Broken>
            ) : (
              <>
                <Card title="What they say">
                  <ul className="bullets">
                    {found.says.map((each) => (
                      <li key={each}>{capital(each)}</li>
                    ))}
                  </ul>
                </Card>
                <Exposure where={where} />
              </>
            )}
            {found.version > 0 ? (
              <>
                <Written where={where} onKept={reading.again}>
                  {(start, fresh, kept) => <RulesText start={start} fresh={fresh} onKept={kept} />}
                </Written>
                <Uses where={where} kept="Mails that were sent stay as they were." />
              </>
            ) : (
              <Card title="Write them" note="There are no rules of this name: those that are built in hold.">
                <RulesText start={BUILT_IN} fresh onKept={reading.again} />
              </Card>
            )}
          </div>
        )}
      </Shown>
    </Page>
  );
}

/** What is shown how much: of what people would be shown now, each place counted as it is looked at. */
function Exposure({ where }: { where: string }) {
  const reading = useReading<ExposureReport>(`${where}/exposure`);
  return (
    <Card title="Exposure" note="How much of the places each group of products gets, of what people would be shown now. The first place counts most; with 95 % intervals.">
      <Shown reading={reading} height={300}>
        {(report) => report.shown === 0 ? <Empty>Nobody would be shown anything yet: it needs people, and products that pass these rules.</Empty> : (
          <>
            <p>
              {many(report.people, "person", "people")} would be shown {count(report.shown)} of {many(report.products, "product")}. Gini coefficient{" "}
              {figure(report.gini, 2)}, where 0 is all products alike and 1 is a single one.
            </p>
            {report.waits && <p>{report.waits}</p>}
            {report.audits.map((audit) => (
              <Audit key={audit.by} audit={audit} />
            ))}
          </>
        )}
      </Shown>
    </Card>
  );
}

function Audit({ audit }: { audit: ExposureAudit }) {
  const target = audit.declared ? "the target is what the rules say" : "the target is the group's part of the products";
  const most = Math.max(...audit.shares.map((each) => each.share), 0.01);
  return (
    <Table
      caption={`By ${plain(audit.by)}; ${target}`}
      captionSeen
      rows={audit.shares}
      id={(each) => each.value}
      columns={[
        {
          name: capital(plain(audit.by)),
          head: true,
          cell: (each) => (
            <>
              {each.value} {each.too_little && <Chip tone="amber">too little</Chip>}
            </>
          ),
        },
        { name: "Products", right: true, wide: true, cell: (each) => count(each.products) },
        { name: "Exposure", right: true, cell: (each) => <Part of={each} /> },
        { name: "As a bar", wide: true, cell: (each) => <ShareBar share={each.share / most} /> },
        { name: "Target", right: true, cell: (each) => share(each.target) },
      ]}
    />
  );
}

function Part({ of }: { of: ExposureShare }) {
  return (
    <>
      {share(of.share)}
      <small className="dim block">
        {share(of.low)} to {share(of.high)}
      </small>
    </>
  );
}
