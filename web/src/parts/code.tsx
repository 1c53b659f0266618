// A text with its syntax in colours. The editor stands in a shadow root: there its styles are sheets
// of the script itself, which the policy of the page allows, and no style element is put in.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { html } from "@codemirror/lang-html";
import { liquid } from "@codemirror/lang-liquid";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Extension } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  MatchDecorator,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";

export interface CodeHandle {
  /** Selects a line, from 1, and brings it into view. */
  select: (line: number) => void;
}

interface CodeProps {
  label: string;
  value: string;
  onChange: (text: string) => void;
  handle: Ref<CodeHandle>;
  syntax: "liquid" | "handlebars";
}

const LOOK = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: "13px", height: "100%" },
  "&.cm-focused": { outline: "2px solid var(--moss)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--ink)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--ink-3)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--hover)" },
  ".cm-mustache, .cm-mustache *": { color: "var(--rufous-ink)" },
  ".cm-mustache-aside, .cm-mustache-aside *": { color: "var(--ink-3)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--moss-soft) !important" },
});

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword], color: "var(--rufous-ink)" },
  { tag: [tags.tagName, tags.angleBracket], color: "var(--sky-ink)" },
  { tag: [tags.attributeName, tags.propertyName], color: "var(--amber-ink)" },
  { tag: [tags.string, tags.attributeValue, tags.number, tags.bool], color: "var(--moss-ink)" },
  { tag: [tags.variableName, tags.function(tags.variableName)], color: "var(--rufous-ink)" },
  { tag: [tags.comment, tags.blockComment, tags.lineComment], color: "var(--ink-3)" },
]);

const EXTENSIONS: Extension[] = [
  lineNumbers(),
  history(),
  drawSelection(),
  highlightActiveLine(),
  // Tab leaves the editor, as it leaves any field.
  keymap.of([...defaultKeymap, ...historyKeymap]),
  syntaxHighlighting(COLOURS),
  LOOK,
];

const MUSTACHES = new MatchDecorator({
  regexp: /\{\{!--[\s\S]*?--\}\}|\{\{\{?[^{}]*\}?\}\}/g,
  decoration: (match) => Decoration.mark({ class: match[0].startsWith("{{!") ? "cm-mustache-aside" : "cm-mustache" }),
});

/** Handlebars has no grammar of its own here: its tags stand out of the HTML. */
const HANDLEBARS = ViewPlugin.fromClass(
  class {
    marks: DecorationSet;

    constructor(view: EditorView) {
      this.marks = MUSTACHES.createDeco(view);
    }

    update(update: ViewUpdate) {
      this.marks = MUSTACHES.updateDeco(update, this.marks);
    }
  },
  { decorations: (plugin) => plugin.marks },
);

// MJML closes its tags in themselves, so none is closed for the author.
const PAGE = html({ selfClosingTags: true, autoCloseTags: false });

const LANGUAGES: Record<CodeProps["syntax"], Extension> = {
  liquid: liquid({ base: PAGE }),
  handlebars: [PAGE, HANDLEBARS],
};

export default function Code({ label, value, onChange, handle, syntax }: CodeProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const told = useRef(onChange);
  const start = useRef(value);
  // What was typed and is on its way back: an older text must not undo a newer key.
  const typed = useRef(new Set<string>());
  useEffect(() => {
    told.current = onChange;
  }, [onChange]);
  useEffect(() => {
    const host = place.current;
    if (!host) return;
    start.current = view.current?.state.doc.toString() ?? start.current;
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    const made = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: start.current,
        extensions: [
          ...EXTENSIONS,
          LANGUAGES[syntax],
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", spellcheck: "false", autocapitalize: "off" }),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged) return;
            const text = update.state.doc.toString();
            typed.current.add(text);
            told.current(text);
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, [label, syntax]);
  useEffect(() => {
    const shown = view.current;
    if (!shown) return;
    if (shown.state.doc.toString() === value) typed.current.clear();
    else if (!typed.current.has(value)) shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: value } });
  }, [value]);
  useImperativeHandle(handle, () => ({
    select: (number) => {
      const shown = view.current;
      if (!shown) return;
      const line = shown.state.doc.line(Math.min(Math.max(1, number), shown.state.doc.lines));
      shown.dispatch({ selection: { anchor: line.from, head: line.to }, scrollIntoView: true });
      shown.focus();
    },
  }));
  return <div ref={place} className="code-editor" />;
}
