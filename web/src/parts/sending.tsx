// What holds mails up: said where it happens, and on the first page.

import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { type Doing, useReading } from "../api/reading";
import type { CarrierResting, PaceReport, StreamHeld } from "../api/types";
import { Chip, When } from "./page";
import { Table } from "./table";

/** Streams that stand still and carriers that rest; nothing where all is well. */
export function Alarms() {
  const { value } = useReading<PaceReport>("/delivery/pace?brief=true");
  if (!value || value.held.length + value.carriers.length === 0) return null;
  return (
    <aside className="alarm" aria-label="Mails are held up">
      <strong>Mails are held up</strong>
      <ul>
        {value.held.map((each) => (
          <li key={each.stream}>
            {each.stream} stands still: {each.reason}, since <When at={each.since} />
          </li>
        ))}
        {value.carriers.map((each) => (
          <li key={each.carrier}>
            The carrier {each.carrier} rests: {each.reason}
          </li>
        ))}
      </ul>
      <Link href="/pace">See what waits, and let it go on</Link>
    </aside>
  );
}

interface HeldProps {
  held: StreamHeld[];
  doing: Doing;
  onResume: (stream: string) => void;
}

export function HeldStreams({ held, doing, onResume }: HeldProps) {
  return (
    <Table
      caption="What stands still until somebody lets it go on"
      rows={held}
      id={(each) => each.stream}
      columns={[
        { name: "Stream", head: true, cell: (each) => each.stream },
        { name: "Why", cell: (each) => each.reason },
        { name: "Since", wide: true, cell: (each) => <When at={each.since} /> },
        {
          name: "Do",
          cell: (each) => (
            <Button
              size="xs"
              variant="default"
              disabled={doing.busy}
              onClick={() => onResume(each.stream)}
            >
              Let it go on
              <span className="unseen">: {each.stream}</span>
            </Button>
          ),
        },
      ]}
    />
  );
}

const STATES: Record<string, string> = {
  closed: "works again",
  open: "is asked nothing",
  half_open: "is tried with a few",
};

export function Carriers({ carriers }: { carriers: CarrierResting[] }) {
  return (
    <Table
      caption="Carriers that failed lately"
      rows={carriers}
      id={(each) => each.carrier}
      columns={[
        { name: "Carrier", head: true, cell: (each) => each.carrier },
        { name: "State", cell: (each) => <Chip tone={each.state === "open" ? "red" : "amber"}>{STATES[each.state]}</Chip> },
        { name: "Why", cell: (each) => each.reason },
        { name: "Until", wide: true, cell: (each) => <When at={each.until} /> },
      ]}
    />
  );
}

interface ReasonProps {
  label: string;
  acts: { word: string; act: (reason: string) => void; danger?: boolean }[];
  doing: Doing;
  /** Nothing is done without one. */
  needed?: boolean;
  disabled?: boolean;
}

/** A reason, and buttons that do something for it. */
export function Reasoned({ label, acts, doing, needed = false, disabled = false }: ReasonProps) {
  const [reason, setReason] = useState("");
  return (
    <div className="actions">
      <TextInput
        className="grow"
        label={label}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={500}
        autoComplete="off"
      />
      {acts.map(({ word, act, danger = false }) => (
        <Button
          key={word}
          variant="default"
          className={danger ? "danger" : undefined}
          disabled={disabled || doing.busy || (needed && !reason.trim())}
          onClick={() => {
            act(reason.trim());
            setReason("");
          }}
        >
          {word}
        </Button>
      ))}
    </div>
  );
}
