// What the lint says of a text while it is written: each finding with its place and its mend.

import { useEffect, useState } from "react";
import { send } from "../api/reading";
import type { TemplateFinding } from "../api/types";
import { many } from "../words";
import { Chip } from "./page";

const PAUSE_MILLISECONDS = 700;

/** Asks what the lint says of a text, a moment after the last key; null where it does not compile. */
export function useFindings(name: string, text: string): TemplateFinding[] | null {
  const [found, setFound] = useState<TemplateFinding[] | null>(null);
  useEffect(() => {
    let given = false;
    const tell = (findings: TemplateFinding[] | null) => {
      if (!given) setFound(findings);
    };
    const wait = setTimeout(() => {
      send<TemplateFinding[]>("POST", "/templates/lint", { name, text }).then(tell, () => tell(null));
    }, PAUSE_MILLISECONDS);
    return () => {
      given = true;
      clearTimeout(wait);
    };
  }, [name, text]);
  return found;
}

interface FindingsProps {
  findings: TemplateFinding[];
  go: (line: number) => void;
}

export function Findings({ findings, go }: FindingsProps) {
  const errors = findings.filter((each) => each.severity === "error").length;
  return (
    <section className="findings" aria-label="What the lint says">
      <h3>
        {findings.length === 0
          ? "Nothing to mend"
          : `${many(errors, "error")} and ${many(findings.length - errors, "warning")} for readers and the law`}
      </h3>
      <ul>
        {findings.map((each) => (
          <li key={`${each.block} ${each.line} ${each.code} ${each.what}`}>
            <p>
              <Chip tone={each.severity === "error" ? "red" : "amber"}>{each.severity}</Chip> {each.what}{" "}
              {each.block ? (
                <span className="dim">
                  in block {each.block}, line {each.line}
                </span>
              ) : (
                <button type="button" className="plain-button" aria-label={`go to line ${each.line}: ${each.code}`} onClick={() => go(each.line)}>
                  line {each.line}
                </button>
              )}
            </p>
            <p className="dim">
              {each.mend} <code>{each.code}</code>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
