import { Button } from "@mantine/core";
import { useEffect } from "react";
import { path, send, useDoing, useReading } from "../api/reading";
import type { SourceReport } from "../api/types";
import { Told } from "../parts/doing";
import { Card, Fact, Facts, Page, Shown, When } from "../parts/page";
import { count } from "../words";
import { SourceText, StandingChip, schedule } from "./Sources";

const LOOK_AGAIN_MILLISECONDS = 2000;

export default function Source({ name }: { name: string }) {
  const where = `/sources${path(name)}`;
  const reading = useReading<SourceReport>(where);
  const { again } = reading;
  const running = reading.value?.source.running;
  const always = reading.value?.source.schedule === "always";
  useEffect(() => {
    if (always || (running !== "waiting" && running !== "running")) return;
    const timer = setInterval(again, LOOK_AGAIN_MILLISECONDS);
    return () => clearInterval(timer);
  }, [running, always, again]);
  return (
    <Page title={name} back={{ to: "/sources", word: "Sources" }}>
      <Shown reading={reading} height={700}>
        {(report) => (
          <div className="stack">
            <Standing report={report} where={where} again={again} />
            <Card title="Definition" aside={`version ${report.version}`}>
              <SourceText start={report.text} onKept={again} />
            </Card>
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Standing({ report, where, again }: { report: SourceReport; where: string; again: () => void }) {
  const { source } = report;
  const doing = useDoing();
  const tell = (what: string, said: string, content = {}) =>
    doing.run(async () => {
      await send<SourceReport>("POST", `${where}/${what}`, content);
      again();
      return said;
    });
  const busy = doing.busy || source.running === "waiting" || source.running === "running";
  const always = source.schedule === "always";
  return (
    <Card title="How it stands" aside={<StandingChip source={source} />}>
      {source.error && (
        <div className="trouble">
          <strong>The last run failed</strong>
          <p>{source.error}</p>
        </div>
      )}
      <Facts>
        <Fact word="Kind">{source.kind}</Fact>
        <Fact word="Read">{schedule(source)}</Fact>
        <Fact word="Last run">{source.started_at ? <When at={source.started_at} /> : "never"}</Fact>
        <Fact word="Last good run">{source.succeeded_at ? <When at={source.succeeded_at} /> : "none yet"}</Fact>
        {always ? (
          <>
            <Fact word="Messages">{count(source.messages)}</Fact>
            <Fact word="Last message">{source.message_at ? <When at={source.message_at} /> : "none yet"}</Fact>
          </>
        ) : (
          <Fact word="Rows">{count(source.lines)}</Fact>
        )}
        <Fact word="Refused">{count(source.refused)}</Fact>
        <Fact word="New events">{count(source.events)}</Fact>
        {source.cursor && <Fact word="Read up to">{source.cursor}</Fact>}
        {source.due_at && (
          <Fact word="Next">
            <When at={source.due_at} />
          </Fact>
        )}
      </Facts>
      {source.notes.length > 0 && (
        <ul className="said">
          {source.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      <div className="actions">
        {!always && (
          <Button onClick={() => tell("run", "It is read soon.")} disabled={busy}>
            Read now
          </Button>
        )}
        {!always && (
          <Button variant="default" onClick={() => tell("run", "All of it is read soon.", { again: true })} disabled={busy}>
            Read all again
          </Button>
        )}
        {source.paused ? (
          <Button variant="default" onClick={() => tell("resume", "It is read by its schedule again.")} disabled={doing.busy}>
            Resume
          </Button>
        ) : (
          source.schedule && (
            <Button variant="default" onClick={() => tell("pause", "Paused: it is read by hand only.")} disabled={doing.busy}>
              Pause
            </Button>
          )
        )}
      </div>
      <Told doing={doing} />
    </Card>
  );
}
