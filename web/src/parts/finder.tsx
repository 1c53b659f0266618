// One person, found by what is known: a number, an address, an id.

import { TextInput } from "@mantine/core";
import { useEffect, useId, useState } from "react";
import { ask, query } from "../api/reading";
import type { PeoplePage, PersonRow } from "../api/types";

const PAUSE_MILLISECONDS = 300;
const MOST = 5;

interface FinderProps {
  person: string;
  onChange: (person: string) => void;
}

/** A field that holds a person's number, and takes whatever else finds one. */
export function PersonFinder({ person, onChange }: FinderProps) {
  const [typed, setTyped] = useState(person);
  const [found, setFound] = useState<PersonRow[] | null>(null);
  const said = useId();
  useEffect(() => setTyped(person), [person]);
  const sought = typed.trim();
  const elsewhere = sought !== "" && !/^\d+$/.test(sought);
  useEffect(() => {
    setFound(null);
    if (!elsewhere) return;
    const stop = new AbortController();
    const wait = setTimeout(() => {
      ask<PeoplePage>(`/people${query({ q: sought, limit: MOST })}`, { signal: stop.signal }).then(
        (page) => setFound(page.people),
        () => undefined,
      );
    }, PAUSE_MILLISECONDS);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [sought, elsewhere]);
  return (
    <div className="finder">
      <TextInput
        label="Person: number, address or id"
        value={typed}
        onChange={(event) => {
          const text = event.currentTarget.value;
          setTyped(text);
          if (/^[1-9]\d*$/.test(text.trim())) onChange(text.trim());
        }}
        aria-describedby={said}
        autoComplete="off"
        spellCheck={false}
      />
      <div id={said} aria-live="polite">
        {found?.length === 0 && <p className="dim">Nobody has this number, address or id.</p>}
        {found?.map((each) => (
          <button key={each.person} type="button" className="plain-button" onClick={() => onChange(String(each.person))}>
            take {each.label}, {each.person}
          </button>
        ))}
      </div>
    </div>
  );
}
