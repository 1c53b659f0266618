// The pages that show groups of people, beside each other.

import { Link, useLocation } from "wouter";

export const PEOPLE_PLACES = [
  ["/segments", "Segments"],
  ["/groups", "Groups"],
  ["/clusters", "Clusters"],
  ["/lists", "Lists"],
  ["/overlap", "Overlap"],
] as const;

export function PeoplePlaces() {
  const [location] = useLocation();
  return (
    <nav className="beside" aria-label="Kinds of groups of people">
      <ul>
        {PEOPLE_PLACES.map(([to, word]) => (
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
