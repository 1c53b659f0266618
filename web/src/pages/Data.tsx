import { Link } from "wouter";
import { Card, Page } from "../parts/page";

const PLACES = [
  ["/sources", "Sources", "Files, databases and queues that are read, and how that goes"],
  ["/quality", "Quality", "The state of the data, and what stands out"],
  ["/quarantine", "Quarantine", "Refused records: mend them, bring them back, or give them up"],
  ["/matches", "Matches", "People who may be one: look at both, then say so"],
  ["/forms", "Forms", "Forms and surveys, their links and their results"],
  ["/recommendations", "Products", "What people are shown, by which rules, and what that is worth"],
  ["/history", "History", "What was changed in segments, mails and campaigns, by whom and why"],
  ["/keys", "Keys", "Keys of pages, apps and servers; receivers of webhooks"],
] as const;

export default function Data() {
  return (
    <Page title="Data" lead="How it comes in, how good it is, and who may send it.">
      <Card title="Where to look">
        <ul className="places">
          {PLACES.map(([to, word, about]) => (
            <li key={to}>
              <Link href={to}>
                {word} <small>{about}</small>
              </Link>
            </li>
          ))}
        </ul>
      </Card>
    </Page>
  );
}
