// A condition with its answer, its value and the events behind it, and those that it is made of.

import type { Reason } from "../api/types";
import { When } from "./page";

export function ReasonEntry({ reason }: { reason: Reason }) {
  return (
    <li>
      <p className={reason.holds ? "holds" : "fails"}>
        <span className="mark" aria-hidden="true">
          {reason.holds ? "✓" : "✗"}
        </span>
        <span className="unseen">{reason.holds ? "holds:" : "does not hold:"}</span> {reason.text}
      </p>
      {reason.parts.length === 0 && (reason.value || reason.threshold) && (
        <p className="dim reason-value">
          it is {reason.value || "missing"}
          {reason.threshold && <>; asked: {reason.threshold}</>}
        </p>
      )}
      {reason.evidence.length > 0 && (
        <ul className="evidence">
          {reason.evidence.map((each, index) => (
            <li key={`${each.at} ${index}`}>
              {each.event} <When at={each.at} /> {each.text}
            </li>
          ))}
        </ul>
      )}
      {reason.parts.length > 0 && (
        <ul>
          {reason.parts.map((part, index) => (
            <ReasonEntry key={`${part.text} ${index}`} reason={part} />
          ))}
        </ul>
      )}
    </li>
  );
}
