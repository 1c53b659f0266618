// What every page is made of: its head, its cards, and what stands there before or instead.

import { Button } from "@mantine/core";
import { createContext, type ReactNode, useContext, useEffect, useId, useRef } from "react";
import { Link } from "wouter";
import type { Reading } from "../api/reading";
import type { Problem, Status } from "../api/types";
import { instant } from "../words";

export const NO_STATUS: Status = {
  version: "",
  shop: "",
  currency: "EUR",
  now: "1970-01-01T00:00:00Z",
  demo: false,
  notice: "",
  log_offset: 0,
  facts_offset: 0,
};

export const StatusContext = createContext<Status>(NO_STATUS);
export const useStatus = (): Status => useContext(StatusContext);

interface PageProps {
  title: string;
  /** What the browser's tab says where it differs from the heading. */
  tab?: string;
  lead?: ReactNode;
  back?: { to: string; word: string };
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, tab, lead, back, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const name = tab ?? title;
  useEffect(() => {
    document.title = `${name} · Tailorbird`;
  }, [name]);
  return (
    <>
      <header className="page-head">
        <div>
          {back && (
            <Link className="back" href={back.to}>
              ← {back.word}
            </Link>
          )}
          <h1 ref={heading} tabIndex={-1} id="page-title">
            {title}
          </h1>
          {lead && <p className="lead">{lead}</p>}
        </div>
        {actions && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

interface CardProps {
  title: string;
  note?: ReactNode;
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}

export function Card({ title, note, aside, className = "", children }: CardProps) {
  const id = useId();
  return (
    <section className={`card ${className}`} aria-labelledby={id}>
      <div className="card-head">
        <h2 id={id}>{title}</h2>
        {aside && <div className="card-aside">{aside}</div>}
      </div>
      {note && <p className="note">{note}</p>}
      {children}
    </section>
  );
}

/** Shows what was read; a place of about the same height before, the problem instead. */
export function Shown<T>({
  reading,
  height = 320,
  children,
}: {
  reading: Reading<T>;
  height?: number;
  children: (value: T) => ReactNode;
}) {
  if (reading.trouble) return <TroubleNote problem={reading.trouble} again={reading.again} />;
  if (reading.value === null) {
    return (
      <div role="status">
        <span className="unseen">Loading</span>
        <div className="waiting" style={{ height }} />
      </div>
    );
  }
  return (
    <div className={reading.stale ? "stale" : undefined} aria-busy={reading.stale}>
      {children(reading.value)}
    </div>
  );
}

export function TroubleNote({ problem, again }: { problem: Problem; again?: () => void }) {
  const missing = problem.status === 404;
  return (
    <div className="trouble" role="alert">
      <strong>{missing ? "Not here" : problem.title}</strong>
      <p>{problem.message}</p>
      {again && !missing && (
        <Button variant="default" size="xs" onClick={again}>
          Try again
        </Button>
      )}
    </div>
  );
}

interface BrokenProps {
  /** Which kind of thing it is: `segment`. */
  kind: string;
  /** What is wrong, where, and how to mend it. */
  why: string;
  /** What holds until it is mended. */
  children: ReactNode;
}

/** Why what was kept cannot be read or asked now, and what that means meanwhile. */
export function Broken({ kind, why, children }: BrokenProps) {
  return (
    <div className="trouble">
      <strong>{kind} broken</strong>
      <p>{why}</p>
      <p>{children}</p>
    </div>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

export type Tone = "moss" | "rufous" | "sky" | "amber" | "red" | "grey";

export function Chip({ tone = "grey", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`chip chip-${tone}`}>{children}</span>;
}

export function When({ at }: { at: string }) {
  return (
    <time dateTime={at} className="when">
      {instant(at)}
    </time>
  );
}

/** Words and their values, in two columns. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="facts">{children}</dl>;
}

export function Fact({ word, note, children }: { word: string; note?: string; children: ReactNode }) {
  return (
    <div>
      <dt>
        {word}
        {note && <small>{note}</small>}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
