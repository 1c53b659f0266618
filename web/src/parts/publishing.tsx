// A journey is put live, paused or removed; whoever is in it is asked for first.

import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { useLocation } from "wouter";
import { path, send, useDoing } from "../api/reading";
import type { JourneyMoves, JourneyPage, JourneyPublished, JourneyRemoval, JourneyRemoved } from "../api/types";
import { many } from "../words";
import { Told } from "./doing";
import { Card } from "./page";
import { Standing } from "./steps";

interface ForceProps {
  journey: JourneyPage;
  again: () => void;
}

/** What is in force of a journey, and how that is changed. */
export function InForce({ journey, again }: ForceProps) {
  const where = `/journeys${path(journey.name)}`;
  const doing = useDoing();
  const [said, setSaid] = useState<Record<string, string>>({});
  const [move, setMove] = useState(false);
  const [author, setAuthor] = useState("");
  const [reason, setReason] = useState("");
  const removed = [...new Set(journey.older.filter((each) => each.how === "removed").map((each) => each.step))];
  const asked = move ? removed : [];
  const to = (step: string) => said[step] ?? journey.older.find((each) => each.step === step && each.how === "removed")?.to ?? "";
  const lost = asked.filter((step) => to(step) === "");
  const publish = () =>
    doing.run(async () => {
      const map = Object.fromEntries(asked.map((step) => [step, to(step)]));
      const content: JourneyMoves = { move, map, author: author.trim(), reason: reason.trim() };
      const told = await send<JourneyPublished>("POST", `${where}/publish`, content);
      again();
      return `Version ${told.version} is live${move ? `; ${many(told.moved, "person was", "people were")} moved to it` : ""}.`;
    });
  const pause = () =>
    doing.run(async () => {
      const content: Partial<JourneyMoves> = { author: author.trim(), reason: reason.trim() };
      const told = await send<JourneyPublished>("POST", `${where}/pause`, content);
      again();
      return `Version ${told.version} is paused: nobody enters, nobody moves.`;
    });
  return (
    <Card title="In force" note="Whoever is in an older version stays on it, unless she is moved.">
      {journey.older.length > 0 && (
        <>
          <Standing caption="People in older versions" steps={journey.older} />
          <label className="journey-tick">
            <input type="checkbox" className="tick" checked={move} onChange={(event) => setMove(event.currentTarget.checked)} /> Bring them to the
            version in force
          </label>
          {asked.map((step) => (
            <NativeSelect
              key={step}
              label={`Those at ${step}, which is no more, go on at`}
              value={to(step)}
              onChange={(event) => {
                const chosen = event.currentTarget.value;
                setSaid((known) => ({ ...known, [step]: chosen }));
              }}
              data={[{ value: "", label: "Choose a step" }, ...journey.steps.map((each) => each.step)]}
              maw={420}
              mt="xs"
            />
          ))}
        </>
      )}
      <div className="editor-why">
        <TextInput label="Why" value={reason} onChange={(event) => setReason(event.currentTarget.value)} maxLength={500} autoComplete="off" />
        <TextInput label="Your name" value={author} onChange={(event) => setAuthor(event.currentTarget.value)} maxLength={100} autoComplete="name" />
      </div>
      <div className="actions">
        {(journey.mode !== "live" || journey.older.length > 0) && (
          <Button onClick={publish} disabled={doing.busy || lost.length > 0 || (journey.mode === "live" && !move)}>
            {journey.mode === "live" ? "Move them" : "Publish"}
          </Button>
        )}
        {journey.mode !== "paused" && (
          <Button variant="default" onClick={pause} disabled={doing.busy}>
            Pause
          </Button>
        )}
      </div>
      <Told doing={doing} />
      <Removing journey={journey} author={author} reason={reason} />
    </Card>
  );
}

function Removing({ journey, author, reason }: { journey: JourneyPage; author: string; reason: string }) {
  const doing = useDoing();
  const [, go] = useLocation();
  const [end, setEnd] = useState(false);
  const here = journey.steps.reduce((sum, step) => sum + step.people, 0);
  const people = journey.older.reduce((sum, each) => sum + each.people, here);
  const remove = () =>
    doing.run(async () => {
      const content: JourneyRemoval = { end, author: author.trim(), reason: reason.trim() };
      const told = await send<JourneyRemoved>("POST", `/journeys${path(journey.name)}/remove`, content);
      go("/journeys", { state: { removed: told.name } });
      return "";
    });
  return (
    <details className="journey-removing">
      <summary>Remove it</summary>
      <p className="dim">
        Nobody enters any more. Mails that are already decided still leave, unless they are cancelled. Its versions and all that people did in it stay
        on record: kept again, it is as it was.
      </p>
      {people > 0 && (
        <label className="journey-tick">
          <input type="checkbox" className="tick" checked={end} onChange={(event) => setEnd(event.currentTarget.checked)} /> End the way of{" "}
          {many(people, "person who is", "people who are")} in it, with the reason above
        </label>
      )}
      <div className="actions">
        <Button color="red" variant="default" onClick={remove} disabled={doing.busy || (people > 0 && !end)}>
          Remove {journey.name}
        </Button>
      </div>
      <Told doing={doing} />
    </details>
  );
}
