// A segment's definition in YAML with its live count: every edit asks again, the last one wins.

import { Button, Textarea } from "@mantine/core";
import { useEffect, useId, useRef, useState } from "react";
import { ask, Trouble } from "../api/reading";
import type { Problem, SegmentCount } from "../api/types";
import { PeopleTable } from "../pages/People";
import { count, share } from "../words";

const PAUSE_MILLISECONDS = 150;

interface Answer {
  value: SegmentCount | null;
  problem: Problem | null;
  pending: boolean;
}

function useCount(text: string): Answer {
  const [answer, setAnswer] = useState<Answer>({ value: null, problem: null, pending: true });
  useEffect(() => {
    const stop = new AbortController();
    setAnswer((known) => ({ ...known, pending: true }));
    const wait = setTimeout(() => {
      ask<SegmentCount>("/segments/count", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text }),
        signal: stop.signal,
      }).then(
        (value) => setAnswer({ value, problem: null, pending: false }),
        (error: unknown) => {
          if (stop.signal.aborted) return;
          const problem = error instanceof Trouble ? error.problem : null;
          setAnswer((known) => ({ value: known.value, problem, pending: false }));
        },
      );
    }, PAUSE_MILLISECONDS);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [text]);
  return answer;
}

export function Editor({ start, label }: { start: string; label: string }) {
  const [text, setText] = useState(start);
  const field = useRef<HTMLTextAreaElement>(null);
  const said = useId();
  const { value, problem, pending } = useCount(text);
  return (
    <div className="editor">
      <Textarea
        ref={field}
        label={label}
        description="Nothing is saved here; keep it with: tailorbird segments add FILE"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        rows={Math.min(24, Math.max(10, start.split("\n").length + 2))}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        error={problem !== null}
        aria-describedby={said}
        classNames={{ input: "editor-input" }}
      />
      <div className="editor-said">
        <div id={said} aria-live="polite" aria-atomic="true" className={pending ? "stale" : undefined}>
          {problem ? (
            <Mistake problem={problem} go={(line) => select(field.current, line)} />
          ) : value ? (
            <p className="live-count">
              <strong>{count(value.people)}</strong>{" "}
              <span>
                of {count(value.total)} people, {share(value.total ? value.people / value.total : 0)}
              </span>
            </p>
          ) : (
            <p className="live-count">
              <strong>…</strong> <span>counting</span>
            </p>
          )}
        </div>
        {value && !problem && (
          <>
            <p className="dim">Counted in {value.milliseconds.toFixed(0)} ms.</p>
            {value.sample.length > 0 && <PeopleTable people={value.sample} caption="Some of them" brief />}
          </>
        )}
        {text !== start && (
          <Button variant="default" size="xs" onClick={() => setText(start)}>
            Undo all changes
          </Button>
        )}
      </div>
    </div>
  );
}

interface MistakeProps {
  problem: Problem;
  go: (line: number) => void;
  what?: string;
}

export function Mistake({ problem, go, what = "Cannot be counted" }: MistakeProps) {
  const { line = 0, column = 0 } = problem;
  return (
    <div className="trouble">
      <strong>{line ? `Line ${line}${column ? `, column ${column}` : ""}` : what}</strong>
      <p>{problem.detail}</p>
      {problem.mend && <p>{problem.mend}</p>}
      {line > 0 && (
        <Button variant="default" size="xs" onClick={() => go(line)}>
          Go to line {line}
        </Button>
      )}
    </div>
  );
}

export function select(field: HTMLTextAreaElement | null, line: number): void {
  if (!field) return;
  const lines = field.value.split("\n");
  const from = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  field.focus();
  field.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
}
