import { Link } from "wouter";
import { Card, Page } from "../parts/page";

type Places = readonly (readonly [string, string, string])[];

const MORE: Places = [
  ["/recommendations", "Products", "What people are shown, by which rules, and what that is worth"],
  ["/models", "Models", "What people are likely to do, and how well that is known"],
  ["/inbox", "Inbox", "Every mail that the local inbox took, as it was sent"],
];

const DATA: Places = [
  ["/sources", "Sources", "Files, databases and queues that are read, and how that goes"],
  ["/quality", "Quality", "The state of the data, and what stands out"],
  ["/quarantine", "Quarantine", "Refused records: mend them, bring them back, or give them up"],
  ["/matches", "Matches", "People who may be one: look at both, then say so"],
  ["/forms", "Forms", "Forms and surveys, their links and their results"],
  ["/history", "History", "What was changed in segments, mails and campaigns, by whom and why"],
  ["/keys", "Keys", "Keys of pages, apps and servers; receivers of webhooks"],
];

export default function Data() {
  return (
    <Page title="Data, products and models" lead="How data comes in, how good it is, and what is learnt from it.">
      <div className="stack">
        <Where title="Products and models" places={MORE} />
        <Where title="Data" places={DATA} />
      </div>
    </Page>
  );
}

function Where({ title, places }: { title: string; places: Places }) {
  return (
    <Card title={title}>
      <ul className="places">
        {places.map(([to, word, about]) => (
          <li key={to}>
            <Link href={to}>
              {word} <small>{about}</small>
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}
