// What was looked at in a message before strangers get one like it.

import { path, useReading } from "../api/reading";
import type { MailCheck } from "../api/types";
import { many } from "../words";
import { Chip, Shown } from "./page";

const ABOUT: { about: MailCheck["about"]; word: string }[] = [
  { about: "content", word: "Content" },
  { about: "links", word: "Links" },
  { about: "size", word: "Size" },
  { about: "authentication", word: "Authentication" },
  { about: "leaving", word: "Leaving" },
  { about: "spam", word: "Looks of spam" },
];
const TONES = { fault: "red", warning: "amber", good: "moss" } as const;

export function Checks({ sendId }: { sendId: string }) {
  const reading = useReading<MailCheck[]>(`/inbox${path(sendId)}/checks`);
  return (
    <Shown reading={reading} height={400}>
      {(checks) => (
        <div className="checks">
          <p role="status">
            {many(checks.filter((each) => each.state === "fault").length, "fault")} and{" "}
            {many(checks.filter((each) => each.state === "warning").length, "warning")}
          </p>
          {ABOUT.map(({ about, word }) => (
            <section key={about} aria-label={word}>
              <h3>{word}</h3>
              <ul>
                {checks
                  .filter((each) => each.about === about)
                  .map((each) => (
                    <li key={`${each.what} ${each.mend}`}>
                      <Chip tone={TONES[each.state]}>{each.state}</Chip> {each.what}
                      {each.mend && <p className="dim">{each.mend}</p>}
                    </li>
                  ))}
              </ul>
            </section>
          ))}
        </div>
      )}
    </Shown>
  );
}
