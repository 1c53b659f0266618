import "../styles/models.css";
import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type { ModelDetail, ModelReport, ModelVersion } from "../api/types";
import { ShareBar } from "../parts/charts";
import { Budget, Drift, EvenedOut, Fairness } from "../parts/honesty";
import { algorithmName, Answers, Lift, measureName, Measures, predicted, Reliability, settingsWords, TraitCell } from "../parts/models";
import { Broken, Card, Chip, Empty, Fact, Facts, Page, Shown } from "../parts/page";
import { campaignAt } from "../parts/places";
import { Table } from "../parts/table";
import { isElsewhere, Life } from "../parts/versions";
import { capital, count, date, figure, many, share } from "../words";

export default function Model({ name }: { name: string }) {
  const where = `/models${path(name)}`;
  const reading = useReading<ModelDetail>(where);
  const model = reading.value;
  return (
    <Page
      title={name}
      lead={model?.target && <Lead model={model} />}
      back={{ to: "/models", word: "Models" }}
      actions={
        model && (
          <p className="big">
            <strong>{model.serving || "–"}</strong>
            <span>
              version in use <Answers card={model.card} version={model.serving} />
            </span>
          </p>
        )
      }
    >
      <Shown reading={reading} height={900}>
        {(found) => (
          <div className="stack">
            {found.trouble && (
              <Broken kind="This model is" why={found.trouble}>
                Until that is mended, it cannot be trained{found.serving > 0 && "; what was trained before goes on where its people are known"}.
              </Broken>
            )}
            {found.notes.length > 0 && <Unknown notes={found.notes} />}
            {found.card ? <Judged card={found.card} /> : (found.serving > 0 || !found.trouble) && <Unjudged model={found} />}
            {found.challenger && <Challenger card={found.challenger} versions={found.versions} />}
            <Life model={found} where={where} again={reading.again} />
            {found.card?.evened && <EvenedOut evened={found.card.evened} />}
            {found.card && <Said card={found.card} />}
            {found.card && <Learnt card={found.card} />}
            {found.card && !isElsewhere(found) && (
              <div className={found.card.kind === "propensity" ? "halves" : undefined}>
                <Drift model={found} where={where} again={reading.again} />
                {found.card.kind === "propensity" && <Fairness where={where} />}
              </div>
            )}
            {found.spent.length > 0 && <Budget model={found} />}
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Lead({ model }: { model: ModelDetail }) {
  const days = model.card?.kind === "propensity" && model.target !== "churn" ? model.card.parameters.horizon_days : null;
  const campaign = model.card?.kind === "uplift" ? String(model.card.parameters.campaign) : "";
  return (
    <>
      Predicts {predicted(model)}
      {typeof days === "number" && ` within ${many(days, "day")}`}.
      {campaign && !campaign.endsWith("/") && (
        <>
          {" "}
          It is learnt on <Link href={campaignAt(campaign)}>the page of that mail</Link>.
        </>
      )}
    </>
  );
}

/** What the definition names that has not come yet: it counts as nothing for everybody. */
function Unknown({ notes }: { notes: string[] }) {
  return (
    <Card title="Names that nobody knows here yet" note="What never came is zero for everybody. Correct the name, or wait until it comes.">
      <ul className="said">
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </Card>
  );
}

/** What stands where there is no card: nothing was trained, or what was trained cannot be read. */
function Unjudged({ model }: { model: ModelDetail }) {
  if (model.serving > 0) {
    return (
      <Card title="It cannot be used">
        <p className="trouble" role="alert">
          The files of version {model.serving} were changed or are missing, so it scores nobody. Train it anew, or roll back to another version.
        </p>
      </Card>
    );
  }
  return (
    <Card title="Not trained yet">
      <Empty>
        Nobody has a score of it yet. Train it below: it is judged on the last window beside a naive rule, and it says so if there are too few people to
        learn from.
      </Empty>
    </Card>
  );
}

function Judged({ card }: { card: ModelReport }) {
  const measured = card.measures.length > 0;
  const [calibration, ...because] = card.calibration.split(": ");
  return (
    <Card title="How it was judged" note={card.why}>
      {measured ? (
        <Measures of={card.name} measures={card.measures} />
      ) : (
        <p>There was too little to measure it by. Train it again when more has happened; until then the naive rule answers.</p>
      )}
      <Facts>
        {Date.parse(card.train_from) > 0 && (
          <>
            <Fact word="Learnt from">
              {date(card.train_from)} to {date(card.train_until)}
            </Fact>
            <Fact word="Judged on">
              {date(card.test_from)} to {date(card.test_until)}
            </Fact>
          </>
        )}
        <Fact word="People">
          {count(card.people)}
          {card.outcomes > 0 && `, ${count(card.outcomes)} with the outcome`}
        </Fact>
        {card.algorithm && <Fact word="Algorithm">{algorithmName(card.algorithm)}</Fact>}
        {card.threshold !== null && (
          <Fact word="Threshold" note="A score from here on counts as a yes; chosen for the highest F1 on the window before">
            {share(card.threshold)}
          </Fact>
        )}
        {card.calibration && (
          <Fact word="Calibration" note={capital(because.join(": "))}>
            {calibration}
          </Fact>
        )}
      </Facts>
    </Card>
  );
}

/** The latest version, where another one is in use: by what it lost. */
function Challenger({ card, versions }: { card: ModelReport; versions: ModelVersion[] }) {
  const why = versions.find((each) => each.version === card.version)?.why || card.why;
  return (
    <Card title={`Challenger: version ${card.version}`} note={`It is not in use: ${why}`}>
      {card.measures.length > 0 && <Measures of={`${card.name}, version ${card.version}`} measures={card.measures} />}
    </Card>
  );
}

function Said({ card }: { card: ModelReport }) {
  if (card.reliability.length === 0 && card.lift.length === 0) return null;
  return (
    <div className="halves">
      {card.reliability.length > 0 && (
        <Card title="Predicted and observed" note="On the dashed line, what was predicted is what happened.">
          <Reliability model={card} />
        </Card>
      )}
      {card.lift.length > 0 && (
        <Card
          title="Lift"
          note={
            card.kind === "value"
              ? "What the people of each tenth brought, the highest predictions first, beside the average of everybody."
              : "How often it happened in each tenth of the people, the highest scores first, beside the average of everybody."
          }
        >
          <Lift model={card} />
        </Card>
      )}
    </div>
  );
}

const signed = (value: number): string => `${value > 0 ? "+" : ""}${figure(value)}`;

function Learnt({ card }: { card: ModelReport }) {
  if (card.importances.length === 0 && card.tried.length === 0) return null;
  const figured = card.measures[0] ? measureName(card.measures[0].name) : "Figure";
  const most = Math.max(...card.importances.map((each) => each.share), 0.01);
  return (
    <div className="halves">
      {card.importances.length > 0 && (
        <Card title="What the scores rest on" note="How much of all that raises or lowers scores comes from each trait.">
          <Table
            caption="Share of each trait in what raises or lowers scores"
            rows={card.importances}
            id={(each) => each.feature}
            columns={[
              { name: "Trait", head: true, cell: (each) => <TraitCell name={each.feature} words={each.words} /> },
              {
                name: "Share",
                cell: (each) => (
                  <>
                    <ShareBar share={each.share / most} /> {each.share < 0.005 ? "under 1%" : share(each.share, 0)}
                  </>
                ),
              },
            ]}
          />
        </Card>
      )}
      {card.tried.length > 0 && (
        <Card title="What was tried" note="Compared on the window before the last one, which is only for the final judgement.">
          <Table
            caption="Algorithms that were tried"
            rows={card.tried}
            id={(_, index) => index}
            columns={[
              {
                name: "Algorithm",
                head: true,
                cell: (each) => (
                  <>
                    {algorithmName(each.algorithm)} {each.chosen && <Chip tone="moss">chosen</Chip>}
                    <small className="dim block">{each.why || settingsWords(each.settings)}</small>
                  </>
                ),
              },
              { name: figured, right: true, cell: (each) => (each.figure === null ? "–" : figure(each.figure)) },
            ]}
          />
          {card.validations.length > 0 && (
            <Table
              caption="The same model validated in several ways, and by how much each is off"
              rows={card.validations}
              id={(each) => each.kind}
              columns={[
                { name: "Validated by", head: true, cell: (each) => each.kind },
                { name: figured, right: true, cell: (each) => figure(each.figure) },
                { name: "Bias", right: true, cell: (each) => signed(each.bias) },
              ]}
            />
          )}
        </Card>
      )}
    </div>
  );
}
