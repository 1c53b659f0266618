import "../styles/segments.css";
import { Button } from "@mantine/core";
import { Link } from "wouter";
import { path, send, useDoing, useReading } from "../api/reading";
import type { GroupList, Recalculation, RfmGrid } from "../api/types";
import { Mark, ShareBar, Stacked } from "../parts/charts";
import { Told } from "../parts/doing";
import { Uses, Written } from "../parts/kept";
import { Card, Fact, Facts, Page, Shown, useStatus, When } from "../parts/page";
import { Table } from "../parts/table";
import { capital, count, instant, many, money, plain, share } from "../words";
import { GroupsText } from "./Groups";

export default function Group({ name }: { name: string }) {
  const where = `/groups${path(name)}`;
  const reading = useReading<GroupList>(where);
  const list = reading.value;
  return (
    <Page
      title={name}
      lead={list?.description}
      back={{ to: "/groups", word: "Groups" }}
      actions={
        list && (
          <p className="big">
            <strong>{count(list.groups.length)}</strong>
            <span>groups · version {list.version}</span>
          </p>
        )
      }
    >
      <Shown reading={reading} height={900}>
        {(found) => (
          <div className="stack">
            <Groups list={found} />
            {found.kind === "rfm" && found.calibrated_at && <Grid where={where} />}
            {found.kind === "rfm" && <Thresholds list={found} where={where} again={reading.again} />}
            <Keeping list={found} where={where} again={reading.again} />
            <Written where={where} onKept={reading.again}>
              {(start, fresh, kept) => <GroupsText start={start} fresh={fresh} onKept={kept} />}
            </Written>
            <Uses where={where} kept="Everybody has left its groups; its versions stay." />
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Groups({ list }: { list: GroupList }) {
  const total = list.groups.reduce((sum, group) => sum + (group.people ?? 0), 0);
  if (list.groups.length === 0) return null;
  return (
    <Card
      title="Its groups"
      note={`In this order, and each person is in the first that fits: ${many(total, "person", "people")} in all.`}
    >
      <Stacked parts={list.groups.map((group) => ({ name: group.name, size: group.people ?? 0 }))} />
      <Table
        caption={`Groups of ${list.name}`}
        rows={list.groups.map((group, index) => ({ ...group, place: index + 1 }))}
        id={(group) => group.name}
        columns={[
          { name: "Place", wide: true, cell: (group) => <Place place={group.place} of={list.groups.length} /> },
          {
            name: "Group",
            head: true,
            cell: (group) => (
              <>
                <Link href={`/segments${path(group.segment)}`}>{plain(group.name)}</Link>
                <small className="dim block">{group.description || "Whom no other group fits"}</small>
              </>
            ),
          },
          { name: "People", right: true, cell: (group) => (group.people === null ? <span className="dim">not yet</span> : count(group.people)) },
          {
            name: "Share",
            cell: (group) => (
              <span className="share-cell">
                <ShareBar share={total ? (group.people ?? 0) / total : 0} /> {share(total ? (group.people ?? 0) / total : 0)}
              </span>
            ),
          },
          { name: "Named in segments as", wide: true, cell: (group) => <code>{group.segment}</code> },
        ]}
      />
    </Card>
  );
}

function Place({ place, of }: { place: number; of: number }) {
  return (
    <span className="place-of">
      <Mark index={place - 1} of={of} /> {place}
    </span>
  );
}

const SCORES = [1, 2, 3, 4, 5];
const SHADES = 5;

function Grid({ where }: { where: string }) {
  const reading = useReading<RfmGrid>(`${where}/grid`);
  return (
    <Card
      title="Where customers stand"
      note="Scores of 1 to 5: recency downwards, and the mean of frequency and money to the right."
    >
      <Shown reading={reading} height={320}>
        {(grid) => <Squares grid={grid} />}
      </Shown>
    </Card>
  );
}

function Squares({ grid }: { grid: RfmGrid }) {
  const most = Math.max(...grid.squares.map((square) => square.people), 1);
  const at = (recency: number, value: number) =>
    grid.squares.find((square) => square.recency === recency && square.value === value);
  return (
    <>
      <div className="scroller" role="region" aria-label="Customers by recency and value" tabIndex={0}>
        <table className="squares">
          <caption className="unseen">Customers by recency and value</caption>
          <thead>
            <tr>
              <th scope="col">
                <span className="unseen">Recency</span>
              </th>
              {SCORES.map((value) => (
                <th key={value} scope="col">
                  value {value}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {SCORES.toReversed().map((recency) => (
              <tr key={recency}>
                <th scope="row">recency {recency}</th>
                {SCORES.map((value) => {
                  const square = at(recency, value);
                  const shade = Math.ceil(((square?.people ?? 0) / most) * (SHADES - 1));
                  return (
                    <td key={value} className={`shade-${shade}`}>
                      <strong>{count(square?.people ?? 0)}</strong>
                      <small>{square?.cell.replaceAll("-", " ")}</small>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="dim">At {instant(grid.as_of)}.</p>
    </>
  );
}

interface PartProps {
  list: GroupList;
  where: string;
  again: () => void;
}

function Thresholds({ list, where, again }: PartProps) {
  const doing = useDoing();
  const take = () =>
    doing.run(async () => {
      const taken = await send<GroupList>("POST", `${where}/calibrate`);
      again();
      return `Taken anew from ${many(taken.customers ?? 0, "customer")}.`;
    });
  const note = list.calibrated_at
    ? `Taken at ${instant(list.calibrated_at)} from ${many(list.customers ?? 0, "customer")}; frozen until they are taken again.`
    : "There are too few customers yet; they are taken by themselves when there are more.";
  return (
    <Card title="Thresholds" note={note}>
      {list.thresholds.length > 0 && (
        <Table
          caption="Thresholds of the scores"
          rows={list.thresholds}
          id={(threshold) => threshold.part}
          columns={[
            {
              name: "Score of",
              head: true,
              cell: (threshold) => (
                <>
                  {capital(threshold.part)}
                  <small className="dim block">{threshold.trait}</small>
                </>
              ),
            },
            ...[2, 3, 4, 5].map((score, index) => ({
              name: `${score} beyond`,
              right: true,
              cell: ({ values, trait }: GroupList["thresholds"][number]) => <Amount value={values[index] ?? 0} trait={trait} />,
            })),
            {
              name: "Customers with 1 to 5",
              wide: true,
              cell: (threshold) => threshold.people.map(count).join(" · "),
            },
          ]}
        />
      )}
      <div className="actions">
        <Button variant="default" onClick={take} disabled={doing.busy}>
          Take them anew
        </Button>
      </div>
      <Told doing={doing} />
    </Card>
  );
}

function Amount({ value, trait }: { value: number; trait: string }) {
  const { currency } = useStatus();
  return <>{trait.endsWith("_minor") ? money(value, currency) : count(value)}</>;
}

function Keeping({ list, where, again }: PartProps) {
  const doing = useDoing();
  const keep = () =>
    doing.run(async () => {
      const kept = await send<Recalculation>("POST", `${where}/recalculate`);
      again();
      return `Kept of everybody; ${many(kept.changed, "person", "people")} changed since the last time.`;
    });
  return (
    <Card
      title="Kept as a trait"
      note="Groups are exact at every instant. A recalculation also keeps who was in which, as a trait with a history."
    >
      <Facts>
        <Fact word="How often">{list.recalculate || "only by the button"}</Fact>
        <Fact word="Kept last">{list.kept_at ? <When at={list.kept_at} /> : "never"}</Fact>
        <Fact word="The trait">
          <code>{list.kept_as || `tier_${list.name}`}</code>
        </Fact>
      </Facts>
      {list.groups.length > 0 && (
        <div className="actions">
          <Button variant="default" onClick={keep} disabled={doing.busy}>
            Keep it now
          </Button>
        </div>
      )}
      <Told doing={doing} />
    </Card>
  );
}
