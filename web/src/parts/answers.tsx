// What the reader of a local mail is had to do: it comes in by the way by which the real thing would.

import { Button, NativeSelect } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { path, send, useDoing } from "../api/reading";
import type { InboxAnswer, InboxAnswered, Mail } from "../api/types";
import { Told } from "./doing";

type Kind = InboxAnswer["kind"];

const ANSWERS: { kind: Kind; word: string; what: string; done: string }[] = [
  { kind: "open", word: "Open it", what: "Loads the pixel.", done: "It was opened." },
  {
    kind: "unsubscribe",
    word: "Unsubscribe",
    what: "Presses the button of a mail program (RFC 8058). The person is written to no more.",
    done: "The person has left.",
  },
  {
    kind: "hard_bounce",
    word: "Bounce for good",
    what: "A server says 5.1.1, no such user. The address is written to no more.",
    done: "It bounced: nobody is there.",
  },
  { kind: "soft_bounce", word: "Bounce for now", what: "A server says 5.2.2, mailbox full.", done: "It bounced: the mailbox is full." },
  {
    kind: "complaint",
    word: "Complain",
    what: "A provider reports that it was called unwanted (ARF). The address is written to no more.",
    done: "It was complained of.",
  },
  { kind: "auto_reply", word: "Reply automatically", what: "Says that its reader is away, as programs do.", done: "An automatic reply came." },
];
const COUNTED = /\/c\/[\w-]{40,}$/;

export function Answers({ mail }: { mail: Mail }) {
  const doing = useDoing();
  const counted = mail.links.filter((link) => COUNTED.test(link.url));
  const [link, setLink] = useState("0");
  const where = `/inbox${path(mail.send_id)}/answers`;
  const answer = (kind: Kind, done: string) =>
    doing.run(async () => {
      const content: InboxAnswer = { kind, link: Number(link) };
      const told = await send<InboxAnswered>("POST", where, content);
      const machine = told.machine ? ` It counts as a machine's: ${told.machine.replaceAll("_", " ")}.` : "";
      return `${done}${machine}${told.applied ? "" : " It is still being taken in."}`;
    });
  return (
    <div className="stack answers">
      <p className="note">
        Each comes in by the very way by which the real thing would: bounces and complaints as mails, opens and clicks by the mail’s own
        sealed addresses.{" "}
        {mail.person !== null && <Link href={`/people/${mail.person}`}>See what the person’s page tells of it</Link>}
      </p>
      <Told doing={doing} />
      <ul>
        {ANSWERS.map(({ kind, word, what, done }) => (
          <li key={kind}>
            <Button variant="default" disabled={doing.busy} onClick={() => answer(kind, done)}>
              {word}
            </Button>
            <span>{what}</span>
          </li>
        ))}
        {counted.length > 0 && (
          <li>
            <Button variant="default" disabled={doing.busy} onClick={() => answer("click", "The link was followed.")}>
              Click
            </Button>
            <NativeSelect
              label="Which link"
              value={link}
              onChange={(event) => setLink(event.currentTarget.value)}
              data={counted.map((each, place) => ({ value: String(place), label: `${place + 1}. ${each.text || "without words"}` }))}
            />
          </li>
        )}
      </ul>
      {counted.length === 0 && <p className="dim">No link of this mail is counted.</p>}
    </div>
  );
}
