// A definition while it is edited: as text and as a tree, with its figures. The last edit wins:
// every edit aborts what was asked before it, and the server stops working on that.

import { useEffect, useState } from "react";
import { posted, soon, Trouble } from "../api/reading";
import type { DraftForms, Problem, SegmentDraft, SegmentPreview } from "../api/types";
import { type Condition, isMapping, type Json } from "./tree";

const PAUSE_MILLISECONDS = 120;

export interface Draft {
  text: string;
  /** The last tree that could be read; `behind` where the text has moved on. */
  tree: Condition | null;
  behind: boolean;
  lines: number[];
  wrong: Problem | null;
  /** What the figures are asked about. */
  asked: SegmentDraft;
  write: (text: string) => void;
  build: (tree: Condition) => void;
}

interface Edit {
  by: "text" | "tree";
  text: string;
  tree: Condition | null;
}

interface Told {
  of: Edit | null;
  text: string;
  tree: Condition | null;
  lines: number[];
  wrong: Problem | null;
}

export function useDraft(start: string): Draft {
  const [edit, setEdit] = useState<Edit>({ by: "text", text: start, tree: null });
  const [told, tell] = useState<Told>({ of: null, text: start, tree: null, lines: [], wrong: null });
  useEffect(() => {
    const asked = edit.by === "text" ? { text: edit.text } : { tree: edit.tree };
    return soon(PAUSE_MILLISECONDS, (signal) =>
      posted<DraftForms>("/segments/convert", asked, signal).then(
        (forms) => tell({ of: edit, text: forms.text, tree: treeOf(forms), lines: forms.lines, wrong: wrongIn(forms) }),
        (error: unknown) => {
          if (signal.aborted || !(error instanceof Trouble)) return;
          const { problem } = error;
          tell((known) => ({ ...known, of: edit, text: edit.text || known.text, wrong: problem }));
        },
      ),
    );
  }, [edit]);
  const current = told.of === edit;
  const byText = edit.by === "text";
  return {
    text: byText ? edit.text : told.text,
    tree: byText ? told.tree : edit.tree,
    behind: byText && (!current || told.wrong !== null) && told.tree !== null,
    lines: told.lines,
    wrong: current ? told.wrong : null,
    asked: byText ? { text: edit.text } : { tree: edit.tree },
    write: (text) => setEdit((known) => ({ by: "text", text, tree: known.tree })),
    build: (tree) => setEdit({ by: "tree", text: "", tree }),
  };
}

function treeOf(forms: DraftForms): Condition | null {
  const tree = forms.tree as Json;
  return isMapping(tree) ? tree : null;
}

function wrongIn({ wrong, mend, line, column }: DraftForms): Problem | null {
  if (!wrong) return null;
  const same = { type: "", title: "", status: 422, code: "definition", message: wrong };
  return { ...same, detail: wrong, mend, line, column };
}

export interface Figures {
  value: SegmentPreview | null;
  wrong: Problem | null;
  pending: boolean;
}

/** Asks for the size with its error first, then for all exact figures. */
export function useFigures(asked: SegmentDraft, asOf: string): Figures {
  const [figures, setFigures] = useState<Figures>({ value: null, wrong: null, pending: true });
  const key = JSON.stringify([asked, asOf]);
  useEffect(() => {
    const [draft, at] = JSON.parse(key) as [SegmentDraft, string];
    const body = at ? { ...draft, as_of: at } : draft;
    setFigures((known) => ({ ...known, pending: true }));
    return soon(PAUSE_MILLISECONDS, async (signal) => {
      try {
        const sooner = await posted<SegmentPreview>("/segments/preview", { ...body, approximate: true }, signal);
        setFigures((known) => ({ value: { ...known.value, ...told(sooner, known.value) }, wrong: null, pending: true }));
        const value = await posted<SegmentPreview>("/segments/preview", body, signal);
        setFigures({ value, wrong: null, pending: false });
      } catch (error) {
        if (signal.aborted) return;
        const wrong = error instanceof Trouble ? error.problem : null;
        setFigures((known) => ({ value: known.value, wrong, pending: false }));
      }
    });
  }, [key]);
  return figures;
}

/** The size alone is new; the other figures stay, marked as pending, until theirs have come. */
function told(sooner: SegmentPreview, before: SegmentPreview | null): SegmentPreview {
  const { reachable, leaves, entered, left, sample, entering, leaving } = before ?? sooner;
  return { ...sooner, reachable, leaves, entered, left, sample, entering, leaving };
}
