// Why a person did or did not get each mail: a sentence, and on request all that it rests on.

import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { path, query, useReading } from "../api/reading";
import type { Brief, Correspondence, DecisionReport, Limit, MadeOf, Pick, Stage, Why, Whys } from "../api/types";
import { capital, figure, plain, share } from "../words";
import { Card, Chip, Empty, Fact, Facts, Shown, type Tone, TroubleNote, When } from "./page";
import { ReasonEntry } from "./reasons";
import { campaignAt } from "./places";

const TONE: Partial<Record<Brief["answer"], Tone>> = {
  sent: "moss",
  held_out: "sky",
  waiting: "sky",
  being_sent: "sky",
  in_journey: "sky",
  came_back: "red",
  failed: "red",
  not_in_audience: "grey",
  not_decided: "grey",
  not_known_then: "grey",
  not_entered: "grey",
};

/** Every campaign and journey: what she got or not, and why; then what was decided before. */
export function WhyCard({ person }: { person: number }) {
  const reading = useReading<Whys>(`/people/${person}/why`);
  const decided = useReading<Correspondence>(`/people/${person}/decisions`);
  const { decisions = [], mails = [] } = decided.value ?? {};
  const stored = new Set(mails.filter((mail) => mail.stored).map((mail) => mail.send_id));
  return (
    <Card title="Why she got what she got">
      <Shown reading={reading} height={90}>
        {({ campaigns }) => {
          const told = new Set(campaigns.map((each) => each.decision));
          const before = decisions.filter((each) => !told.has(each.id));
          if (campaigns.length + before.length === 0) return <Empty>There is no campaign yet.</Empty>;
          return (
            <ul className="decisions">
              {campaigns.map((each) => (
                <li key={`${each.campaign} ${each.decision}`}>
                  <Told
                    person={person}
                    told={each}
                    decision={decisions.find((one) => one.id === each.decision)}
                    stored={stored.has(each.decision)}
                  />
                </li>
              ))}
              {before.map((each) => (
                <li key={each.id}>
                  <Before decision={each} stored={stored.has(each.id)} />
                </li>
              ))}
            </ul>
          );
        }}
      </Shown>
      {decided.trouble && <TroubleNote problem={decided.trouble} again={decided.again} />}
    </Card>
  );
}

const VERDICT_TONE: Record<string, Tone> = { send: "moss", holdout: "sky", refused: "amber" };
export const verdictTone = (verdict: string): Tone => VERDICT_TONE[verdict] ?? "grey";

/** A decision of which nothing newer is told. */
function Before({ decision, stored }: { decision: DecisionReport; stored: boolean }) {
  return (
    <>
      <p className="decision-head">
        <Chip tone={verdictTone(decision.verdict)}>{decision.verdict}</Chip>{" "}
        <Link href={campaignAt(decision.campaign)}>{decision.campaign}</Link>
        {decision.variant && <span className="dim"> · {decision.variant}</span>}
        {decision.state && <span className="dim"> · {decision.state}</span>}
        <span className="grow" />
        {stored && <Link href={`/inbox/${decision.id}`}>Read the mail</Link>}
      </p>
      <p className="dim">
        <When at={decision.at} />
        {decision.reason && ` · ${plain(decision.reason)}`}
      </p>
      <Decided decision={decision} />
    </>
  );
}

function Decided({ decision }: { decision: DecisionReport }) {
  return (
    <details>
      <summary>What was decided about {decision.campaign}</summary>
      <Facts>
        <Fact word="Drawn with probability">{share(decision.probability)}</Fact>
        <Fact word="Consent receipt">{decision.receipt ? `No. ${decision.receipt}` : "none"}</Fact>
        <Fact word="Occurrence">{decision.occurrence}</Fact>
        <Fact word="Campaign version">{decision.campaign_version}</Fact>
        {decision.reply && <Fact word="Carrier said">{decision.reply}</Fact>}
        <Fact word="Decision">
          <code>{decision.id}</code>
        </Fact>
      </Facts>
      <pre className="code" tabIndex={0} role="region" aria-label={`What ${decision.campaign}, ${decision.occurrence}, was decided from`}>
        {JSON.stringify(decision.inputs, null, 2)}
      </pre>
    </details>
  );
}

/** Where a campaign, or the journey of a step, is told. */
function home({ campaign, answer }: Brief): string {
  const [journey = "", step] = campaign.split("/");
  const journeys = step !== undefined || answer.endsWith("_journey") || answer === "not_entered";
  return journeys ? `/journeys${path(journey)}` : campaignAt(campaign);
}

interface ToldProps {
  person: number;
  told: Brief;
  decision: DecisionReport | undefined;
  /** Its mail can be read. */
  stored: boolean;
}

