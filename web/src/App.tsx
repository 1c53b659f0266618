// The frame around every page: where one is, where one can go, and what must always be said.

import { useMantineColorScheme } from "@mantine/core";
import { type ComponentType, type ReactNode, useEffect, useRef } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { useReading } from "./api/reading";
import type { Status } from "./api/types";
import { arriving } from "./parts/arriving";
import {
  Bird,
  CampaignsIcon,
  DeliveryIcon,
  FormsIcon,
  InboxIcon,
  KeysIcon,
  MatchesIcon,
  ModelsIcon,
  MoonIcon,
  OverviewIcon,
  PeopleIcon,
  ProductsIcon,
  QualityIcon,
  QuarantineIcon,
  SegmentsIcon,
  SourcesIcon,
  SunIcon,
  SystemIcon,
  TemplatesIcon,
} from "./parts/icons";
import { CAMPAIGN_PLACES, DELIVERY_PLACES, PEOPLE_PLACES } from "./parts/places";
import { Empty, NO_STATUS, Page, StatusContext, TroubleNote } from "./parts/page";
import { instant } from "./words";

const Overview = arriving(() => import("./pages/Overview"));
const People = arriving(() => import("./pages/People"));
const Person = arriving(() => import("./pages/Person"));
const Recommendations = arriving(() => import("./pages/Recommendations"));
const RecommendationRules = arriving(() => import("./pages/RecommendationRules"));
const Models = arriving(() => import("./pages/Models"));
const Model = arriving(() => import("./pages/Model"));
const Segments = arriving(() => import("./pages/Segments"));
const Segment = arriving(() => import("./pages/Segment"));
const SegmentEditor = arriving(() => import("./pages/SegmentEditor"));
const Groups = arriving(() => import("./pages/Groups"));
const Group = arriving(() => import("./pages/Group"));
const Clusters = arriving(() => import("./pages/Clusters"));
const Cluster = arriving(() => import("./pages/Cluster"));
const Lists = arriving(() => import("./pages/Lists"));
const List = arriving(() => import("./pages/List"));
const Overlap = arriving(() => import("./pages/Overlap"));
const Matches = arriving(() => import("./pages/Matches"));
const Campaigns = arriving(() => import("./pages/Campaigns"));
const Campaign = arriving(() => import("./pages/Campaign"));
const Journeys = arriving(() => import("./pages/Journeys"));
const Journey = arriving(() => import("./pages/Journey"));
const JourneyEditor = arriving(() => import("./pages/JourneyEditor"));
const Delivery = arriving(() => import("./pages/Delivery"));
const Pace = arriving(() => import("./pages/Pace"));
const Feedback = arriving(() => import("./pages/Feedback"));
const Suppressions = arriving(() => import("./pages/Suppressions"));
const Inbox = arriving(() => import("./pages/Inbox"));
const Data = arriving(() => import("./pages/Data"));
const Sources = arriving(() => import("./pages/Sources"));
const Source = arriving(() => import("./pages/Source"));
const Quarantine = arriving(() => import("./pages/Quarantine"));
const Refused = arriving(() => import("./pages/Refused"));
const Forms = arriving(() => import("./pages/Forms"));
const Form = arriving(() => import("./pages/Form"));
const Keys = arriving(() => import("./pages/Keys"));
const Quality = arriving(() => import("./pages/Quality"));
const Templates = arriving(() => import("./pages/Templates"));
const Template = arriving(() => import("./pages/Template"));
const Images = arriving(() => import("./pages/Images"));
const Image = arriving(() => import("./pages/Image"));
const History = arriving(() => import("./pages/History"));
const Past = arriving(async () => ({ default: (await import("./pages/History")).Past }));

interface Place {
  to: string;
  word: string;
  icon: ComponentType;
  /** Other pages of the same part. */
  also?: string[];
  /** On a phone, which has no room for it, the page of more places leads there. */
  wide?: boolean;
}

const SEGMENTS_ALSO = ["/new-segment", ...PEOPLE_PLACES.map(([to]) => to).slice(1)];
/** The inbox has a place of its own, where there is room for it. */
const BESIDE_DELIVERY = DELIVERY_PLACES.slice(1, -1);

