import "../styles/segments.css";
import { useSearchParams } from "wouter";
import { useReading } from "../api/reading";
import type { SegmentOverlap, SegmentSize } from "../api/types";
import { Card, Empty, Page, Shown } from "../parts/page";
import { PeoplePlaces } from "../parts/places";
import { UpSet } from "../parts/upset";
import { count, instant, many, share } from "../words";

const FIRST = 4;
const MOST = 12;

export default function Overlap() {
  const reading = useReading<SegmentSize[]>("/segments");
  return (
    <Page
      title="Overlap"
      lead="Which people two segments or more share, and which are in none of the others."
    >
      <PeoplePlaces />
      <Shown reading={reading} height={600}>
        {(segments) => <Chosen segments={segments.filter((segment) => segment.people !== null)} />}
      </Shown>
    </Page>
  );
}

function Chosen({ segments }: { segments: SegmentSize[] }) {
  const [search, setSearch] = useSearchParams();
  const asked = search.getAll("segment");
  const names = segments.map((segment) => segment.name);
  const chosen = asked.length > 0 ? names.filter((name) => asked.includes(name)) : names.slice(0, FIRST);
  const choose = (name: string, on: boolean) => {
    const next = names.filter((each) => (each === name ? on : chosen.includes(each)));
    setSearch(new URLSearchParams((next.length > 0 ? next : [""]).map((each) => ["segment", each])), {
      replace: true,
    });
  };
  const where = `/segments/overlap?${new URLSearchParams(chosen.map((name) => ["segment", name]))}`;
  const reading = useReading<SegmentOverlap>(chosen.length > 1 ? where : null);
  return (
    <div className="stack">
      <Card title="Segments" note={`Choose two or more, ${MOST} at most.`}>
        <fieldset className="choices choices-in-columns">
          <legend className="unseen">Segments to compare</legend>
          {segments.map(({ name, people }) => {
            const on = chosen.includes(name);
            return (
              <label key={name} className="choice">
                <input
                  type="checkbox"
                  checked={on}
                  disabled={!on && chosen.length >= MOST}
                  onChange={(event) => choose(name, event.currentTarget.checked)}
                />
                <span>{name}</span> <small className="dim">{count(people ?? 0)}</small>
              </label>
            );
          })}
        </fieldset>
      </Card>
      {chosen.length < 2 ? (
        <Empty>Choose another segment to compare with.</Empty>
      ) : (
        <Shown reading={reading} height={500}>
          {(overlap) => <Compared overlap={overlap} />}
        </Shown>
      )}
    </div>
  );
}

function Compared({ overlap }: { overlap: SegmentOverlap }) {
  const more = overlap.left_out
    ? ` ${many(overlap.left_out, "smaller combination")} of ${many(overlap.left_out_people, "person", "people")} not shown.`
    : "";
  return (
    <div className="stack">
      <Card
        title="Combinations"
        note={`${many(overlap.people, "person", "people")} in at least one, each counted in one column, at ${instant(overlap.as_of)}.${more}`}
      >
        {overlap.combinations.length === 0 ? (
          <Empty>Nobody is in any of them.</Empty>
        ) : (
          <UpSet sizes={overlap.sizes} combinations={overlap.combinations} />
        )}
      </Card>
      <Card title="Pairs" note="How many people are in both, and as a share of all who are in either.">
        <Matrix overlap={overlap} />
      </Card>
    </div>
  );
}

function Matrix({ overlap }: { overlap: SegmentOverlap }) {
  const pairs = new Map(overlap.pairs.map((pair) => [key(pair.one, pair.two), pair]));
  const names = overlap.sizes.map((size) => size.segment);
  return (
    <div className="scroller" role="region" aria-label="Overlap of every pair" tabIndex={0}>
      <table className="matrix">
        <caption className="unseen">People in both, and as a share of all in either</caption>
        <thead>
          <tr>
            <th scope="col">
              <span className="unseen">Segment</span>
            </th>
            {names.map((name) => (
              <th key={name} scope="col" className="right">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {overlap.sizes.map(({ segment, people }) => (
            <tr key={segment}>
              <th scope="row">{segment}</th>
              {names.map((name) => {
                const pair = pairs.get(key(segment, name)) ?? pairs.get(key(name, segment));
                if (name === segment) {
                  return (
                    <td key={name} className="right self">
                      {count(people)}
                    </td>
                  );
                }
                return (
                  <td key={name} className={`right shade-${shade(pair?.jaccard ?? 0)}`}>
                    {pair ? count(pair.people) : "–"}
                    {pair && <small className="block">{share(pair.jaccard, 0)}</small>}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const key = (one: string, two: string): string => JSON.stringify([one, two]);
const shade = (jaccard: number): number => Math.min(4, Math.ceil(jaccard * 4));
