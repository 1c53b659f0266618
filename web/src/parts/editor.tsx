// What is wrong with a definition, and where in its text.

import { Button } from "@mantine/core";
import type { Problem } from "../api/types";

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