const PLACES: Place[] = [
  { to: "/", word: "Overview", icon: OverviewIcon },
  { to: "/people", word: "People", icon: PeopleIcon },
  { to: "/segments", word: "Segments", icon: SegmentsIcon, also: SEGMENTS_ALSO },
  { to: "/campaigns", word: "Campaigns", icon: CampaignsIcon, also: ["/journeys"] },
  { to: "/delivery", word: "Delivery", icon: DeliveryIcon, also: BESIDE_DELIVERY.map(([to]) => to) },
  { to: "/inbox", word: "Inbox", icon: InboxIcon, wide: true },
  { to: "/templates", word: "Templates", icon: TemplatesIcon, also: ["/images"] },
  { to: "/recommendations", word: "Products", icon: ProductsIcon, wide: true },
  { to: "/models", word: "Models", icon: ModelsIcon, wide: true },
];

const DATA: Place[] = [
  { to: "/sources", word: "Sources", icon: SourcesIcon },
  { to: "/quality", word: "Quality", icon: QualityIcon },
  { to: "/quarantine", word: "Quarantine", icon: QuarantineIcon },
  { to: "/matches", word: "Matches", icon: MatchesIcon },
  { to: "/forms", word: "Forms", icon: FormsIcon },
  { to: "/keys", word: "Keys", icon: KeysIcon },
];

const inside = (location: string, { to, also = [] }: Place): boolean =>
  [to, ...also].some((place) => within(location, place));

const within = (location: string, place: string): boolean =>
  place === "/" ? location === "/" : location === place || location.startsWith(`${place}/`);

export function App() {
  const status = useReading<Status>("/status");
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [location]);
  return (
    <StatusContext value={status.value ?? NO_STATUS}>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <div className="shell">
        <Side status={status.value} location={location} />
        <div className="content">
          {status.value?.notice && <Notice text={status.value.notice} />}
          <main id="main" ref={main} tabIndex={-1}>
            {status.trouble && <TroubleNote problem={status.trouble} again={status.again} />}
            {status.value && <Pages />}
          </main>
        </div>
      </div>
    </StatusContext>
  );
}

