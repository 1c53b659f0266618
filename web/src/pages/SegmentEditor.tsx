import "../styles/segments.css";
import { Button, Textarea, TextInput } from "@mantine/core";
import { useRef, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { path, send, useDoing, useReading } from "../api/reading";
import type { NewVersion, KeptText, DefinitionVersion, SegmentWords } from "../api/types";
import { Builder } from "../parts/builder";
import { Told } from "../parts/doing";
import { type Draft, type Figures, useDraft, useFigures } from "../parts/drafting";
import { select } from "../parts/editor";
import { FiguresOf } from "../parts/figures";
import { Versions } from "../parts/kept";
import { Card, Empty, Page, Shown } from "../parts/page";
import { type Condition, isMapping } from "../parts/tree";

const START = `name: my-segment
description: Bought at least twice, and not in the last 90 days
where:
  all:
    - trait: orders
      at_least: 2
    - did_not: purchase
      within: 90d
`;

export default function SegmentEditor({ name }: { name: string }) {
  const [search] = useSearchParams();
  const words = useReading<SegmentWords>("/vocabulary");
  const versions = useReading<DefinitionVersion[]>(name ? `/segments${path(name)}/versions` : null);
  const asked = Number(search.get("version") ?? 0);
  const back = name
    ? { to: `/segments${path(name)}`, word: name }
    : { to: "/segments", word: "Segments" };
  const all = name ? versions.value : [];
  const chosen = all?.find((each) => each.version === asked) ?? all?.[0];
  return (
    <Page
      title={name ? `Edit ${name}` : "New segment"}
      lead="The tree and its text are one definition: edit either. Nothing is in force until you save it."
      back={back}
    >
      {name && versions.trouble ? (
        <Shown reading={versions}>{() => null}</Shown>
      ) : (
        <Shown reading={words} height={900}>
          {(known) =>
            all && (
              <Editing
                key={chosen?.version ?? 0}
                start={chosen?.text ?? START}
                inForce={all[0] ?? null}
                words={known}
                versions={all}
                again={versions.again}
              />
            )
          }
        </Shown>
      )}
    </Page>
  );
}

interface EditingProps {
  start: string;
  inForce: DefinitionVersion | null;
  words: SegmentWords;
  versions: DefinitionVersion[];
  again: () => void;
}

function Editing({ start, inForce, words, versions, again }: EditingProps) {
  const draft = useDraft(start);
  const figures = useFigures(draft.asked, "");
  const field = useRef<HTMLTextAreaElement>(null);
  const wrong = draft.wrong ?? figures.wrong;
  const go = (line: number) => select(field.current, line);
  return (
    <div className="editing">
      <Card title="Conditions" className="editing-tree">
        <Tree draft={draft} words={words} figures={figures} />
      </Card>
      <Card title="People" className="editing-figures">
        <FiguresOf figures={figures} wrong={wrong} stands={inForce?.version ?? 0} go={go} />
      </Card>
      <Card title="Definition" className="editing-text">
        <Textarea
          ref={field}
          label="Definition in YAML"
          value={draft.text}
          onChange={(event) => draft.write(event.currentTarget.value)}
          rows={Math.min(28, Math.max(10, draft.text.split("\n").length + 1))}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          error={wrong !== null}
          classNames={{ input: "editor-input" }}
        />
        {wrong && wrong.line !== undefined && wrong.line > 0 && (
          <p className="wrong">
            Line {wrong.line}: {wrong.detail}
          </p>
        )}
      </Card>
      <Card title="Save" className="editing-save">
        <Saving draft={draft} fine={wrong === null && !figures.pending} inForce={inForce} again={again} />
      </Card>
      {versions.length > 0 && (
        <Card title="Versions" className="editing-versions">
          <Versions versions={versions} onUse={draft.write} />
        </Card>
      )}
    </div>
  );
}

interface TreeProps {
  draft: Draft;
  words: SegmentWords;
  figures: Figures;
}

function Tree({ draft, words, figures }: TreeProps) {
  const { tree, behind, build } = draft;
  const wrong = draft.wrong ?? figures.wrong;
  if (tree === null) {
    if (!wrong) return <div className="waiting tree-waiting" aria-busy="true" />;
    return <Empty>The text must be right before it can be shown as a tree.</Empty>;
  }
  const where = isMapping(tree.where) ? tree.where : ({ all: [] } as Condition);
  const text = (key: string): string => (typeof tree[key] === "string" ? String(tree[key]) : "");
  const wrongLeaf = wrong?.line && !behind ? leafAt(draft.lines, wrong.line) : null;
  return (
    <>
      {behind && draft.wrong && (
        <p className="note" role="status">
          The text is not right yet; the tree shows what it said before.
        </p>
      )}
      <fieldset className={behind && draft.wrong ? "tree tree-behind" : "tree"} disabled={behind && draft.wrong !== null}>
        <legend className="unseen">Conditions as a tree</legend>
        <div className="tree-names">
          <TextInput label="Name" value={text("name")} onChange={(event) => build({ ...tree, name: event.currentTarget.value })} autoComplete="off" />
          <TextInput
            label="Description"
            value={text("description")}
            onChange={(event) => build(described(tree, event.currentTarget.value))}
            autoComplete="off"
          />
        </div>
        <Builder
          where={where}
          words={words}
          figures={figures.wrong || draft.wrong ? [] : (figures.value?.leaves ?? [])}
          wrongLeaf={wrongLeaf}
          onChange={(next) => build({ ...tree, where: next })}
        />
      </fieldset>
      <p className="dim">An edit of the tree writes the text anew; comments in it are lost then.</p>
    </>
  );
}

/** The description stands between the name and the condition, where it stands at all. */
function described(tree: Condition, description: string): Condition {
  const { name = "", description: _, ...rest } = tree;
  return description ? { name, description, ...rest } : { name, ...rest };
}

/** Returns the number of the leaf that a line belongs to: the last that begins at it or above. */
function leafAt(lines: number[], line: number): number | null {
  const number = lines.findLastIndex((start) => start <= line);
  return number < 0 ? null : number;
}

interface SavingProps {
  draft: Draft;
  fine: boolean;
  inForce: DefinitionVersion | null;
  again: () => void;
}

function Saving({ draft, fine, inForce, again }: SavingProps) {
  const [reason, setReason] = useState("");
  const [author, setAuthor] = useState("");
  const [, go] = useLocation();
  const doing = useDoing();
  const same = inForce !== null && draft.text === inForce.text;
  const save = () =>
    doing.run(async () => {
      const content: NewVersion = { text: draft.text, reason: reason.trim(), author: author.trim() };
      const kept = await send<KeptText>("POST", "/segments", content);
      setReason("");
      again();
      go(`/segments${path(kept.name)}/edit`, { replace: true });
      return `Saved: ${kept.name}, version ${kept.version}. It is in force.`;
    });
  return (
    <form
      className="saving"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <TextInput label="Why" value={reason} onChange={(event) => setReason(event.currentTarget.value)} maxLength={500} autoComplete="off" />
      <TextInput label="Your name" value={author} onChange={(event) => setAuthor(event.currentTarget.value)} maxLength={100} autoComplete="name" />
      <Button type="submit" disabled={!fine || same || doing.busy}>
        {inForce && !same ? `Save as version ${inForce.version + 1}` : "Save"}
      </Button>
      <p className="dim">
        {same
          ? `This is version ${inForce.version}, which is in force.`
          : fine
            ? "It will be in force at once."
            : "It cannot be saved while something is wrong or still counted."}
      </p>
      <Told doing={doing} />
    </form>
  );
}
