// Why a person did or did not get each mail: a sentence, and on request all that it rests on.

import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { path, query, useReading } from "../api/reading";
import type { Brief, Limit, MadeOf, Stage, Why, Whys } from "../api/types";
import { capital, figure, plain, share } from "../words";
import { Card, Chip, Empty, Fact, Facts, Shown, type Tone, When } from "./page";
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

export function WhyCard({ person }: { person: number }) {
  const reading = useReading<Whys>(`/people/${person}/why`);
  return (
    <Card title="Why she got what she got">
      <Shown reading={reading} height={90}>
        {({ campaigns }) =>
          campaigns.length === 0 ? (
            <Empty>There is no campaign yet.</Empty>
          ) : (
            <ul className="decisions">
              {campaigns.map((told) => (
                <li key={`${told.campaign} ${told.decision}`}>
                  <Told person={person} told={told} />
                </li>
              ))}
            </ul>
          )
        }
      </Shown>
    </Card>
  );
}

/** Where a campaign, or the journey of a step, is told. */
function home({ campaign, answer }: Brief): string {
  const [journey = "", step] = campaign.split("/");
  const journeys = step !== undefined || answer === "in_journey" || answer.endsWith("_journey");
  return journeys || answer === "not_entered" ? `/journeys${path(journey)}` : campaignAt(campaign);
}

function Told({ person, told }: { person: number; told: Brief }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <p className="decision-head">
        <Link href={home(told)}>{told.campaign}</Link>{" "}
        <Chip tone={TONE[told.answer] ?? "amber"}>{plain(told.answer)}</Chip>
      </p>
      <p>{told.sentence}</p>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Evidence for {told.campaign}</summary>
        {open && <Evidence person={person} told={told} />}
      </details>
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
      <Lines lines={made.picks.map((pick) => `Recommended ${pick.name || pick.item}: ${pick.reason}`)} />
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