function Told({ person, told, decision, stored }: ToldProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <p className="decision-head">
        <Link href={home(told)}>{told.campaign}</Link>{" "}
        <Chip tone={TONE[told.answer] ?? "amber"}>{plain(told.answer)}</Chip>
        {decision?.variant && <span className="dim"> · {decision.variant}</span>}
        <span className="grow" />
        {stored && <Link href={`/inbox/${told.decision}`}>Read the mail</Link>}
      </p>
      <p>{told.sentence}</p>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Evidence for {told.campaign}</summary>
        {open && <Evidence person={person} told={told} />}
      </details>
      {decision && <Decided decision={decision} />}
    </>
  );
}

function Evidence({ person, told }: { person: number; told: Brief }) {
  const { campaign, occurrence } = told;
  const where = `/people/${person}/why${query({ campaign, occurrence })}`;
  const reading = useReading<Why>(where);
  return (
    <Shown reading={reading} height={120}>
      {(why) => (
        <div className="explained">
          <Belonging why={why} />
          <Facts>
            <Allowed why={why} />
          </Facts>
          <Limits limits={why.limits} />
          {why.made_of && <Made made={why.made_of} />}
          <Stages stages={why.stages} />
          <Lines lines={why.notes} />
        </div>
      )}
    </Shown>
  );
}

function Belonging({ why }: { why: Why }) {
  return (
    <>
      {why.audience && (
        <>
          <h3>
            Audience {why.audience.segment}: {why.audience.member ? "she was in it" : "she was not in it"}
          </h3>
          <p className="dim">
            as of <When at={why.as_of} />
          </p>
          <ul className="reasons">
            <ReasonEntry reason={why.audience.reason} />
          </ul>
        </>
      )}
      <Lines
        lines={why.excluded.map((each) => `${each.member ? "In" : "Not in"} ${each.segment}, whose people are left out`)}
      />
      <Lines lines={why.would_help.map((how) => `It would take: ${how}`)} />
      {why.next_chance && (
        <p className="dim">
          Time alone changes it at <When at={why.next_chance} />.
        </p>
      )}
    </>
  );
}

function Allowed({ why }: { why: Why }) {
  const { leave, draw } = why;
  return (
    <>
      {leave && (
        <Fact word={`Consent to ${plain(leave.purpose)}`} note={[leave.source, leave.wording_version].join(" ")}>
          {leave.state}
          {leave.receipt > 0 && `, receipt ${leave.receipt}`}
        </Fact>
      )}
      {draw && (
        <Fact
          word="Drawn"
          note={Object.entries(draw.among)
            .map(([name, probability]) => `${name} ${share(probability)}`)
            .join(", ")}
        >
          {draw.drawn}, with probability {share(draw.probability)}
        </Fact>
      )}
      {why.displaced_by && <Fact word="Displaced by">{why.displaced_by}</Fact>}
      <Fact word="Campaign version">{why.campaign_version}</Fact>
    </>
  );
}

function Limits({ limits }: { limits: Limit[] }) {
  return (
    <ul>
      {limits.map((limit) => (
        <li key={limit.text}>
          {capital(limit.text)}: {limit.counted} counted{limit.reached && ", so it is reached"}
          <Lines lines={limit.mails.map((mail) => `${mail.campaign} at ${mail.at}`)} />
        </li>
      ))}
    </ul>
  );
}

function Made({ made }: { made: MadeOf }) {
  return (
    <>
      <h3>What it was made of</h3>
      <Facts>
        <Fact word="Template" note={`version ${made.template_version}`}>
          {made.template}
        </Fact>
        <Fact word="Edition">
          <code>{made.edition}</code>
        </Fact>
        {made.scores.map((score) => (
          <Fact key={score.model} word={capital(plain(score.model))} note={score.reasons.join("; ")}>
            {figure(score.value)}, version {score.version}
          </Fact>
        ))}
        {Object.entries(made.traits)
          .filter(([, value]) => value !== null)
          .map(([name, value]) => (
            <Fact key={name} word={capital(plain(name))}>
              {value}
            </Fact>
          ))}
      </Facts>
      <Lines lines={made.picks.map(recommended)} />
      <Lines lines={made.because} />
    </>
  );
}

function Stages({ stages }: { stages: Stage[] }) {
  return (
    <>
      <h3>What became of it</h3>
      <ol className="evidence">
        {stages.map((stage, index) => (
          <li key={`${stage.at} ${index}`}>
            <When at={stage.at} /> {plain(stage.what)}
            {stage.machine && <Chip tone="grey">by a machine</Chip>}
            {stage.text && `: ${stage.text}`}
          </li>
        ))}
      </ol>
    </>
  );
}

function Lines({ lines }: { lines: string[] }): ReactNode {
  if (lines.length === 0) return null;
  return (
    <ul>
      {lines.map((line, index) => (
        <li key={`${line} ${index}`}>{line}</li>
      ))}
    </ul>
  );
}

/** A product that was chosen, why, and how likely it was to be bought. */
function recommended(pick: Pick): string {
  const buys = pick.probability === null ? "" : `, probability of an order ${share(pick.probability)}`;
  return `Recommended ${pick.name || pick.item}: ${pick.reason}${buys}`;
}
