import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import { path, send, useDoing, useReading } from "../api/reading";
import type { RefusedRecord, ReplayReport } from "../api/types";
import { GiveUp, Told } from "../parts/doing";
import { Card, Chip, Fact, Facts, Page, Shown, When } from "../parts/page";
import { bytes, plain } from "../words";

export default function Refused({ position }: { position: string }) {
  const where = `/quarantine${path(position)}`;
  const reading = useReading<RefusedRecord>(where);
  return (
    <Page title={`Record ${position}`} back={{ to: "/quarantine", word: "Quarantine" }}>
      <Shown reading={reading} height={700}>
        {(found) => (
          <div className="stack">
            <Standing found={found} />
            <Card title="As it came" note="It may hold personal data.">
              <Raw text={found.raw} what="The record as it came" />
              {found.cut && <p className="note">Only its start is shown: it has {bytes(found.size_bytes)}.</p>}
            </Card>
            {found.mended !== null && (
              <Card title="As mended" note={`Mended ${found.mended_by.join(", then ")}.`}>
                <Raw text={found.mended} what="The record as mended" />
              </Card>
            )}
            {found.record.state === "held" && (
              <Mend found={found} where={where} again={reading.again} />
            )}
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Raw({ text, what }: { text: string; what: string }) {
  return (
    <pre className="code wrap" tabIndex={0} role="region" aria-label={what}>
      {text}
    </pre>
  );
}

function Standing({ found }: { found: RefusedRecord }) {
  const { record } = found;
  return (
    <Card title={plain(record.code)} aside={<Chip>{record.state}</Chip>}>
      <p className="takeaway">{record.reason}</p>
      <Facts>
        <Fact word="How to mend it">{record.mend || "nothing is known"}</Fact>
        <Fact word="Source">{record.source}</Fact>
        <Fact word="Received">
          <When at={record.received_at} />
        </Fact>
        {record.decided_at && (
          <Fact word={record.state === "replayed" ? "Brought back" : "Given up"}>
            <When at={record.decided_at} />
          </Fact>
        )}
        {record.why && <Fact word="Why">{record.why}</Fact>}
        {record.replayed_as > 0 && <Fact word="Back in the log at">{record.replayed_as}</Fact>}
      </Facts>
    </Card>
  );
}

function Verdict({ found }: { found: RefusedRecord }) {
  if (found.taken) return <p className="said good">It passes as it stands here.</p>;
  const { against } = found;
  return (
    <div className="trouble">
      <strong>It would be refused{against && `: ${plain(against.code)}`}</strong>
      {against && <p>{against.reason}</p>}
      {against?.mend && <p>{against.mend}</p>}
    </div>
  );
}

function Mend({ found, where, again }: { found: RefusedRecord; where: string; again: () => void }) {
  const [text, setText] = useState(found.text);
  const [tried, setTried] = useState<{ of: string; found: RefusedRecord } | null>(null);
  const doing = useDoing();
  const verdict = text === found.text ? found : tried?.of === text ? tried.found : null;
  const check = () =>
    doing.run(async () => {
      setTried({ of: text, found: await send<RefusedRecord>("POST", `${where}/check`, { text }) });
      return "";
    });
  const keep = () =>
    doing.run(async () => {
      await send<RefusedRecord>("PUT", where, { text });
      again();
      return "Kept. It stays held until it is brought back.";
    });
  const replay = () =>
    doing.run(async () => {
      const choice = { positions: [found.record.position] };
      const done = await send<ReplayReport>("POST", "/quarantine/replay", choice);
      again();
      return done.replayed ? "Brought back." : "It is still refused, and stays held.";
    });
  const discard = (reason: string) =>
    doing.run(async () => {
      await send("POST", "/quarantine/discard", { positions: [found.record.position], reason });
      again();
      return "Given up.";
    });
  return (
    <Card title="Mend it">
      {found.text ? (
        <div className="editor">
          <Textarea
            label="The record as it should be"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            rows={12}
            spellCheck={false}
            autoComplete="off"
            autoCapitalize="off"
            classNames={{ input: "editor-input wraps" }}
          />
          <div className="editor-said">
            <div aria-live="polite">
              {verdict ? <Verdict found={verdict} /> : <p className="dim">Changed, and not checked yet.</p>}
            </div>
            <div className="actions">
              <Button variant="default" onClick={check} disabled={doing.busy || !text.trim()}>
                Check
              </Button>
              <Button
                variant="default"
                onClick={keep}
                disabled={doing.busy || text === found.text || !verdict?.taken}
              >
                Keep it
              </Button>
              <Button onClick={replay} disabled={doing.busy || text !== found.text || !found.taken}>
                Bring it back
              </Button>
            </div>
            <Told doing={doing} />
          </div>
        </div>
      ) : (
        <>
          <p className="note">
            It is no text, or too large to be mended here: <code>tailorbird quarantine fix</code> takes a
            file.
          </p>
          <Told doing={doing} />
        </>
      )}
      <GiveUp what="Give it up" doing={doing} onGiveUp={discard} />
    </Card>
  );
}
