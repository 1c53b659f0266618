// Parts of the console that come when they are first asked for.

import { type ComponentType, type ReactNode, useEffect, useState } from "react";
import type { Problem } from "../api/types";
import { TroubleNote } from "./page";

const LOST: Problem = {
  type: "about:blank",
  title: "Not loaded",
  status: 0,
  detail: "",
  code: "not_loaded",
  message: "This part of the console did not arrive. Is the server still running, or newer than this page?",
};

/**
 * Returns a component that shows `meanwhile` until its code has arrived.
 *
 * Not React's `lazy`: a `Suspense` that has shown its fallback once is held back for 300 ms, and so
 * is all that the page asks the server for.
 */
export function arriving<P extends object>(
  load: () => Promise<{ default: ComponentType<P> }>,
  meanwhile: ReactNode = <div className="page-waiting" aria-busy="true" />,
): ComponentType<P> {
  let Arrived: ComponentType<P> | undefined;
  return function Arriving(given: P) {
    const [Part, take] = useState(() => Arrived);
    const [lost, lose] = useState(false);
    useEffect(() => {
      let gone = false;
      load().then(
        ({ default: part }) => {
          Arrived = part;
          if (!gone) take(() => part);
        },
        () => !gone && lose(true),
      );
      return () => {
        gone = true;
      };
    }, []);
    if (lost) return <TroubleNote problem={LOST} again={() => window.location.reload()} />;
    return Part ? <Part {...given} /> : meanwhile;
  };
}
