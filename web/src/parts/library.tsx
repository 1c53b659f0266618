// What templates are put together from: blocks, slots with their rules in words, texts by locale.

import { NativeSelect } from "@mantine/core";
import { useState } from "react";
import { useReading } from "../api/reading";
import type { BlockRow, SlotRow, TextsRow } from "../api/types";
import { many } from "../words";
import { Card, Chip, Empty, Shown } from "./page";
import { Table } from "./table";

export function Blocks() {
  const reading = useReading<BlockRow[]>("/blocks");
  const [tag, setTag] = useState("");
  const tags = [...new Set(reading.value?.flatMap((block) => block.tags))].sort();
  return (
    <Card title="Blocks" note="Parts that a template calls by name. Without the values that a block needs it shows nothing.">
      {tags.length > 0 && (
        <NativeSelect
          label="Tag"
          value={tag}
          onChange={(event) => setTag(event.currentTarget.value)}
          data={[{ value: "", label: "All blocks" }, ...tags]}
          maw={240}
          mb="sm"
        />
      )}
      <Shown reading={reading} height={320}>
        {(blocks) =>
          blocks.length === 0 ? (
            <Empty>No blocks yet: `tailorbird init` brings ours.</Empty>
          ) : (
            <BlocksTable blocks={blocks.filter((block) => tag === "" || block.tags.includes(tag))} />
          )
        }
      </Shown>
    </Card>
  );
}

function BlocksTable({ blocks }: { blocks: BlockRow[] }) {
  return (
    <Table
      caption="All blocks"
      rows={blocks}
      id={(block) => block.name}
      columns={[
        {
          name: "Block",
          head: true,
          cell: (block) => (
            <>
              {block.title}
              {block.title !== block.name && <code className="block">{block.name}</code>}
            </>
          ),
        },
        { name: "What it is for", cell: (block) => <Purpose block={block} /> },
        { name: "Needs", wide: true, cell: (block) => block.needs.join(", ") || <span className="dim">nothing</span> },
        { name: "Tags", wide: true, cell: (block) => block.tags.join(", ") || <span className="dim">–</span> },
      ]}
    />
  );
}

function Purpose({ block }: { block: BlockRow }) {
  const { purpose, takes, example, trouble } = block;
  return (
    <>
      {trouble ? <span className="wrong">{trouble}</span> : purpose || <span className="dim">It does not say.</span>}
      {(takes.length > 0 || example) && (
        <details>
          <summary>
            How it is called<span className="unseen">: {block.name}</span>
          </summary>
          {takes.length > 0 && <p className="dim">It takes {takes.join(", ")}.</p>}
          {example && <code className="example">{example}</code>}
        </details>
      )}
    </>
  );
}

export function Slots() {
  const reading = useReading<SlotRow[]>("/slots");
  return (
    <Card title="Slots" note="Places whose block is chosen for each person; the first rule that holds decides.">
      <Shown reading={reading} height={120}>
        {(slots) =>
          slots.length === 0 ? <Empty>No slots yet.</Empty> : slots.map((slot) => <SlotOf key={slot.name} slot={slot} />)
        }
      </Shown>
    </Card>
  );
}

function SlotOf({ slot }: { slot: SlotRow }) {
  return (
    <section className="slot" aria-label={`Slot ${slot.name}`}>
      <h3>
        {slot.name} <small className="dim">version {slot.version}</small>
      </h3>
      {slot.description && <p>{slot.description}</p>}
      {slot.trouble && <p className="wrong">{slot.trouble}</p>}
      <ul>
        {slot.rules.map((rule) => (
          <li key={rule.number} style={{ paddingInlineStart: `${(rule.number.split(".").length - 1) * 20}px` }}>
            <span className="dim">{rule.number}</span> {rule.text} {rule.priority > 0 && <Chip>priority {rule.priority}</Chip>}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Texts() {
  const reading = useReading<TextsRow[]>("/texts");
  return (
    <Card title="Texts" note="What a mail says in each language; what a locale lacks is taken from the next of its chain.">
      <Shown reading={reading} height={120}>
        {(rows) => (rows.length === 0 ? <Empty>No texts yet.</Empty> : <TextsTable rows={rows} />)}
      </Shown>
    </Card>
  );
}

function TextsTable({ rows }: { rows: TextsRow[] }) {
  return (
    <Table
      caption="All texts"
      rows={rows}
      id={(row) => row.locale}
      columns={[
        { name: "Locale", head: true, cell: (row) => row.locale },
        {
          name: "Texts",
          cell: (row) =>
            row.trouble ? (
              <span className="wrong">{row.trouble}</span>
            ) : (
              <details>
                <summary>
                  {many(Object.keys(row.texts).length, "text")}
                  <span className="unseen"> of {row.locale}</span>
                </summary>
                <dl className="texts" lang={row.locale}>
                  {Object.entries(row.texts).map(([name, text]) => (
                    <div key={name}>
                      <dt>{name}</dt>
                      <dd>{text}</dd>
                    </div>
                  ))}
                </dl>
              </details>
            ),
        },
        { name: "Lacks", cell: (row) => row.lacking.join(", ") || <span className="dim">nothing</span> },
        { name: "Version", right: true, wide: true, cell: (row) => row.version },
      ]}
    />
  );
}
