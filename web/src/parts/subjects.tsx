// Where a campaign's subjects are written: which is likelier to win, why, and the test that will tell.

import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import { send, useDoing } from "../api/reading";
import type { SubjectAdvice, SubjectCandidate, SubjectReason } from "../api/types";
import { count, share } from "../words";
import { ShareBar } from "./charts";
import { Told } from "./doing";
import { Card, Chip } from "./page";
import { Table } from "./table";

const MOST = 20;

export function SubjectsCard({ subjects }: { subjects: string[] }) {
  const [text, setText] = useState(subjects.join("\n"));
  const [advice, setAdvice] = useState<SubjectAdvice | null>(null);
  const doing = useDoing();
  const wanted = text.split("\n").filter((line) => line.trim() !== "");
  return (
    <Card
      title="Subject lines"
      note="Which one is likelier to win, by what tests have shown. Only a test decides it: write each as a variant."
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          doing.run(async () => {
            setAdvice(await send<SubjectAdvice>("POST", "/subjects/score", { subjects: wanted }));
            return "";
          });
        }}
      >
        <Textarea
          label="Candidates, one a line"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          autosize
          minRows={2}
          maxRows={MOST}
          maxLength={MOST * 500}
          autoComplete="off"
        />
        <div className="actions">
          <Button type="submit" disabled={doing.busy || wanted.length === 0 || wanted.length > MOST}>
            Compare them
          </Button>
        </div>
      </form>
      <Told doing={doing} />
      <div aria-live="polite" className="advice">{advice && <Advice advice={advice} />}</div>
    </Card>
  );
}

function Advice({ advice }: { advice: SubjectAdvice }) {
  return (
    <>
      <p>
        <Chip tone={advice.called ? "moss" : "amber"}>{advice.called ? "likely winner" : "test it"}</Chip> {advice.sentence}
      </p>
      {advice.candidates.length > 1 && (
        <Table
          caption="Each candidate with its chance to be the best of them, and why"
          rows={advice.candidates}
          id={(_, index) => index}
          columns={[
            { name: "Subject", head: true, cell: (each) => each.subject || <span className="dim">empty</span> },
            { name: "Chance to win", cell: (each) => <Chance candidate={each} /> },
            { name: "Speaks for it", cell: (each) => <Reasons reasons={each.reasons} speaks="for" /> },
            { name: "Speaks against it", cell: (each) => <Reasons reasons={each.reasons} speaks="against" /> },
          ]}
        />
      )}
      {advice.test && (
        <p className="note">
          {advice.test.sentence} That is {count(advice.test.people)} people in all.
        </p>
      )}
    </>
  );
}

function Chance({ candidate }: { candidate: SubjectCandidate }) {
  return (
    <span className="share-cell">
      <ShareBar share={candidate.chance} /> {share(candidate.chance)}
    </span>
  );
}

function Reasons({ reasons, speaks }: { reasons: SubjectReason[]; speaks: SubjectReason["speaks"] }) {
  const those = reasons.filter((each) => each.speaks === speaks);
  if (those.length === 0) return <span className="dim">nothing</span>;
  return <>{those.map((each) => each.what).join(", ")}</>;
}
