import "../styles/journeys.css";
import "../styles/segments.css";
import { Link } from "wouter";
import { path, useReading } from "../api/reading";
import type { JourneyPage } from "../api/types";
import { Card, Page, Shown } from "../parts/page";
import { CampaignPlaces } from "../parts/places";
import { InForce } from "../parts/publishing";
import { SimulationCard } from "../parts/simulation";
import { Graph } from "../parts/steps";
import { UpliftCard } from "../parts/uplift";
import { WatchCard } from "../parts/watching";
import { Mode } from "./Journeys";

export default function Journey({ name }: { name: string }) {
  const reading = useReading<JourneyPage>(`/journeys${path(name)}`);
  return (
    <Page
      title={name}
      lead={reading.value?.description}
      back={{ to: "/journeys", word: "Journeys" }}
      actions={
        reading.value && (
          <p className="big">
            <Mode mode={reading.value.mode} /> <Link href={`/journeys${path(name)}/edit`}>Edit</Link>
          </p>
        )
      }
    >
      <CampaignPlaces />
      <Shown reading={reading} height={500}>
        {(journey) => (
          <div className="stack">
            <Card title="Who comes and goes" note={`Version ${journey.version}`}>
              <ul className="journey-head">
                {journey.head.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            </Card>
            <WatchCard journey={name} />
            <Card title="Steps" note="Where nothing else is said, a step leads to the next one.">
              <Graph journey={name} steps={journey.steps} />
            </Card>
            <UpliftCard of={`/journeys${path(name)}`} />
            <SimulationCard journey={name} />
            <InForce key={journey.version} journey={journey} again={reading.again} />
            <Card title="Its text">
              <pre className="journey-text" tabIndex={0}>
                {journey.text}
              </pre>
            </Card>
          </div>
        )}
      </Shown>
    </Page>
  );
}
