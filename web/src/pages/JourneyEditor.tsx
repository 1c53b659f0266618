import "../styles/journeys.css";
import "../styles/segments.css";
import { Button, Textarea, TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { path, posted, send, soon, Trouble, useDoing, useReading } from "../api/reading";
import type { JourneyDraft, JourneyFinding, JourneyPage, JourneyPublished, JourneyText, Problem } from "../api/types";
import { Told } from "../parts/doing";
import { select } from "../parts/editor";
import { Card, Chip, Empty, Page, Shown, TroubleNote } from "../parts/page";
import { SimulationCard } from "../parts/simulation";
import { Graph, Standing } from "../parts/steps";
import { many } from "../words";

const PAUSE_MILLISECONDS = 300;
const start = (name: string): string => `name: ${name}
mode: paused
description: What it is for
trigger: {event: add_to_cart}
steps:
  - wait: 1d
  - set: {stage: welcomed}
`;

export default function JourneyEditor({ name }: { name: string }) {
  const reading = useReading<JourneyPage>(`/journeys${path(name)}`);
  const isNew = reading.trouble?.status === 404;
  return (
    <Page
      title={isNew ? `New journey ${name}` : `Edit ${name}`}
      lead="Nothing is in force until you keep it, and whoever is in the journey stays on her version."
      back={isNew ? { to: "/journeys", word: "Journeys" } : { to: `/journeys${path(name)}`, word: name }}
    >
      {isNew ? (
        <Editing name={name} inForce="" version={0} />
      ) : (
        <Shown reading={reading} height={900}>
          {(journey) => <Editing key={journey.version} name={name} inForce={journey.text} version={journey.version} />}
        </Shown>
      )}
    </Page>
  );
}

interface EditingProps {
  name: string;
  /** '' where there is none of this name. */
  inForce: string;
  version: number;
}

function Editing({ name, inForce, version }: EditingProps) {
  const [text, setText] = useState(inForce || start(name));
  const field = useRef<HTMLTextAreaElement>(null);
  const { draft, problem, stale } = useDrawn(name, text);
  const errors = draft?.findings.filter((each) => each.severity === "error").length ?? 0;
  return (
    <div className="stack">
      <div className="journey-editing">
        <Card title="Text">
          <Textarea
            ref={field}
            label="Journey in YAML"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            rows={Math.min(32, Math.max(14, text.split("\n").length + 1))}
            spellCheck={false}
            autoComplete="off"
            autoCapitalize="off"
            error={errors > 0}
            classNames={{ input: "editor-input" }}
          />
          <div aria-live="polite" className={stale ? "stale" : undefined}>
            {problem && <TroubleNote problem={problem} />}
            {draft && <Findings findings={draft.findings} go={(line) => select(field.current, line)} />}
          </div>
          <Keeping name={name} text={text} version={version} same={text === inForce} fine={draft !== null && !stale && errors === 0} />
        </Card>
        <Card title="Steps" note="As the text says them now.">
          {draft && draft.steps.length > 0 ? (
            <div className={stale ? "stale" : undefined}>
              <ul className="journey-head">
                {draft.head.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
              <Graph journey={name} steps={draft.steps} draft />
            </div>
          ) : (
            <Empty>The text must be right before it can be drawn.</Empty>
          )}
        </Card>
      </div>
      {draft && draft.standing.length > 0 && (
        <Card
          title="Who is in it now"
          note="They stay on their versions. Where they are brought to this one, those at a removed step must be told where to go on: on the journey's page, once it is kept."
        >
          <Standing caption="People in it, and where they would go on" steps={draft.standing} />
        </Card>
      )}
      {draft && errors === 0 && <SimulationCard key={name} journey={name} text={text} />}
    </div>
  );
}

interface Drawn {
  draft: JourneyDraft | null;
  problem: Problem | null;
  stale: boolean;
}

/** Asks what a text says, a moment after the last key; what was asked before is given up. */
function useDrawn(name: string, text: string): Drawn {
  const [drawn, draw] = useState<{ of: string | null; draft: JourneyDraft | null; problem: Problem | null }>({
    of: null,
    draft: null,
    problem: null,
  });
  useEffect(
    () =>
      soon(PAUSE_MILLISECONDS, (signal) =>
        posted<JourneyDraft>(`/journeys${path(name)}/draft`, { text }, signal).then(
          (draft) => draw((known) => ({ of: text, draft: kept(draft, known.draft), problem: null })),
          (error: unknown) => {
            if (error instanceof Trouble) draw({ of: text, draft: null, problem: error.problem });
          },
        ),
      ),
    [name, text],
  );
  return { draft: drawn.draft, problem: drawn.problem, stale: drawn.of !== text };
}

/** A text that cannot be read leaves the steps as they were drawn last. */
function kept(draft: JourneyDraft, before: JourneyDraft | null): JourneyDraft {
  return draft.steps.length > 0 || before === null ? draft : { ...before, findings: draft.findings };
}

function Findings({ findings, go }: { findings: JourneyFinding[]; go: (line: number) => void }) {
  const errors = findings.filter((each) => each.severity === "error").length;
  return (
    <section className="findings" aria-label="What is wrong with it">
      <h3>{findings.length === 0 ? "Nothing is wrong" : `${many(errors, "error")}, ${many(findings.length - errors, "warning")}`}</h3>
      <ul>
        {findings.map((each) => {
          const line = Number(/:(\d+)/.exec(each.where)?.[1] ?? 0);
          return (
            <li key={`${each.where} ${each.step} ${each.code} ${each.what}`}>
              <p>
                <Chip tone={each.severity === "error" ? "red" : "amber"}>{each.severity}</Chip> {each.step && <strong>step {each.step}: </strong>}
                {each.what}{" "}
                {line > 0 && (
                  <button type="button" className="plain-button" aria-label={`go to line ${line}: ${each.code}`} onClick={() => go(line)}>
                    line {line}
                  </button>
                )}
              </p>
              {each.mend && <p className="dim">{each.mend}</p>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

interface KeepingProps {
  name: string;
  text: string;
  version: number;
  same: boolean;
  fine: boolean;
}

function Keeping({ name, text, version, same, fine }: KeepingProps) {
  const [reason, setReason] = useState("");
  const [author, setAuthor] = useState("");
  const [, go] = useLocation();
  const doing = useDoing();
  const keep = () =>
    doing.run(async () => {
      const content: JourneyText = { text, reason: reason.trim(), author: author.trim() };
      const told = await send<JourneyPublished>("PUT", `/journeys${path(name)}`, content);
      go(`/journeys${path(name)}`);
      return `Kept: ${told.name}, version ${told.version}.`;
    });
  return (
    <form
      className="keeping"
      onSubmit={(event) => {
        event.preventDefault();
        keep();
      }}
    >
      <div className="editor-why">
        <TextInput label="Why" value={reason} onChange={(event) => setReason(event.currentTarget.value)} maxLength={500} autoComplete="off" />
        <TextInput label="Your name" value={author} onChange={(event) => setAuthor(event.currentTarget.value)} maxLength={100} autoComplete="name" />
      </div>
      <div className="actions">
        <Button type="submit" disabled={!fine || same || doing.busy}>
          Keep as version {version + 1}
        </Button>
        <p className="dim">
          {same ? `This is version ${version}.` : fine ? "New people enter this version at once, unless its mode is paused." : "Something is wrong with it."}
        </p>
      </div>
      <Told doing={doing} />
    </form>
  );
}
