import "../styles/segments.css";
import "../styles/templates.css";
import { Button, NativeSelect, Tabs, TextInput } from "@mantine/core";
import { type RefObject, useEffect, useRef, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { type Doing, path, posted, send, soon, Trouble, useDoing, useReading } from "../api/reading";
import type { DefinitionVersion, DraftPreview, KeptText, NewTemplate, Problem, SegmentSize, TemplateDraft, TemplateReport } from "../api/types";
import { arriving } from "../parts/arriving";
import { Audience } from "../parts/audience";
import type { CodeHandle } from "../parts/code";
import { Told } from "../parts/doing";
import { Mistake } from "../parts/editor";
import { Findings, useFindings } from "../parts/findings";
import { PersonFinder } from "../parts/finder";
import { Uses, Versions } from "../parts/kept";
import { MailFrame } from "../parts/mail";
import { Card, Chip, Fact, Facts, Page, Shown, useStatus } from "../parts/page";
import { bytes, instant } from "../words";
import { campaignAt } from "../parts/places";

const Code = arriving(() => import("../parts/code"), <div className="waiting code-editor" aria-busy="true" />);
const PAUSE_MILLISECONDS = 350;
/** Gmail cuts off what is longer. */
const CLIPPED_BYTES = 102 * 1024;
const START = `<mjml>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text>Hello {{ person.first_name | default: "there" }},</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
`;

export default function Template({ name }: { name: string }) {
  const where = `/templates${path(name)}`;
  const reading = useReading<TemplateReport>(where);
  const isNew = reading.trouble?.status === 404;
  const [search] = useSearchParams();
  // These outlive a new version, which begins the page's parts anew.
  const [asked, setAsked] = useState<Asked>({ person: search.get("person") ?? "1", variant: search.get("variant") ?? "", at: "" });
  const doing = useDoing();
  const beside = { asked, setAsked, doing };
  return (
    <Page
      title={name}
      lead={isNew ? "A new template: nothing is kept until you say so." : "Its text, and the mail that comes of it for any person."}
      back={{ to: "/templates", word: "Templates" }}
      actions={reading.value && <Using report={reading.value} />}
    >
      {isNew ? (
        <Writing name={name} start={START} version={0} variants={[]} again={reading.again} {...beside} />
      ) : (
        <Shown reading={reading} height={900}>
          {(report) => <Known key={report.version} report={report} where={where} again={reading.again} {...beside} />}
        </Shown>
      )}
    </Page>
  );
}

function Using({ report }: { report: TemplateReport }) {
  return (
    <p className="big">
      <span>
        version {report.version}
        {report.campaigns.map((campaign) => (
          <span key={campaign}>
            {" · "}
            <Link href={campaignAt(campaign)}>{campaign}</Link>
          </span>
        ))}
      </span>
    </p>
  );
}

interface Beside {
  asked: Asked;
  setAsked: (asked: Asked) => void;
  doing: Doing;
}

interface KnownProps extends Beside {
  report: TemplateReport;
  where: string;
  again: () => void;
}

function Known({ report, where, again, ...beside }: KnownProps) {
  const versions = useReading<DefinitionVersion[]>(`${where}/versions`);
  const [start, setStart] = useState(report.text);
  const [text, setText] = useState(report.text);
  return (
    <div className="stack">
      <Writing
        key={start}
        name={report.name}
        start={start}
        version={report.version}
        inForce={report.text}
        onText={setText}
        variants={report.variants}
        syntax={report.parts?.syntax}
        again={() => {
          again();
          versions.again();
        }}
        {...beside}
      />
      <Everybody where={where} draft={text === report.text ? "" : text} {...beside} />
      {report.parts && <MadeOf parts={report.parts} />}
      {versions.value && (
        <Card title="Versions">
          <Versions versions={versions.value} onUse={setStart} />
        </Card>
      )}
      <Uses where={where} />
    </div>
  );
}

/** The text as it stands, made for everybody in a segment. */
function Everybody({ where, draft, asked, setAsked }: Beside & { where: string; draft: string }) {
  const segments = useReading<SegmentSize[]>("/segments");
  const [segment, setSegment] = useState("");
  const names = segments.value?.map((each) => each.name) ?? [];
  return (
    <Card title="As everybody gets it" note={`${draft ? "The draft above, not kept yet" : "The version in force"}, made for a whole segment: who lacks what, dead links, what is too long.`}>
      <NativeSelect
        label="For everybody in"
        value={segment}
        onChange={(event) => setSegment(event.currentTarget.value)}
        data={[{ value: "", label: "Choose a segment" }, ...names]}
        maw={320}
      />
      {segment && (
        <Audience
          key={segment}
          of={where}
          segment={segment}
          draft={draft}
          onShow={(person) => {
            setAsked({ ...asked, person: String(person) });
            window.scrollTo(0, 0);
          }}
        />
      )}
    </Card>
  );
}

function MadeOf({ parts }: { parts: NonNullable<TemplateReport["parts"]> }) {
  const named = (names: string[]) => (names.length > 0 ? names.join(", ") : "none");
  return (
    <Card title="What it is made of">
      <Facts>
        <Fact word="Language">{parts.syntax === "liquid" ? "Liquid" : "Handlebars"}</Fact>
        <Fact word="Blocks">{named(parts.blocks)}</Fact>
        <Fact word="Slots">{named(parts.slots)}</Fact>
        <Fact word="Locales">{named(parts.locales)}</Fact>
        <Fact word="Values that it reads">{named(parts.variables)}</Fact>
      </Facts>
    </Card>
  );
}

interface WritingProps extends Beside {
  name: string;
  start: string;
  version: number;
  inForce?: string;
  /** Hears what is written. */
  onText?: (text: string) => void;
  variants: string[];
  syntax?: "liquid" | "handlebars" | undefined;
  again: () => void;
}

interface Asked {
  person: string;
  variant: string;
  at: string;
}

function Writing({ name, start, version, inForce = "", onText, variants, syntax = "liquid", again, asked, setAsked, doing }: WritingProps) {
  const [text, setText] = useState(start);
  const variant = asked.variant || variants[0] || "";
  const code = useRef<CodeHandle>(null);
  const drafted = useDrafted(name, text, { ...asked, variant });
  const findings = useFindings(name, text);
  useEffect(() => onText?.(text), [text, onText]);
  return (
    <div className="writing">
      <Card title="Text" className="writing-text">
        <Code label="Template in MJML" value={text} onChange={setText} handle={code} syntax={syntax} />
        <Keeping name={name} text={text} version={version} inForce={inForce} fine={drafted.problem === null} again={again} doing={doing} />
        {findings && <Findings findings={findings} go={(line) => code.current?.select(line)} />}
      </Card>
      <Card title="As one person gets it" className="writing-mail">
        <Whom asked={{ ...asked, variant }} variants={variants} onChange={setAsked} />
        <Mailed drafted={drafted} code={code} />
      </Card>
    </div>
  );
}

interface Drafted {
  draft: DraftPreview | null;
  problem: Problem | null;
  pending: boolean;
}

/** Asks for the mail of a text, a moment after the last key; what was asked before is given up. */
function useDrafted(name: string, text: string, { person, variant, at }: Asked): Drafted {
  const [drafted, setDrafted] = useState<Drafted>({ draft: null, problem: null, pending: true });
  useEffect(() => {
    setDrafted((known) => ({ ...known, pending: true }));
    return soon(PAUSE_MILLISECONDS, async (signal) => {
      const content: TemplateDraft = { name, text, person: Number(person), variant, as_of: at ? `${at}:00Z` : null };
      try {
        const draft = await posted<DraftPreview>("/templates/preview", content, signal);
        setDrafted({ draft, problem: null, pending: false });
      } catch (error) {
        if (signal.aborted) return;
        const problem = error instanceof Trouble ? error.problem : null;
        setDrafted((known) => ({ draft: known.draft, problem, pending: false }));
      }
    });
  }, [name, text, person, variant, at]);
  return drafted;
}

interface WhomProps {
  asked: Asked;
  variants: string[];
  onChange: (asked: Asked) => void;
}

function Whom({ asked, variants, onChange }: WhomProps) {
  const { now } = useStatus();
  return (
    <div className="search whom">
      <PersonFinder person={asked.person} onChange={(person) => onChange({ ...asked, person })} />
      {variants.length > 0 && (
        <NativeSelect label="Variant" value={asked.variant} onChange={(event) => onChange({ ...asked, variant: event.currentTarget.value })} data={variants} />
      )}
      <TextInput
        type="datetime-local"
        label="As of (UTC), now if empty"
        value={asked.at}
        max={now.slice(0, 16)}
        onChange={(event) => onChange({ ...asked, at: event.currentTarget.value })}
      />
    </div>
  );
}

function Mailed({ drafted, code }: { drafted: Drafted; code: RefObject<CodeHandle | null> }) {
  const { draft, problem, pending } = drafted;
  return (
    <div aria-busy={pending}>
      <div aria-live="polite">
        {problem && <Mistake problem={problem} go={(line) => code.current?.select(line)} what="It cannot be shown" />}
      </div>
      {draft && (
        <div className={problem ? "tree-behind" : undefined}>
          <p className="mail-subject">
            <strong>{draft.preview.subject || "No subject"}</strong>{" "}
            <span className="dim">
              to {draft.preview.label}
              {draft.preview.as_of && `, at ${instant(draft.preview.as_of)}`}
            </span>
          </p>
          <p className="mail-size">
            <Chip tone={draft.bytes > CLIPPED_BYTES ? "amber" : "grey"}>
              {bytes(draft.bytes)}
              {draft.bytes > CLIPPED_BYTES && ": Gmail cuts it off at 102 kB"}
            </Chip>{" "}
            {draft.preview.missing.length > 0 && <Chip tone="red">missing: {draft.preview.missing.join(", ")}</Chip>}
          </p>
          {draft.preview.because.map((because) => (
            <p key={because} className="dim">
              {because}
            </p>
          ))}
          <Tabs defaultValue="message" keepMounted={false}>
            <Tabs.List aria-label="Parts of the preview">
              <Tabs.Tab value="message">Message</Tabs.Tab>
              <Tabs.Tab value="text">Text</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="message">
              <MailFrame where={draft.shown_at} title={`Preview: ${draft.preview.subject}`} note="Pictures are not loaded here." />
            </Tabs.Panel>
            <Tabs.Panel value="text">
              <pre className="code wrap" tabIndex={0} role="region" aria-label="Text part">
                {draft.preview.text}
              </pre>
            </Tabs.Panel>
          </Tabs>
        </div>
      )}
    </div>
  );
}

interface KeepingProps {
  name: string;
  text: string;
  version: number;
  inForce: string;
  fine: boolean;
  again: () => void;
  doing: Doing;
}

function Keeping({ name, text, version, inForce, fine, again, doing }: KeepingProps) {
  const [reason, setReason] = useState("");
  const [author, setAuthor] = useState("");
  const same = version > 0 && text === inForce;
  const keep = () =>
    doing.run(async () => {
      const content: NewTemplate = { text, reason: reason.trim(), author: author.trim() };
      const kept = await send<KeptText>("PUT", `/templates${path(name)}`, content);
      again();
      return `Kept: ${kept.name}, version ${kept.version}. It is in force.`;
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
          {version > 0 && !same ? `Keep as version ${version + 1}` : "Keep it"}
        </Button>
        <p className="dim">{same ? `This is version ${version}, which is in force.` : fine ? "It will be in force at once." : "Something is wrong with it."}</p>
      </div>
      <Told doing={doing} />
    </form>
  );
}
