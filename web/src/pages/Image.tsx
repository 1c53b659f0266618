import "../styles/templates.css";
import { Button, Textarea, TextInput } from "@mantine/core";
import { useEffect, useId, useRef, useState } from "react";
import { path, query, send, Trouble, useDoing, useReading } from "../api/reading";
import type { DefinitionVersion, ImageReport, ImageText, ImageTrial, KeptText, Problem } from "../api/types";
import { Told } from "../parts/doing";
import { Mistake, select } from "../parts/editor";
import { PersonFinder } from "../parts/finder";
import { Uses, Versions } from "../parts/kept";
import { Card, Fact, Facts, Page, Shown } from "../parts/page";
import { bytes } from "../words";

const PAUSE_MILLISECONDS = 400;
const start = (name: string) => `image: ${name}
description: A greeting
size: [600, 200]
background: "#14532d"
layers:
  - text: "Good to see you, {{ person.first_name }}"
    else: Good to see you
    at: [24, 24]
    size: 32
    colour: white
`;

export default function Image({ name }: { name: string }) {
  const where = `/images${path(name)}`;
  const reading = useReading<ImageReport>(where);
  const isNew = reading.trouble?.status === 404;
  return (
    <Page
      title={name}
      lead={isNew ? "A new image: nothing is kept until you say so." : reading.value?.image.description}
      back={{ to: "/images", word: "Images" }}
      actions={
        reading.value && (
          <p className="big">
            <span>version {reading.value.image.version}</span>
          </p>
        )
      }
    >
      {isNew ? (
        <Card title="Definition">
          <Drawing name={name} text={start(name)} inForce="" again={reading.again} />
        </Card>
      ) : (
        <Shown reading={reading} height={700}>
          {(report) => <Known key={report.image.version} report={report} where={where} again={reading.again} />}
        </Shown>
      )}
    </Page>
  );
}

function Known({ report, where, again }: { report: ImageReport; where: string; again: () => void }) {
  const versions = useReading<DefinitionVersion[]>(`${where}/versions`);
  const [text, setText] = useState(report.text);
  return (
    <div className="stack">
      <Card title="Definition">
        <Drawing key={text} name={report.image.name} text={text} inForce={report.text} again={again} />
      </Card>
      <Card title="What it is made of">
        <Facts>
          <Fact word="Reads">{report.reads.join(", ") || "nothing of a person"}</Fact>
          <Fact word="Files">{report.files.join(", ") || "none"}</Fact>
          <Fact word="In a mail">
            <code>{`{{ images.${report.image.name} }}`}</code>
          </Fact>
        </Facts>
      </Card>
      {versions.value && (
        <Card title="Versions">
          <Versions versions={versions.value} onUse={setText} />
        </Card>
      )}
      <Uses where={where} kept="Its versions stay; mails that show it get an empty picture." />
    </div>
  );
}

interface DrawingProps {
  name: string;
  text: string;
  inForce: string;
  again: () => void;
}

/** A text with the picture that comes of it, for anybody or for one person. */
function Drawing({ name, text: begun, inForce, again }: DrawingProps) {
  const [text, setText] = useState(begun);
  const [person, setPerson] = useState("");
  const [reason, setReason] = useState("");
  const [trial, setTrial] = useState<ImageTrial | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const doing = useDoing();
  useEffect(() => {
    let given = false;
    const content: ImageText = { text };
    const wait = setTimeout(() => {
      send<ImageTrial>("POST", `/images${path(name)}/trial${query({ person: person || 0 })}`, content).then(
        (drawn) => {
          if (given) return;
          setTrial(drawn);
          setProblem(null);
        },
        (error: unknown) => {
          if (!given && error instanceof Trouble) setProblem(error.problem);
        },
      );
    }, PAUSE_MILLISECONDS);
    return () => {
      given = true;
      clearTimeout(wait);
    };
  }, [name, text, person]);
  const keep = () =>
    doing.run(async () => {
      const content: ImageText = { text, reason };
      const kept = await send<KeptText>("PUT", `/images${path(name)}`, content);
      again();
      return `Kept as version ${kept.version}.`;
    });
  return (
    <div className="drawing">
      <div className="stack">
        <Textarea
          ref={field}
          label="The image in YAML"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          autosize
          minRows={14}
          maxRows={32}
          spellCheck={false}
          error={problem !== null}
          aria-describedby={id}
          classNames={{ input: "code-input" }}
        />
        <div id={id} aria-live="polite">
          {problem && <Mistake problem={problem} go={(line) => select(field.current, line)} what="Cannot be drawn" />}
        </div>
        <div className="search">
          <TextInput
            label="Why it is kept"
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            maxLength={1000}
            autoComplete="off"
          />
          <Button onClick={keep} disabled={doing.busy || problem !== null || text === inForce}>
            Keep it
          </Button>
        </div>
        <Told doing={doing} />
      </div>
      <div className="stack">
        <PersonFinder person={person} onChange={setPerson} />
        {person && (
          <Button variant="default" onClick={() => setPerson("")}>
            As anybody sees it
          </Button>
        )}
        {trial && (
          <figure className={problem ? "drawn stale" : "drawn"}>
            <img src={trial.picture} width={trial.width} height={trial.height} alt={trial.said.join(". ") || "The picture, without words"} />
            <figcaption className="dim">
              {trial.width} × {trial.height}, {bytes(trial.size_bytes)}, {person ? `as person ${person} sees it` : "as anybody sees it"}
            </figcaption>
          </figure>
        )}
      </div>
    </div>
  );
}