function Pages() {
  return (
    <Switch>
      <Route path="/" component={Overview} />
      <Route path="/people" component={People} />
      <Route path="/people/:person">{({ person }) => <Person key={person} person={person} />}</Route>
      <Route path="/segments" component={Segments} />
      <Route path="/segments/:name">{({ name }) => <Segment key={name} name={decoded(name)} />}</Route>
      <Route path="/groups" component={Groups} />
      <Route path="/groups/:name">{({ name }) => <Group key={name} name={decoded(name)} />}</Route>
      <Route path="/clusters" component={Clusters} />
      <Route path="/clusters/:name">{({ name }) => <Cluster key={name} name={decoded(name)} />}</Route>
      <Route path="/lists" component={Lists} />
      <Route path="/lists/:name">{({ name }) => <List key={name} name={decoded(name)} />}</Route>
      <Route path="/overlap" component={Overlap} />
      <Route path="/matches/:pair?">{({ pair }) => <Matches pair={pair ?? ""} />}</Route>
      <Route path="/new-segment">
        <SegmentEditor name="" />
      </Route>
      <Route path="/segments/:name/edit">
        {({ name }) => <SegmentEditor key={name} name={decoded(name)} />}
      </Route>
      <Route path="/campaigns" component={Campaigns} />
      <Route path="/journeys" component={Journeys} />
      <Route path="/journeys/:name/mails/:step">
        {({ name, step }) => <Campaign key={`${name}/${step}`} name={`${decoded(name)}/${decoded(step)}`} />}
      </Route>
      <Route path="/journeys/:name/edit">{({ name }) => <JourneyEditor key={name} name={decoded(name)} />}</Route>
      <Route path="/journeys/:name">{({ name }) => <Journey key={name} name={decoded(name)} />}</Route>
      <Route path="/recommendations" component={Recommendations} />
      <Route path="/recommendations/:name">
        {({ name }) => <RecommendationRules key={name} name={decoded(name)} />}
      </Route>
      <Route path="/models" component={Models} />
      <Route path="/models/:name">{({ name }) => <Model key={name} name={decoded(name)} />}</Route>
      <Route path="/data" component={Data} />
      <Route path="/sources" component={Sources} />
      <Route path="/sources/:name">{({ name }) => <Source key={name} name={decoded(name)} />}</Route>
      <Route path="/quality" component={Quality} />
      <Route path="/quarantine" component={Quarantine} />
      <Route path="/quarantine/:position">
        {({ position }) => <Refused key={position} position={decoded(position)} />}
      </Route>
      <Route path="/forms" component={Forms} />
      <Route path="/forms/:name">{({ name }) => <Form key={name} name={decoded(name)} />}</Route>
      <Route path="/keys" component={Keys} />
      <Route path="/campaigns/:name">
        {({ name }) => <Campaign key={name} name={decoded(name)} />}
      </Route>
      <Route path="/delivery" component={Delivery} />
      <Route path="/pace" component={Pace} />
      <Route path="/feedback" component={Feedback} />
      <Route path="/suppressions" component={Suppressions} />
      <Route path="/inbox/:sendId?">{({ sendId }) => <Inbox sendId={sendId ?? ""} />}</Route>
      <Route path="/templates" component={Templates} />
      <Route path="/templates/:name">{({ name }) => <Template key={name} name={decoded(name)} />}</Route>
      <Route path="/history" component={History} />
      <Route path="/history/:kind/:name">
        {({ kind, name }) => <Past key={`${kind} ${name}`} kind={decoded(kind)} name={decoded(name)} />}
      </Route>
      <Route path="/images" component={Images} />
      <Route path="/images/:name">{({ name }) => <Image key={name} name={decoded(name)} />}</Route>
      <Route>
        <Page title="Not here">
          <Empty>No page has this address.</Empty>
        </Page>
      </Route>
    </Switch>
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function Notice({ text }: { text: string }) {
  return (
    <aside className="notice" aria-label="What is simulated here">
      {text}
    </aside>
  );
}

function Side({ status, location }: { status: Status | null; location: string }) {
  return (
    <header className="side">
      <Link href="/" className="brand">
        <Bird />
        <span>Tailorbird</span>
      </Link>
      <nav aria-label="Main">
        <ul>
          {PLACES.map((place) => (
            <Entry key={place.to} place={place} here={inside(location, place)}>
              {place.to in BESIDE && inside(location, place) && (
                <Beside places={BESIDE[place.to] ?? []} location={location} />
              )}
            </Entry>
          ))}
          <li className="nav-data">
            <Link href="/data" aria-current={within(location, "/data") ? "page" : undefined}>
              <SourcesIcon />
              <span className="at-desk">Data</span>
              <span className="on-phone">More</span>
            </Link>
            <ul>
              {DATA.map((place) => (
                <Entry key={place.to} place={place} here={inside(location, place)} />
              ))}
            </ul>
          </li>
        </ul>
      </nav>
      <div className="side-foot">
        {status && (
          <p className="side-shop">
            <strong>{status.shop}</strong>
            <span>as of {instant(status.now)}</span>
            {status.facts_offset < status.log_offset && <span>taking in new events</span>}
          </p>
        )}
        <SchemeSwitch />
      </div>
    </header>
  );
}

const BESIDE: Record<string, readonly (readonly [string, string])[]> = {
  "/segments": PEOPLE_PLACES.slice(1),
  "/campaigns": CAMPAIGN_PLACES.slice(1),
  "/delivery": BESIDE_DELIVERY,
};

interface BesideProps {
  places: readonly (readonly [string, string])[];
  location: string;
}

/** The other pages of a part; on a phone only the pages themselves show them. */
function Beside({ places, location }: BesideProps) {
  return (
    <ul className="nav-beside">
      {places.map(([to, word]) => (
        <li key={to}>
          <Link href={to} aria-current={within(location, to) ? "page" : undefined}>
            {word}
          </Link>
        </li>
      ))}
    </ul>
  );
}

interface EntryProps {
  place: Place;
  here: boolean;
  children?: ReactNode;
}

function Entry({ place: { to, word, icon: Icon, wide = false }, here, children }: EntryProps) {
  return (
    <li className={wide ? "wide" : undefined}>
      <Link href={to} aria-current={here ? "page" : undefined}>
        <Icon />
        <span>{word}</span>
      </Link>
      {children}
    </li>
  );
}

const SCHEMES = [
  { value: "light", word: "Light", icon: SunIcon },
  { value: "dark", word: "Dark", icon: MoonIcon },
  { value: "auto", word: "System", icon: SystemIcon },
] as const;

function SchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <fieldset className="schemes">
      <legend className="unseen">Colours</legend>
      {SCHEMES.map(({ value, word, icon: Icon }) => (
        <label key={value} title={word}>
          <input
            type="radio"
            name="scheme"
            value={value}
            checked={colorScheme === value}
            onChange={() => setColorScheme(value)}
          />
          <Icon />
          <span className="unseen">{word}</span>
        </label>
      ))}
    </fieldset>
  );
}
