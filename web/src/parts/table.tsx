// Tables: a caption always, columns that may give way on a phone, and pages by cursor.

import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { count } from "../words";

export interface Column<Row> {
  name: string;
  cell: (row: Row) => ReactNode;
  /** Figures stand at the right. */
  right?: boolean;
  /** Not shown where the screen is narrow. */
  wide?: boolean;
  /** The cell that names the row. */
  head?: boolean;
}

interface TableProps<Row> {
  caption: string;
  captionSeen?: boolean;
  columns: Column<Row>[];
  rows: Row[];
  id: (row: Row, index: number) => string | number;
}

const place = <Row,>(column: Column<Row>): string =>
  `${column.right ? "right" : ""} ${column.wide ? "wide" : ""}`;

export function Table<Row>({ caption, captionSeen = false, columns, rows, id }: TableProps<Row>) {
  return (
    <div className="scroller" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption className={captionSeen ? undefined : "unseen"}>{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" className={place(column)}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={id(row, index)}>
              {columns.map((column) =>
                column.head ? (
                  <th key={column.name} scope="row" className={place(column)}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.name} className={place(column)}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export interface Paging {
  after: string;
  behind: string[];
  next: (cursor: string) => void;
  previous: () => void;
  first: () => void;
}

/** Keeps the cursors of the pages that were left behind, so that one can go back. */
export function usePaging(): Paging {
  const [cursors, setCursors] = useState<string[]>([]);
  return {
    after: cursors.at(-1) ?? "",
    behind: cursors,
    next: (cursor) => setCursors((known) => [...known, cursor]),
    previous: () => setCursors((known) => known.slice(0, -1)),
    first: () => setCursors([]),
  };
}

interface PagerProps {
  paging: Paging;
  size: number;
  shown: number;
  /** Left out where nobody counts them. */
  total?: number;
  next: string;
  what: string;
}

export function Pager({ paging, size, shown, total, next, what }: PagerProps) {
  const start = paging.behind.length * size;
  return (
    <nav className="pager" aria-label={`Pages of ${what}`}>
      <p aria-live="polite">
        {total === 0 ? `No ${what}` : `${count(start + 1)}–${count(start + shown)}`}
        {total ? ` of ${count(total)}` : ""}
      </p>
      <div>
        <Button
          variant="default"
          size="xs"
          disabled={paging.behind.length === 0}
          onClick={paging.previous}
        >
          Previous
        </Button>
        <Button variant="default" size="xs" disabled={next === ""} onClick={() => paging.next(next)}>
          Next
        </Button>
      </div>
    </nav>
  );
}
