import { Button, Tabs, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { path, query, useReading } from "../api/reading";
import type { InboxPage, InboxRow, Mail } from "../api/types";
import { Answers } from "../parts/answers";
import { Checks } from "../parts/checks";
import { MailFrame, SafeLink } from "../parts/mail";
import { Chip, Empty, Fact, Facts, Page, Shown, When } from "../parts/page";
import { Pager, Table, usePaging } from "../parts/table";
import { bytes } from "../words";
import { campaignAt } from "../parts/places";

const SIZE = 20;

export default function Inbox({ sendId }: { sendId: string }) {
  return (
    <Page title="Inbox" lead="Every mail that the local inbox took, as it was sent.">
      <div className={sendId ? "inbox reading" : "inbox"}>
        <Messages chosen={sendId} />
        <div className="inbox-read">
          {sendId ? <Message key={sendId} sendId={sendId} /> : <Empty>Choose a message to read it.</Empty>}
        </div>
      </div>
    </Page>
  );
}

function Messages({ chosen }: { chosen: string }) {
  const [typed, setTyped] = useState("");
  const [sought, setSought] = useState("");
  const paging = usePaging();
  const where = `/inbox${query({ q: sought, after: paging.after, limit: SIZE })}`;
  const reading = useReading<InboxPage>(where);
  return (
    <section className="inbox-list card" aria-label="Messages">
      <form
        className="search"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          paging.first();
          setSought(typed.trim());
        }}
      >
        <TextInput
          label="Find in address, subject or campaign"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          type="search"
          autoComplete="off"
        />
        <Button type="submit">Find</Button>
      </form>
      <Shown reading={reading} height={800}>
        {(page) =>
          page.messages.length === 0 ? (
            <Empty>{sought ? "No message matches." : "No mail has been sent yet."}</Empty>
          ) : (
            <>
              <ul className="messages">
                {page.messages.map((message) => (
                  <MessageRow key={message.sequence} message={message} chosen={chosen} />
                ))}
              </ul>
              <Pager
                paging={paging}
                size={SIZE}
                shown={page.messages.length}
                total={page.total}
                next={page.next}
                what="messages"
              />
            </>
          )
        }
      </Shown>
    </section>
  );
}

function MessageRow({ message, chosen }: { message: InboxRow; chosen: string }) {
  const here = message.send_id === chosen;
  return (
    <li>
      <Link href={`/inbox/${message.send_id}`} aria-current={here ? "true" : undefined}>
        <strong>{message.subject || "No subject"}</strong>
        <span>
          <span>{message.to}</span> <small>{message.campaign || bytes(message.size_bytes)}</small>
        </span>
      </Link>
    </li>
  );
}

function Message({ sendId }: { sendId: string }) {
  const reading = useReading<Mail>(`/inbox${path(sendId)}`);
  return (
    <article className="card" aria-label="Message">
      <Link className="back only-narrow" href="/inbox">
        ← All messages
      </Link>
      <Shown reading={reading} height={800}>
        {(mail) => (
          <>
            <MessageHead mail={mail} />
            <MessageParts mail={mail} />
          </>
        )}
      </Shown>
    </article>
  );
}

function MessageHead({ mail }: { mail: Mail }) {
  return (
    <header className="message-head">
      <h2>{mail.subject || "No subject"}</h2>
      <Facts>
        <Fact word="From">{mail.sender}</Fact>
        <Fact word="To">
          {mail.person === null ? mail.to : <Link href={`/people/${mail.person}`}>{mail.to}</Link>}
        </Fact>
        {mail.sent_at && (
          <Fact word="Date">
            <When at={mail.sent_at} />
          </Fact>
        )}
        {mail.campaign && (
          <Fact word="Campaign">
            <Link href={campaignAt(mail.campaign)}>{mail.campaign}</Link>{" "}
            {mail.variant && <Chip>{mail.variant}</Chip>}
          </Fact>
        )}
        <Fact word="Size">{bytes(mail.size_bytes)}</Fact>
        {mail.attachments.length > 0 && (
          <Fact word="Files">
            {mail.attachments.map((file) => `${file.name || "without a name"} (${file.kind}, ${bytes(file.size_bytes)})`).join(", ")}
          </Fact>
        )}
      </Facts>
    </header>
  );
}

function MessageParts({ mail }: { mail: Mail }) {
  return (
    <Tabs defaultValue={mail.html ? "message" : "text"} keepMounted={false}>
      <Tabs.List aria-label="Parts of the message">
        {mail.html && <Tabs.Tab value="message">Message</Tabs.Tab>}
        <Tabs.Tab value="text">Text</Tabs.Tab>
        {mail.amp && <Tabs.Tab value="amp">AMP</Tabs.Tab>}
        <Tabs.Tab value="checks">Checks</Tabs.Tab>
        <Tabs.Tab value="answers">Reply as</Tabs.Tab>
        <Tabs.Tab value="links">Links</Tabs.Tab>
        <Tabs.Tab value="headers">Headers</Tabs.Tab>
        <Tabs.Tab value="source">Source</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="message">
        <MailFrame
          where={`/inbox${path(mail.send_id)}/html`}
          title={`The mail: ${mail.subject}`}
          note="Pictures and the open pixel are not loaded here. A click on a link counts as the person’s."
        />
      </Tabs.Panel>
      <Tabs.Panel value="text">
        <pre className="code wrap" tabIndex={0} aria-label="Text part">
          {mail.text || "This mail has no text part."}
        </pre>
      </Tabs.Panel>
      {mail.amp && (
        <Tabs.Panel value="amp">
          <p className="note">Its source: AMP runs a script of another host, which is not asked for here.</p>
          <pre className="code wrap" tabIndex={0} aria-label="AMP part">
            {mail.amp}
          </pre>
        </Tabs.Panel>
      )}
      <Tabs.Panel value="checks">
        <Checks sendId={mail.send_id} />
      </Tabs.Panel>
      <Tabs.Panel value="answers">
        <Answers mail={mail} />
      </Tabs.Panel>
      <Tabs.Panel value="links">
        <p className="note">These are real: a click here counts as the person’s.</p>
        <Table
          caption="Links of the mail"
          rows={mail.links}
          id={(_, index) => index}
          columns={[
            { name: "Words", head: true, cell: (link) => link.text || <span className="dim">none</span> },
            { name: "Address", cell: (link) => <SafeLink url={link.url} /> },
          ]}
        />
      </Tabs.Panel>
      <Tabs.Panel value="headers">
        <Table
          caption="Headers of the mail"
          rows={mail.headers}
          id={(_, index) => index}
          columns={[
            { name: "Name", head: true, cell: (header) => header.name },
            { name: "Value", cell: (header) => <code>{header.value}</code> },
          ]}
        />
      </Tabs.Panel>
      <Tabs.Panel value="source">
        <pre className="code" tabIndex={0} aria-label="Source of the message">
          {mail.source}
        </pre>
      </Tabs.Panel>
    </Tabs>
  );
}
