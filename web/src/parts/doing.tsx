// What changes something: what came of it, a definition that is checked while it is written, copying.

import { Button, Textarea, TextInput } from "@mantine/core";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { type Doing, posted, send, soon, Trouble, useDoing } from "../api/reading";
import type { KeptText, Problem } from "../api/types";
import { Mistake, select } from "./editor";
import { TroubleNote } from "./page";

const PAUSE_MILLISECONDS = 250;

/** What came of the last change; it is read aloud. */
export function Told({ doing }: { doing: Doing }) {
  return (
    <div aria-live="polite">
      {doing.trouble && <TroubleNote problem={doing.trouble} />}
      {doing.said && <p className="said good">{doing.said}</p>}
    </div>
  );
}

interface GiveUpProps {
  what: string;
  doing: Doing;
  onGiveUp: (reason: string) => void;
  disabled?: boolean;
}

/** Giving up needs a reason first. */
export function GiveUp({ what, doing, onGiveUp, disabled = false }: GiveUpProps) {
  const [reason, setReason] = useState("");
  return (
    <form
      className="actions"
      onSubmit={(event) => {
        event.preventDefault();
        onGiveUp(reason);
        setReason("");
      }}
    >
      <TextInput
        className="grow"
        label="Why it is given up"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={500}
        autoComplete="off"
      />
      <Button type="submit" variant="default" disabled={disabled || doing.busy || !reason.trim()}>
        {what}
      </Button>
    </form>
  );
}

interface DefinitionProps<Answer> {
  label: string;
  start: string;
  /** Where it is kept; `${where}/check` only checks it. */
  where: string;
  onKept: (kept: KeptText) => void;
  /** What is said of a definition that is right. */
  right: (answer: Answer) => ReactNode;
  actions?: (text: string, usable: boolean) => ReactNode;
  /** What stands there is not kept yet, so it may be kept as it is. */
  fresh?: boolean;
  /** Who keeps it and why is asked, and kept with the version. */
  why?: boolean;
}

interface Checked<Answer> {
  of: string;
  answer: Answer | null;
  problem: Problem | null;
}

/** A definition in YAML that is checked while it is written, and kept by a button. */
export function Definition<Answer>(props: DefinitionProps<Answer>) {
  const { label, start, where, onKept, right, actions, why = false, fresh = false } = props;
  const [text, setText] = useState(start);
  const [reason, setReason] = useState("");
  const [author, setAuthor] = useState("");
  const [checked, setChecked] = useState<Checked<Answer>>({ of: "", answer: null, problem: null });
  const field = useRef<HTMLTextAreaElement>(null);
  const doing = useDoing();
  const said = useId();
  useEffect(() => {
    return soon(PAUSE_MILLISECONDS, async (signal) => {
      try {
        const answer = await posted<Answer>(`${where}/check`, { text }, signal);
        setChecked({ of: text, answer, problem: null });
      } catch (error) {
        if (error instanceof Trouble) setChecked({ of: text, answer: null, problem: error.problem });
      }
    });
  }, [text, where]);
  const stale = checked.of !== text;
  const usable = !stale && checked.answer !== null && !doing.busy;
  const keep = () =>
    doing.run(async () => {
      const said = why ? { reason: reason.trim(), author: author.trim() } : {};
      const kept = await send<KeptText>("POST", where, { text, ...said });
      onKept(kept);
      return `Kept: ${kept.kind} ${kept.name}, version ${kept.version}.`;
    });
  return (
    <div className="editor">
      <Textarea
        ref={field}
        label={label}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        rows={Math.min(24, Math.max(10, start.split("\n").length + 2))}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        error={checked.problem !== null}
        aria-describedby={said}
        classNames={{ input: "editor-input" }}
      />
      <div className="editor-said">
        <div id={said} aria-live="polite" className={stale ? "stale" : undefined}>
          {checked.problem ? (
            <Mistake
              problem={checked.problem}
              go={(line) => select(field.current, line)}
              what="Not right yet"
            />
          ) : (
            checked.answer && right(checked.answer)
          )}
        </div>
        {why && (text !== start || fresh) && (
          <div className="editor-why">
            <TextInput label="Why" value={reason} onChange={(event) => setReason(event.currentTarget.value)} maxLength={500} autoComplete="off" />
            <TextInput label="Your name" value={author} onChange={(event) => setAuthor(event.currentTarget.value)} maxLength={100} autoComplete="name" />
          </div>
        )}
        <div className="actions">
          <Button onClick={keep} disabled={!usable || (text === start && !fresh)}>
            Keep it
          </Button>
          {text !== start && (
            <Button variant="default" onClick={() => setText(start)}>
              Undo all changes
            </Button>
          )}
        </div>
        {actions?.(text, usable)}
        <Told doing={doing} />
      </div>
    </div>
  );
}

/** Text to take along, and a button that copies it. */
export function Copied({ text, what }: { text: string; what: string }) {
  const [said, say] = useState("");
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => say("Copied."),
      () => say("The browser does not allow it: select the text and copy it."),
    );
  return (
    <>
      <pre className="code wrap" tabIndex={0} role="region" aria-label={what}>
        {text}
      </pre>
      <div className="actions">
        <Button variant="default" size="xs" onClick={copy}>
          Copy {what}
        </Button>
        <p aria-live="polite" className="dim">
          {said}
        </p>
      </div>
    </>
  );
}
