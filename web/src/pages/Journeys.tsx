import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useHistoryState } from "wouter/use-browser-location";
import { path, useReading } from "../api/reading";
import type { JourneyRow } from "../api/types";
import { Card, Chip, Empty, Page, Shown } from "../parts/page";
import { CampaignPlaces } from "../parts/places";
import { Table } from "../parts/table";
import { count } from "../words";

export default function Journeys() {
  const reading = useReading<JourneyRow[]>("/journeys");
  return (
    <Page title="Journeys" lead="Steps that people go through, each at her own time: waits, branches, mails.">
      <CampaignPlaces />
      <Removed />
      <Card title="All journeys">
        <Shown reading={reading} height={200}>
          {(journeys) =>
            journeys.length === 0 ? (
              <Empty>No journey yet. Begin with a recipe: `tailorbird journeys recipes`.</Empty>
            ) : (
              <Table
                caption="Journeys"
                rows={journeys}
                id={(journey) => journey.name}
                columns={[
                  {
                    name: "Journey",
                    head: true,
                    cell: (journey) => (
                      <>
                        <Link href={`/journeys${path(journey.name)}`}>{journey.name}</Link>
                        <small className="dim block">{journey.fault || journey.description}</small>
                      </>
                    ),
                  },
                  { name: "Mode", cell: (journey) => <Mode mode={journey.mode} /> },
                  { name: "Version", right: true, wide: true, cell: (journey) => count(journey.version) },
                  { name: "People in it", right: true, cell: (journey) => count(journey.people) },
                ]}
              />
            )
          }
        </Shown>
      </Card>
      <Beginning />
    </Page>
  );
}

/** What is still to be known of a journey that was just removed. */
function Removed() {
  const state = useHistoryState<{ removed?: string } | null>();
  return (
    <div role="status">
      {state?.removed && (
        <p className="said good">Journey {state.removed} is removed. Mails of it that were already decided still leave, unless they are cancelled.</p>
      )}
    </div>
  );
}

function Beginning() {
  const [name, setName] = useState("");
  const [, go] = useLocation();
  const fits = /^[a-z0-9][a-z0-9_-]*$/i.test(name);
  return (
    <Card title="Write a new one" note="In YAML, checked and drawn while you write; recipes are kept by `tailorbird journeys add`.">
      <form
        className="search"
        onSubmit={(event) => {
          event.preventDefault();
          if (fits) go(`/journeys${path(name)}/edit`);
        }}
      >
        <TextInput
          label="Its name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={100}
          autoComplete="off"
          placeholder="spring-welcome"
        />
        <Button type="submit" disabled={!fits}>
          Write it
        </Button>
      </form>
    </Card>
  );
}

export function Mode({ mode }: { mode: string }) {
  if (!mode) return <Chip tone="red">broken</Chip>;
  return <Chip tone={mode === "live" ? "moss" : "grey"}>{mode}</Chip>;
}
