// Pages that belong together, beside each other: groups of people, and the ways of the mails.

import "../styles/places.css";
import { Link, useLocation } from "wouter";
import { path } from "../api/reading";

export const PEOPLE_PLACES = [
  ["/segments", "Segments"],
  ["/groups", "Groups"],
  ["/clusters", "Clusters"],
  ["/lists", "Lists"],
  ["/overlap", "Overlap"],
] as const;

export const CAMPAIGN_PLACES = [
  ["/campaigns", "Campaigns"],
  ["/journeys", "Journeys"],
] as const;

export const DELIVERY_PLACES = [
  ["/delivery", "Sending"],
  ["/pace", "Pace"],
  ["/feedback", "Feedback"],
  ["/suppressions", "Suppressions"],
  ["/inbox", "Inbox"],
] as const;

/** Where a campaign's result is, here and in the API; the mail of a journey is called JOURNEY/STEP. */
export function campaignAt(name: string): string {
  const [journey = "", step] = name.split("/");
  return step === undefined ? `/campaigns${path(name)}` : `/journeys${path(journey)}/mails${path(step)}`;
}

type Places = readonly (readonly [string, string])[];

export const PeoplePlaces = () => <Places places={PEOPLE_PLACES} label="Kinds of groups of people" />;
export const CampaignPlaces = () => <Places places={CAMPAIGN_PLACES} label="Ways of writing to people" />;
export const DeliveryPlaces = () => <Places places={DELIVERY_PLACES} label="Parts of the delivery" />;

function Places({ places, label }: { places: Places; label: string }) {
  const [location] = useLocation();
  return (
    <nav className="beside" aria-label={label}>
      <ul>
        {places.map(([to, word]) => (
          <li key={to}>
            <Link href={to} aria-current={location === to ? "page" : undefined}>
              {word}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
