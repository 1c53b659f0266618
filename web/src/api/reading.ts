// Asking the API: one hook that reads, one function that asks. Nothing here leaves the origin.

import { useCallback, useEffect, useState } from "react";
import type { Problem } from "./types";

const PREFIX = "/api/v1";
const KEPT = 60;
const kept = new Map<string, unknown>();

/** An answer that is a problem document, or the lack of an answer. */
export class Trouble extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

export const path = (...parts: (string | number)[]): string =>
  parts.map((part) => `/${encodeURIComponent(part)}`).join("");

export function query(parameters: Record<string, string | number>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== "");
  return given.length ? `?${new URLSearchParams(given.map(([k, v]) => [k, String(v)]))}` : "";
}

export async function ask<T>(where: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(PREFIX + where, { ...init, credentials: "omit", redirect: "error" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Trouble(unreachable());
  }
  const answer: unknown = await response.json().catch(() => null);
  init.signal?.throwIfAborted();
  if (response.ok) return answer as T;
  throw new Trouble((answer as Problem | null) ?? unreachable());
}

/** Asks for a change, with `content` as JSON. */
export const send = <T>(
  method: "POST" | "PUT" | "DELETE",
  where: string,
  content: unknown = {},
  headers: Record<string, string> = {},
): Promise<T> =>
  ask<T>(where, {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: method === "DELETE" ? null : JSON.stringify(content),
  });

/** Asks with `content` as JSON, until the signal gives it up. */
export const posted = <T>(where: string, content: unknown, signal: AbortSignal): Promise<T> =>
  ask<T>(where, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(content),
    signal,
  });

/** Acts after a pause; what it returns gives that up. */
export function soon(milliseconds: number, act: (signal: AbortSignal) => Promise<void>): () => void {
  const stop = new AbortController();
  const wait = setTimeout(() => void act(stop.signal), milliseconds);
  return () => {
    clearTimeout(wait);
    stop.abort();
  };
}

export interface Doing {
  /** Runs one change at a time; what went wrong is kept in `trouble`, what was done in `said`. */
  run: (change: () => Promise<string>) => void;
  busy: boolean;
  trouble: Problem | null;
  said: string;
}

export function useDoing(): Doing {
  const [busy, setBusy] = useState(false);
  const [told, tell] = useState<{ trouble: Problem | null; said: string }>({ trouble: null, said: "" });
  const run = useCallback((change: () => Promise<string>) => {
    setBusy(true);
    change()
      .then(
        (said) => tell({ trouble: null, said }),
        (error: unknown) =>
          tell({ trouble: error instanceof Trouble ? error.problem : unreachable(), said: "" }),
      )
      .finally(() => setBusy(false));
  }, []);
  return { run, busy, ...told };
}

function unreachable(): Problem {
  const message = "the server does not answer; is `tailorbird serve` still running?";
  return {
    type: "about:blank",
    title: "No answer",
    status: 0,
    detail: message,
    code: "unreachable",
    message,
  };
}

export interface Reading<T> {
  /** The answer, or the last one while `stale`. */
  value: T | null;
  trouble: Problem | null;
  stale: boolean;
  again: () => void;
}

interface Held<T> {
  where: string | null;
  value: T | null;
  trouble: Problem | null;
}

/** Reads `where` (null: nothing yet). What was read before is shown at once and read again. */
export function useReading<T>(where: string | null): Reading<T> {
  const [held, hold] = useState<Held<T>>(() => remembered<T>(where));
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (where === null) return;
    const stop = new AbortController();
    ask<T>(where, { signal: stop.signal }).then(
      (value) => {
        remember(where, value);
        hold({ where, value, trouble: null });
      },
      (error: unknown) => {
        if (stop.signal.aborted) return;
        const trouble = error instanceof Trouble ? error.problem : unreachable();
        hold({ where, value: null, trouble });
      },
    );
    return () => stop.abort();
  }, [where, turn]);
  const again = useCallback(() => setTurn((n) => n + 1), []);
  if (held.where === where) return { ...held, stale: false, again };
  const known = remembered<T>(where);
  return { value: known.value ?? held.value, trouble: null, stale: known.value === null, again };
}

function remembered<T>(where: string | null): Held<T> {
  const value = where === null ? null : ((kept.get(where) as T | undefined) ?? null);
  return { where: value === null ? null : where, value, trouble: null };
}

function remember(where: string, value: unknown): void {
  kept.delete(where);
  kept.set(where, value);
  const oldest = kept.keys().next().value;
  if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
}
