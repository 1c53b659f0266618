// Written by web/types_from_openapi.py from the server's OpenAPI document. Do not edit.

export interface Activity {
  unit: "day" | "week" | "month";
  periods: Period[];
}

export interface Against {
  code: string;
  reason: string;
  mend: string;
}

export interface Answer {
  products: Recommended[];
  rules: string;
  rules_version: number;
  model_version: number;
  made_of: string;
  at: string;
  person: number | null;
  session: string;
  horizon_days: number;
}

export interface ApplyFiles {
  files: Record<string, string>;
  author: string;
  reason: string;
  plan: string;
  prune: boolean;
  overwrite: boolean;
  end: boolean;
}

export interface Arm {
  name: string;
  holdout: boolean;
  people: number;
  sent: number;
  opens: Rate | null;
  clicks: Rate | null;
  purchases: Rate;
  revenue_minor: number;
  revenue_per_person_minor: number;
  revenue_per_person_low: number;
  revenue_per_person_high: number;
  machine_opens: number;
  machine_clicks: number;
  subject: string;
  reached: Rate | null;
}

export interface AskedAddress {
  address: string;
}

export interface Attachment {
  name: string;
  kind: string;
  size_bytes: number;
}

export interface AudienceChange {
  kind: string;
  name: string;
  before: number | null;
  after: number | null;
  entering: number;
  leaving: number;
  enter: Example[];
  leave: Example[];
  trouble: string;
}

export interface AudienceFinding {
  kind: string;
  what: string;
  people: number;
  share: number;
  sample: number[];
  mend: string;
}

export interface AudienceReport {
  name: string;
  state: string;
  as_of: string;
  asked: number;
  done: number;
  rendered: number;
  sound: boolean;
  misfits: Misfit[];
  findings: AudienceFinding[];
  longest_subject: Longest | null;
  largest_mail: Longest | null;
  shown: Counted[];
  rules: Counted[];
  fallbacks: Counted[];
  trouble: string;
}

export interface BesideRule {
  rule: string;
  value: number;
  low: number;
  high: number;
}

export interface BlockRow {
  name: string;
  version: number;
  title: string;
  purpose: string;
  needs: string[];
  takes: string[];
  tags: string[];
  example: string;
  trouble: string;
}

export interface Breach {
  event: string;
  property: string;
  problem: string;
  wants: string;
  plan_version: number;
  line: number;
  events: number;
}

export interface Brief {
  campaign: string;
  answer: "sent" | "came_back" | "waiting" | "paused" | "deferred" | "being_sent" | "unknown" | "failed" | "cancelled" | "refused" | "held_out" | "shadow" | "not_in_audience" | "excluded" | "not_known_then" | "told_later" | "not_decided" | "not_entered" | "in_journey" | "left_journey";
  sentence: string;
  at: string | null;
  decision: string;
  occurrence: string;
}

export interface CampaignResult {
  name: string;
  version: number;
  description: string;
  segment: string;
  window_days: number;
  as_of: string;
  decided_at: string | null;
  verdicts: VerdictCount[];
  states: Record<string, number>;
  arms: Arm[];
  effects: Effect[];
  caused: Caused[];
  ratio: RatioCheck | null;
  verdict: string;
  method: string;
  machine_note: string;
  goal: string;
  shown: Counted[];
  rules: Counted[];
  fallbacks: Counted[];
  subjects: string[];
}

export interface CampaignSends {
  campaign: string;
  states: Record<string, number>;
  stands: "pause" | "resume" | "cancel" | null;
}

export interface CampaignSummary {
  name: string;
  version: number;
  description: string;
  segment: string;
  decided: number;
  sent: number;
  held_out: number;
  refused: number;
  pending: number;
  decided_at: string | null;
}

export interface CampaignUplift {
  campaign: string;
  model: string;
  version: number;
  trained_at: string;
  people: number;
  written_to: number;
  outcome: string;
  window_days: number;
  average: number;
  average_low: number;
  average_high: number;
  orders: UpliftOrder[];
  policies: UpliftPolicy[];
  curve: UpliftPoint[];
  serves: boolean;
  served_by: string;
  features: string[];
  why: string;
  scored: number;
}

export interface CarrierResting {
  carrier: string;
  state: "closed" | "open" | "half_open";
  reason: string;
  until: string;
}

export interface Caused {
  arm: string;
  people: number;
  buyers: number;
  buyers_low: number;
  buyers_high: number;
  revenue_minor: number;
  revenue_minor_low: number;
  revenue_minor_high: number;
}

export interface ChangedSince {
  version: number;
  author: string;
  reason: string;
  at: string;
}

export interface CheckedDraft {
  text: string;
}

export interface ClusterCandidate {
  setting: number;
  clusters: number;
  noise: number;
  silhouette: number;
  stability: number;
}

export interface ClusterFound {
  label: string;
  words: string;
  people: number;
  differences: Record<string, number>;
  means: Record<string, number>;
}

export interface ClusterSet {
  name: string;
  description: string;
  method: string;
  features: string[];
  kept_as: string;
  trained_at: string | null;
  assigned_at: string | null;
  serves: boolean;
  why: string;
  people: number;
  noise: number;
  setting: number;
  proposed: boolean;
  silhouette: number;
  shuffled: number;
  stability: number;
  worst: number;
  clusters: ClusterFound[];
  candidates: ClusterCandidate[];
}

export interface ClusterTrial {
  name: string;
  version: number;
  people: number;
}

export interface Concerned {
  people: number[];
  total: number;
  next: string;
  labels: string[];
}

export interface ConditionForm {
  word: string;
  keys: FormKey[];
  needs: string[];
  one_of: string[];
  compared: boolean;
}

export interface ConsentLine {
  purpose: string;
  state: "granted" | "withdrawn" | "never asked";
  at: string | null;
  source: string;
  wording_version: string;
}

export interface Correspondence {
  decisions: DecisionReport[];
  mails: MailRow[];
}

export interface Counted {
  name: string;
  value: string;
  people: number;
}

export interface CountedMail {
  campaign: string;
  at: string;
}

export interface DayCount {
  day: string;
  events: number;
}

export interface DecisionReport {
  id: string;
  campaign: string;
  campaign_version: number;
  occurrence: string;
  person: number;
  at: string;
  verdict: string;
  reason: string;
  variant: string;
  probability: number;
  receipt: number;
  state: string;
  reply: string;
  inputs: unknown;
  because: string[];
}

export interface DefinitionChange {
  what: "add" | "change" | "remove";
  kind: "segment" | "template" | "block" | "campaign" | "model" | "mapping" | "tracking_plan" | "imputation" | "source" | "form" | "list" | "groups" | "calibration" | "clusters" | "slot" | "texts" | "edition" | "image" | "journey" | "recommendations";
  name: string;
  path: string;
  before: number;
  diff: string;
  moved: ChangedSince | null;
  people: number;
}

export interface DefinitionFiles {
  files: Record<string, string>;
  prune: boolean;
  people: boolean;
}

export interface DefinitionPlan {
  digest: string;
  changes: DefinitionChange[];
  extras: ExtraDefinition[];
  faults: FileFault[];
  audiences: AudienceChange[];
  sends: SendOutlook[];
  notes: string[];
  settings: string;
}

export interface DefinitionText {
  text: string;
}

export interface DefinitionUse {
  kind: string;
  name: string;
  how: string;
}

export interface DefinitionVersion {
  version: number;
  text: string;
  created_at: string;
  author: string;
  reason: string;
}

export interface DiscardChoice {
  reason: string;
  positions: (string | unknown)[];
  code: string;
  source: string;
}

export interface DiscardReport {
  discarded: number;
}

export interface Displacer {
  reason: string;
  limit: string;
  campaign: string;
  people: number;
}

export interface DoubtSettled {
  sent: boolean;
  reason: string;
}

export interface Draft {
  text: string;
}

export interface DraftForms {
  text: string;
  tree: Record<string, unknown>;
  lines: number[];
  wrong: string;
  mend: string;
  line: number;
  column: number;
}

export interface DraftPreview {
  preview: Preview;
  shown_at: string;
  bytes: number;
}

export interface Draw {
  drawn: string;
  probability: number;
  among: Record<string, number>;
}

export interface DriftLook {
  at: string;
  version: number;
  people: number;
  alarm: boolean;
  why: string;
  drifts: Drifted[];
}

export interface Drifted {
  kind: string;
  name: string;
  value: number;
  limit: number;
  alarm: boolean;
  says: string;
  words: string;
}

export interface Effect {
  metric: string;
  arm: string;
  against: string;
  unit: "share" | "money";
  difference: number;
  low: number;
  high: number;
  p_value: number;
  told: boolean;
  sentence: string;
}

export interface Evened {
  trait: string;
  groups: EvenedGroup[];
  ratio_before: number;
  ratio: number;
  why: string;
}

export interface EvenedGroup {
  group: string;
  people: number;
  outcome_rate: number;
  chosen_before: number;
  chosen: number;
  found_before: number | null;
  found: number | null;
}

export interface EventContext {
  device: string;
  place: string;
  page: string;
  came_from: string;
  local_time: string;
}

export interface EventPage {
  events: EventRow[];
  next: string;
}

export interface EventRow {
  id: string;
  event: string;
  at: string;
  received_at: string;
  source: string;
  person: number | null;
  order_id: string;
  item: string;
  quantity: number;
  value_minor: number;
  currency: string;
  campaign: string;
  machine: boolean;
}

export interface EventVerdict {
  index: number;
  verdict: "taken" | "refused";
  id: string;
  code: string;
  message: string;
}

export interface EventVerdicts {
  offset: number;
  applied: boolean;
  taken: number;
  refused: number;
  results: EventVerdict[];
}

export interface Evidence {
  event: string;
  at: string;
  text: string;
}

export interface Example {
  person: number;
  why: string[];
}

export interface Excluded {
  segment: string;
  member: boolean;
}

export interface Explanation {
  segment: string;
  person: number;
  label: string;
  member: boolean;
  as_of: string;
  next_check: string | null;
  reason: Reason;
  outlook: Outlook | null;
}

export interface ExposureAudit {
  by: string;
  at_least: number;
  declared: boolean;
  shares: ExposureShare[];
  steered: boolean;
}

export interface ExposureReport {
  rules: string;
  rules_version: number;
  people: number;
  products: number;
  shown: number;
  gini: number;
  ndcg: number;
  audits: ExposureAudit[];
  waits: string;
}

export interface ExposureShare {
  value: string;
  products: number;
  share: number;
  low: number;
  high: number;
  target: number;
  too_little: boolean;
  before: number;
}

export interface ExtraDefinition {
  kind: "segment" | "template" | "block" | "campaign" | "model" | "mapping" | "tracking_plan" | "imputation" | "source" | "form" | "list" | "groups" | "calibration" | "clusters" | "slot" | "texts" | "edition" | "image" | "journey" | "recommendations";
  name: string;
  version: number;
  author: string;
}

export interface FairGroup {
  group: string;
  people: number;
  selection_rate: number;
  found: number | null;
  mean_probability: number;
  outcome_rate: number;
}

export interface FairnessReport {
  trait: string;
  threshold: number;
  groups: FairGroup[];
  selection_ratio: number;
  odds_gap: number;
  calibration_gap: number;
  why: string;
}

export interface FaultRow {
  kind: "no_outbox" | "no_decision" | "other_end" | "sent_twice" | "claim_left" | "journal_stranger" | "journal_differs" | "never_sent" | "not_told" | "not_at_carrier";
  send_id: string;
  detail: string;
}

export interface FeedbackExplained {
  outcomes: OutcomeSeen[];
}

export interface FeedbackRow {
  source: string;
  event: string;
  kind: string;
  why: string;
  mails: number;
  people: number;
  last_at: string;
}

export interface FeedbackSummary {
  since: string;
  sent: number;
  rows: FeedbackRow[];
  held: number;
}

export interface FeedbackTaken {
  offset: number;
}

export interface FieldProfile {
  of: string;
  name: string;
  among: number;
  filled: number;
  share: number;
  texts: number;
  numbers: number;
  booleans: number;
  distinct: number;
  low: number | null;
  high: number | null;
  sealed: boolean;
}

export interface FileFault {
  file: string;
  where: string;
  what: string;
  mend: string;
}

export interface Finding {
  level: "alarm" | "warning" | "note";
  area: "arrivals" | "contacts" | "events" | "imports" | "orders" | "people" | "plan" | "traits";
  what: string;
  count: number;
  mend: string;
}

export interface Forgotten {
  offset: number;
  applied: boolean;
  person: number;
  covered: string[];
  not_covered: string[];
}

export interface FormAnswer {
  field: string;
  question: string;
  answer: string;
  label: string;
  people: number;
}

export interface FormKey {
  key: string;
  shape: string;
}

export interface FormReport {
  form: FormRow;
  text: string;
  snippet: string;
  frame: string;
  results: FormResults;
}

export interface FormResults {
  submissions: number;
  people: number;
  confirmed: number;
  waiting: number;
  expired: number;
  answers: FormAnswer[];
  score: FormScore | null;
}

export interface FormRow {
  name: string;
  version: number;
  title: string;
  url: string;
  questions: number;
  double_opt_in: boolean;
}

export interface FormScore {
  people: number;
  promoters: number;
  passives: number;
  detractors: number;
  score: number;
  low: number;
  high: number;
}

export interface GroupCount {
  group: string;
  people: number;
}

export interface GroupList {
  name: string;
  kind: "groups" | "rfm" | "engagement";
  description: string;
  version: number;
  groups: GroupSize[];
  calibrated_at: string | null;
  customers: number | null;
  thresholds: Threshold[];
  recalculate: string;
  kept_at: string | null;
  kept_as: string;
}

export interface GroupSize {
  name: string;
  segment: string;
  people: number | null;
  description: string;
}

export interface GroupTrial {
  name: string;
  version: number;
  groups: GroupSize[];
  waits: boolean;
}

export interface Header {
  name: string;
  value: string;
}

export interface HeldCode {
  code: string;
  held: number;
  replayed: number;
  discarded: number;
}

export interface HookRow {
  id: string;
  url: string;
  types: ("consent.changed" | "delivery.held" | "delivery.resumed" | "journey.alarm" | "journey.reached" | "person.created" | "person.forgotten" | "person.merged" | "person.updated" | "segment.entered" | "segment.left" | "test")[];
  fields: string[];
  created_at: string;
  failing_since: string | null;
  disabled: string;
}

export interface Identifier {
  kind: string;
  number: number;
}

export interface Identifiers {
  user_id: string;
  email: string;
  anonymous_id: string;
}

export interface ImageReport {
  image: ImageRow;
  text: string;
  reads: string[];
  files: string[];
  uses: DefinitionUse[];
}

export interface ImageRow {
  name: string;
  version: number;
  width: number;
  height: number;
  personal: boolean;
  description: string;
  trouble: string;
}

export interface ImageText {
  text: string;
  author?: string;
  reason?: string;
}

export interface ImageTrial {
  width: number;
  height: number;
  picture: string;
  size_bytes: number;
  said: string[];
}

export interface ImportedFile {
  file: string;
  mapping: string;
  at: string;
  lines: number;
  taken: number;
  duplicates: number;
  refused: Record<string, number>;
}

export interface InboxAnswer {
  kind: "hard_bounce" | "soft_bounce" | "complaint" | "auto_reply" | "unsubscribe" | "open" | "click";
  link: number;
}

export interface InboxAnswered {
  kind: string;
  machine: string;
  applied: boolean;
}

export interface InboxPage {
  messages: InboxRow[];
  total: number;
  next: string;
}

export interface InboxRow {
  sequence: number;
  send_id: string;
  to: string;
  subject: string;
  size_bytes: number;
  campaign: string;
}

export interface Joined {
  loser: number;
  reason: string;
}

export interface JourneyCall {
  person: number;
  user_id: string;
  email: string;
  anonymous_id: string;
  values: Record<string, string | number | boolean | null>;
}

export interface JourneyDraft {
  findings: JourneyFinding[];
  mode: string;
  description: string;
  head: string[];
  steps: JourneyStep[];
  standing: OlderStep[];
}

export interface JourneyFinding {
  code: string;
  severity: string;
  where: string;
  step: string;
  what: string;
  mend: string;
}

export interface JourneyMoves {
  move: boolean;
  map: Record<string, string>;
  author: string;
  reason: string;
}

export interface JourneyPage {
  name: string;
  version: number;
  mode: string;
  description: string;
  text: string;
  head: string[];
  drawing: string[];
  steps: JourneyStep[];
  older: OlderStep[];
}

export interface JourneyPublished {
  name: string;
  version: number;
  older: OlderStep[];
  moved: number;
}

export interface JourneyRemoval {
  end: boolean;
  author: string;
  reason: string;
}

export interface JourneyRemoved {
  name: string;
  version: number;
  ended: number;
}

export interface JourneyRow {
  name: string;
  version: number;
  mode: string;
  description: string;
  people: number;
  fault: string;
}

export interface JourneySimulation {
  name: string;
  state: "none" | "running" | "done" | "stopped" | "failed";
  since: string | null;
  until: string | null;
  trouble: string;
  done: number;
  version: number;
  every_seconds: number;
  ticks: number;
  triggered: number;
  entered: number;
  held_out: number;
  not_entered: Record<string, number>;
  in_it: number;
  ended: Record<string, number>;
  converted: number | null;
  days: SimulatedDay[];
  mails: SimulatedMail[];
  conflicts: SimulatedConflict[];
  ways: SimulatedWay[];
  people: SimulatedPerson[];
  troubles: string[];
  as_of_now: string[];
}

export interface JourneyStep {
  step: string;
  kind: string;
  words: string;
  depth: number;
  ways: JourneyWay[];
  people: number;
}

export interface JourneyText {
  text: string;
  author: string;
  reason: string;
}

export interface JourneyWatch {
  name: string;
  version: number;
  mode: string;
  since: string;
  as_of: string;
  entered: number;
  held_out: number;
  in_it: number;
  finished: number;
  dropped: number;
  converted: number | null;
  ended: Record<string, number>;
  steps: StepWatch[];
  stuck: StuckPerson[];
  segments: SegmentDrop[];
  alarms: WatchAlarm[];
}

export interface JourneyWay {
  when: string;
  to: string;
}

export interface KeptDefinition {
  kind: string;
  name: string;
  before: number;
  version: number;
}

export interface KeptText {
  kind: "segment" | "template" | "block" | "campaign" | "model" | "mapping" | "tracking_plan" | "imputation" | "source" | "form" | "list" | "groups" | "calibration" | "clusters" | "slot" | "texts" | "edition" | "image" | "journey" | "recommendations";
  name: string;
  version: number;
  notes: string[];
}

export interface KeptTogether {
  number: number;
  how: string;
  at: string;
  author: string;
  reason: string;
  definitions: KeptDefinition[];
  notes: string[];
}

export interface KeyRow {
  name: string;
  kind: "public" | "secret";
  shown: string;
  scopes: ("read" | "write" | "admin")[];
  origins: string[];
  rate: number;
  address_rate: number;
  created_at: string;
  ends_at: string | null;
  opens: boolean;
}

export interface KnownName {
  name: string;
  kind: "text" | "integer" | "days" | "millionths" | "instant" | "flag" | "open" | "day" | "duration" | "dated";
  note: string;
  computed: boolean;
}

export interface LaneWaiting {
  campaign: string;
  stream: string;
  zone: string;
  sends: number;
  why: "" | "held" | "resting" | "warm_up" | "rate" | "under_way" | "quiet_hours" | "not_yet_due";
  next_at: string | null;
  reason: string;
}

export interface LeafFigures {
  holds: number;
  without: number | null;
}

export interface LearnedOn {
  at: string;
  learnt: number;
  version: number;
  why: string;
}

export interface Leave {
  purpose: string;
  state: "granted" | "withdrawn" | "never asked";
  receipt: number;
  wording_version: string;
  source: string;
  at: string | null;
}

export interface LeftStep {
  outcome: string;
  to: string;
  reason: string;
  people: number;
}

export interface Lift {
  tenth: number;
  people: number;
  rate: number;
  lift: number;
  captured: number;
}

export interface LiftedSuppressions {
  addresses: (string | unknown)[];
  note: string;
  reason: "complaint" | "hard_bounce" | "import" | "invalid" | "manual" | "spam_trap" | "unsubscribed" | null;
}

export interface Likeness {
  field: string;
  likeness: string;
  bits: number;
}

export interface Limit {
  text: string;
  allowed: number;
  counted: number;
  reached: boolean;
  mails: CountedMail[];
}

export interface Link {
  text: string;
  url: string;
}

export interface ListFile {
  text: string;
  file: string;
  column: string;
  reason: string;
}

export interface ListReport {
  list: ListRow;
  as_of: string;
  people: number;
  sample: number[];
}

export interface ListRow {
  name: string;
  description: string;
  people: number;
  used_in: string[];
  offered: Record<string, string>;
}

export interface Longest {
  person: number;
  size: number;
  text: string;
}

export interface MadeHook {
  secret: string;
  about: HookRow;
}

export interface MadeKey {
  key: string;
  about: KeyRow;
}

export interface MadeOf {
  template: string;
  template_version: number;
  edition: string;
  recommender_version: number;
  personalised: boolean;
  picks: Pick[];
  scores: ModelValue[];
  traits: Record<string, string>;
  because: string[];
  recommended_by: string;
}

export interface Mail {
  send_id: string;
  subject: string;
  sender: string;
  to: string;
  sent_at: string | null;
  headers: Header[];
  text: string;
  html: string;
  links: Link[];
  source: string;
  size_bytes: number;
  person: number | null;
  campaign: string;
  variant: string;
  amp: string;
  attachments: Attachment[];
}

export interface MailCheck {
  about: "content" | "links" | "size" | "authentication" | "leaving" | "spam";
  state: "good" | "warning" | "fault";
  what: string;
  mend: string;
}

export interface MailProof {
  send_id: string;
  state: string;
  recorded: string;
  made: string;
  edition: string;
  reasons: string[];
  subject: string;
  html: string;
  text: string;
}

export interface MailRow {
  send_id: string;
  campaign: string;
  variant: string;
  at: string;
  state: string;
  stored: boolean;
}

export interface MatchPage {
  matches: MatchRow[];
  counts: Record<string, number>;
  next: string;
}

export interface MatchReport {
  match: MatchRow;
  one: Record<string, string>;
  two: Record<string, string>;
}

export interface MatchRow {
  one: number;
  two: number;
  state: "waiting" | "merging" | "merged" | "rejected";
  probability: number;
  why: string;
  evidence: Likeness[];
  found_at: string;
  decided_at: string | null;
  author: string;
  reason: string;
  by: string;
}

export interface Measured {
  name: string;
  model: number;
  naive: number;
  naive_rule: string;
  low: number;
  high: number;
}

export interface MembersActs {
  days: number;
  people: number;
  sent: number;
  opened: number;
  clicked: number;
  bought: number;
  orders: number;
  revenue_minor: number;
  entered: number;
  bought_after: number;
}

export interface MembershipChange {
  segment: string;
  person: number;
  label: string;
  entered: boolean;
  at: string;
  cause: "event" | "time" | "definition" | "merge" | "schedule";
  version: number;
  seen_at: string;
}

export interface MembershipChanges {
  changes: MembershipChange[];
  next: string;
  known_since: string | null;
}

export interface MendedRecord {
  text: string;
}

export interface Misfit {
  where: string;
  what: string;
  mend: string;
}

export interface MissedRun {
  occurrence: string;
  at: string;
  reason: string;
}

export interface ModelDetail {
  name: string;
  target: string;
  serving: number;
  latest: number;
  card: ModelReport | null;
  challenger: ModelReport | null;
  versions: ModelVersion[];
  turns: ModelTurn[];
  drift: DriftLook | null;
  scheduled: string;
  spent: Spent[];
  learnt_on: LearnedOn | null;
  notes: string[];
  trouble: string;
}

export interface ModelReport {
  name: string;
  kind: string;
  version: number;
  trained_at: string;
  train_from: string;
  train_until: string;
  test_from: string;
  test_until: string;
  people: number;
  features: string[];
  parameters: Record<string, string | number | boolean | null>;
  measures: Measured[];
  serves: boolean;
  why: string;
  algorithm: string;
  outcomes: number;
  threshold: number | null;
  calibration: string;
  reliability: Reliability[];
  lift: Lift[];
  tried: Tried[];
  validations: Validation[];
  importances: TraitShare[];
  seed: number;
  libraries: Record<string, string>;
  evened: Evened | null;
  scores: boolean;
}

export interface ModelRow {
  name: string;
  target: string;
  serving: number;
  latest: number;
  card: ModelReport | null;
  drifts: boolean;
  scheduled: string;
  trouble: string;
}

export interface ModelTurn {
  version: number;
  challenger: number;
  how: string;
  at: string;
  author: string;
  reason: string;
}

export interface ModelValue {
  model: string;
  version: number;
  value: number;
  at: string;
  reasons: string[];
}

export interface ModelVersion {
  version: number;
  trained_at: string;
  serves: boolean;
  wins: boolean;
  algorithm: string;
  measures: Measured[];
  became: string;
  why: string;
}

export interface NamedPeople {
  people: (string | unknown)[];
  reason: string;
}

export interface NamedReport {
  known: number;
  changed: number;
  unknown: number[];
  applied: boolean;
}

export interface NewHold {
  act: "hold" | "resume";
  stream: string;
  reason: string;
}

export interface NewHook {
  url: string;
  types: ("consent.changed" | "delivery.held" | "delivery.resumed" | "journey.alarm" | "journey.reached" | "person.created" | "person.forgotten" | "person.merged" | "person.updated" | "segment.entered" | "segment.left" | "test" | unknown)[];
  fields: (string | unknown)[];
}

export interface NewKey {
  name: string;
  kind: "public" | "secret";
  scopes: ("read" | "write" | "admin")[];
  origins: (string | unknown)[];
  rate: number | null;
  address_rate: number | null;
}

export interface NewList {
  description?: string;
  offered?: Record<string, string> | null;
}

export interface NewOrder {
  act: "pause" | "resume" | "cancel";
  campaign: string;
  reason: string;
  everything: boolean;
}

export interface NewPerson {
  user_id: string;
  email: string;
  anonymous_id: string;
  traits: Record<string, string | number | boolean | null>;
  consents: Words | null;
}

export interface NewSuppressions {
  addresses: (string | unknown)[];
  reason: "complaint" | "hard_bounce" | "import" | "invalid" | "manual" | "spam_trap" | "unsubscribed";
  purpose: "all" | "email_marketing" | null;
  note: string;
}

export interface NewTemplate {
  text: string;
  reason?: string;
  author?: string;
}

export interface NewTrial {
  to: string;
  person: number;
  variant: string;
}

export interface NewVersion {
  text: string;
  reason?: string;
  author?: string;
}

export interface NoticePage {
  notices: NoticeRow[];
  next: string;
}

export interface NoticeRow {
  id: string;
  type: "consent.changed" | "delivery.held" | "delivery.resumed" | "journey.alarm" | "journey.reached" | "person.created" | "person.forgotten" | "person.merged" | "person.updated" | "segment.entered" | "segment.left" | "test";
  state: "pending" | "delivered" | "given_up";
  attempts: number;
  status: number;
  reply: string;
  created_at: string;
  due_at: string;
}

export interface OlderStep {
  version: number;
  step: string;
  people: number;
  how: string;
  to: string;
}

export interface OrderProfile {
  orders: number;
  without_person: number;
  returns: number;
  worthless: number;
  lines: number;
  unpriced_lines: number;
  median_minor: number;
  low_fence_minor: number;
  high_fence_minor: number;
  outliers: number;
  furthest: Outlier[];
}

export interface OrderReport {
  order: SendingOrder;
  cancelled: number;
}

export interface OutcomeSeen {
  kind: string;
  recipient: string;
  why: string;
  status: string;
  diagnostic: string;
}

export interface Outlier {
  order_id: string;
  value_minor: number;
  at: string;
  position: string;
}

export interface Outlook {
  turns: Turn[];
  others: number;
  at: string | null;
}

export interface OverlapCombination {
  segments: string[];
  people: number;
}

export interface OverlapPair {
  one: string;
  two: string;
  people: number;
  jaccard: number;
}

export interface OverlapSize {
  segment: string;
  people: number;
}

export interface Overview {
  totals: Totals;
  activity: Activity;
  segments: SegmentSize[];
  models: ModelReport[];
  campaign: CampaignResult | null;
}

export interface PaceReport {
  paced: boolean;
  waiting: LaneWaiting[];
  held: StreamHeld[];
  carriers: CarrierResting[];
}

export interface PeoplePage {
  people: PersonRow[];
  total: number;
  next: string;
}

export interface PeopleProfile {
  people: number;
  sampled: number;
  without_address: number;
  invalid_addresses: number;
  disposable_addresses: number;
  invalid_phones: number;
  implausible: Record<string, number>;
  outdated: number;
  outdated_days: number;
}

export interface Period {
  start: string;
  events: number;
  orders: number;
  revenue_minor: number;
}

export interface PersonChange {
  traits: Record<string, string | number | boolean | null>;
}

export interface PersonRate {
  person: number;
  sent: number;
  hits: number;
  rate: number;
  estimate: number;
  own_weight: number;
}

export interface PersonReport {
  person: number;
  label: string;
  email: string;
  created_at: string;
  suppressed: string;
  traits: Trait[];
  consents: ConsentLine[];
  identifiers: Identifier[];
  suggestions: Suggestion[];
  suggestions_from: string;
  scores: Score[];
  segments: string[];
  sessions: SessionRow[];
  merged_into: number | null;
  suppressions: SuppressionRow[];
}

export interface PersonRow {
  person: number;
  label: string;
  email: string;
  tier: string;
  country: string;
  orders: number;
  revenue_minor: number;
  last_order_at: string | null;
}

export interface PersonScore {
  model: string;
  version: number;
  value: number;
  at: string;
  kept: boolean;
  reason: string;
  low: number;
  high: number;
  unit: "share" | "money" | "instant" | "hour";
}

export interface PersonStays {
  segment: string;
  person: number;
  label: string;
  as_of: string;
  stays: StayIn[];
}

export interface Pick {
  item: string;
  name: string;
  reason: string;
  probability: number | null;
}

export interface Point {
  about: "template" | "lint" | "content" | "audience" | "consent" | "limits" | "experiment" | "sender" | "schedule" | "orders";
  state: "good" | "warning" | "fault";
  what: string;
  mend: string;
}

export interface Preferences {
  person: number;
  subscribed: boolean;
  suppressed: string;
  consents: ConsentLine[];
}

export interface Preflight {
  campaign: string;
  version: number;
  as_of: string;
  sound: boolean;
  points: Point[];
  people: number;
  twice: number;
  reached: Reached[];
  looked_at: number;
  next_at: string | null;
}

export interface Preview {
  template: string;
  person: number;
  label: string;
  variant: string;
  subject: string;
  html: string;
  text: string;
  as_of: string | null;
  locale: string;
  direction: string;
  because: string[];
  missing: string[];
  empty: string[];
}

export interface PrivateCount {
  segment: string;
  by: string;
  groups: GroupCount[];
  epsilon: number;
  within: number;
  left: number;
}

export interface PrivateCounting {
  epsilon: number;
  by: string;
  values: string[];
}

export interface PrivateTraining {
  epsilon: number;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  message: string;
  instance?: string;
  where?: string;
  mend?: string;
  line?: number;
  column?: number;
}

export interface ProductBatch {
  products: ProductRecord[];
}

export interface ProductChange {
  name: string;
  category: string;
  price_minor: number;
  currency: string;
  url: string;
  image: string;
  stock: number | null;
  attributes: Record<string, string | number | boolean | null>;
}

export interface ProductPage {
  products: ProductRow[];
  next: string;
}

export interface ProductRecord {
  name: string;
  category: string;
  price_minor: number;
  currency: string;
  url: string;
  image: string;
  stock: number | null;
  attributes: Record<string, string | number | boolean | null>;
  item: string;
}

export interface ProductRow {
  item: string;
  name: string;
  category: string;
  price_minor: number;
  currency: string;
  url: string;
  image: string;
  stock: number | null;
  updated_at: string;
  attributes: Record<string, string>;
}

export interface ProviderLoad {
  domain: string;
  provider: string;
  mails: number;
  hours: number;
}

export interface PullFiles {
  files: Record<string, string>;
  author: string;
  shipped: boolean;
  overwrite: boolean;
  dry_run: boolean;
}

export interface Pulled {
  done: "new" | "changed" | "removed" | "edited" | "conflict" | "kept" | "unwritable";
  kind: "segment" | "template" | "block" | "campaign" | "model" | "mapping" | "tracking_plan" | "imputation" | "source" | "form" | "list" | "groups" | "calibration" | "clusters" | "slot" | "texts" | "edition" | "image" | "journey" | "recommendations";
  name: string;
  path: string;
  version: number;
  author: string;
  reason: string;
}

export interface PulledFiles {
  pulled: Pulled[];
  texts: Record<string, string>;
}

export interface QualityReport {
  at: string;
  since: string | null;
  events: number;
  verdict: string;
  findings: Finding[];
  people: PeopleProfile;
  orders: OrderProfile;
  sources: SourceProfile[];
  traits: FieldProfile[];
  properties: FieldProfile[];
  schema: SchemaChange[];
  breaches: Breach[];
  quarantine: HeldCode[];
  imports: ImportedFile[];
}

export interface QuarantinePage {
  records: RefusedRow[];
  counts: HeldCode[];
  total: number | null;
  next: string;
}

export interface Rate {
  count: number;
  share: number;
  low: number;
  high: number;
}

export interface RatioCheck {
  expected: Record<string, number>;
  observed: Record<string, number>;
  p_value: number;
  holds: boolean;
}

export interface Reach {
  people: number;
  low: number;
  high: number;
  exact: boolean;
}

export interface Reached {
  segment: string;
  people: number;
  excluded: boolean;
}

export interface Reason {
  text: string;
  holds: boolean;
  value: string;
  evidence: Evidence[];
  parts: Reason[];
  threshold: string;
}

export interface Recalculation {
  at: string;
  people: Record<string, number>;
  changed: number;
}

export interface Recommended {
  rank: number;
  item: string;
  name: string;
  category: string;
  price_minor: number;
  currency: string;
  url: string;
  image: string;
  reason: string;
  reason_code: string;
  because: string;
  score: number;
  recommendation_score: number | null;
}

export interface RecommenderReport {
  version: number;
  serves: boolean;
  why: string;
  after: string | null;
  until: string | null;
  people: number;
  sections: ReportSection[];
  scores: ScoreWorth | null;
}

export interface Reconciliation {
  faults: FaultRow[];
  count: number;
  states: Record<string, number>;
}

export interface RefreshCost {
  refreshes: number;
  last_ms: number;
  last_asked: number;
  mean_ms: number;
  whole_ms: number;
}

export interface RefusedAddress {
  line: number;
  why: string;
  mend: string;
}

export interface RefusedRecord {
  record: RefusedRow;
  raw: string;
  mended: string | null;
  mended_by: string[];
  text: string;
  size_bytes: number;
  cut: boolean;
  taken: boolean;
  against: Against | null;
}

export interface RefusedRow {
  position: string;
  source: string;
  received_at: string;
  code: string;
  reason: string;
  mend: string;
  state: "held" | "replayed" | "discarded";
  mended: boolean;
  decided_at: string | null;
  why: string;
  replayed_as: number;
}

export interface Reliability {
  said: number;
  happened: number;
  people: number;
}

export interface RemovedDefinition {
  name: string;
  version: number;
}

export interface ReplayChoice {
  positions: (string | unknown)[];
  code: string;
  source: string;
  reason: string;
}

export interface ReplayReport {
  replayed: number;
  refused: number;
  first_refused: RefusedRow[];
}

export interface ReportFigure {
  name: string;
  value: number;
  low: number;
  high: number;
  beside: BesideRule[];
}

export interface ReportSection {
  by: string;
  value: string;
  people: number;
  figures: ReportFigure[];
}

export interface RfmGrid {
  as_of: string;
  squares: RfmSquare[];
}

export interface RfmSquare {
  recency: number;
  value: number;
  cell: string;
  people: number;
}

export interface RollBack {
  version: number;
  reason: string;
  author: string;
}

export interface RuleReport {
  rule: string;
  matched: number;
  passing: number;
  refused: number;
  kept: boolean;
  first_refused: RefusedRow[];
}

export interface RuleRow {
  number: string;
  text: string;
  block: string;
  priority: number;
  place: string;
}

export interface RuleSet {
  name: string;
  version: number;
  description: string;
  says: string[];
  products: number;
  allowed: number;
  used_by: string[];
  text: string;
  trouble: string;
}

export interface RuleText {
  text: string;
  keep: boolean;
}

export interface RulesTrial {
  name: string;
  version: number;
  products: number;
  allowed: number;
}

export interface ScheduleView {
  campaign: string;
  words: string;
  next_at: string | null;
  zone: string;
  missed: MissedRun[];
  error: string;
  hours: string;
  displaced: Displacer[];
}

export interface SchemaChange {
  event: string;
  property: string;
  change: "new" | "vanished" | "type" | "filling";
  before: number;
  after: number;
}

export interface Score {
  model: string;
  version: number;
  value: number;
  at: string;
  unit: "share" | "money" | "instant" | "hour";
}

export interface ScoreWorth {
  horizon_days: number;
  shown: number;
  rate: number;
  error: number;
  error_of_rate: number;
  log_loss: number;
  log_loss_of_rate: number;
  isotonic: boolean;
}

export interface SegmentCount {
  people: number;
  total: number;
  milliseconds: number;
  sample: PersonRow[];
}

export interface SegmentDraft {
  text?: string;
  tree?: Record<string, unknown> | null;
  as_of?: string | null;
  approximate?: boolean;
}

export interface SegmentDrop {
  segment: string;
  entered: number;
  converted: number;
  dropped: number;
}

export interface SegmentFinding {
  level: "alarm" | "warning" | "note";
  trouble: "broken" | "empty" | "exploding" | "shrinking" | "stale" | "young";
  what: string;
  mend: string;
}

export interface SegmentHealth {
  segment: string;
  version: number;
  people: number;
  refresh: string;
  refreshed_at: string | null;
  recalculated_at: string | null;
  findings: SegmentFinding[];
  usual: UsualSize | null;
  hours: SizePoint[];
  days: SizePoint[];
  acts: MembersActs;
  cost: RefreshCost;
}

export interface SegmentOverlap {
  as_of: string;
  people: number;
  sizes: OverlapSize[];
  pairs: OverlapPair[];
  combinations: OverlapCombination[];
  left_out: number;
  left_out_people: number;
}

export interface SegmentPreview {
  name: string;
  as_of: string;
  people: number;
  low: number;
  high: number;
  exact: boolean;
  total: number;
  milliseconds: number;
  reachable: Reach | null;
  leaves: LeafFigures[];
  stands: number | null;
  entered: number | null;
  left: number | null;
  sample: PersonRow[];
  entering: PersonRow[];
  leaving: PersonRow[];
}

export interface SegmentRates {
  segment: string;
  of: string;
  people: number;
  sent: number;
  hits: number;
  mean: number;
  counts_as: number | null;
  estimated: string;
  rates: PersonRate[];
}

export interface SegmentReport {
  size: SegmentSize;
  text: string;
  trend: TrendPoint[];
  sample: PersonRow[];
}

export interface SegmentSize {
  name: string;
  description: string;
  version: number;
  people: number | null;
  share: number | null;
  refreshed_at: string | null;
  trend: number[];
  trouble: string;
}

export interface SegmentWords {
  forms: ConditionForm[];
  comparisons: string[];
  events: string[];
  properties: KnownName[];
  traits: KnownName[];
  segments: string[];
  lists: string[];
  models: string[];
}

export interface SendInDoubt {
  send_id: string;
  campaign: string;
  person: number;
  since: string;
  carrier: string;
  reply: string;
}

export interface SendOutlook {
  campaign: string;
  audience: number;
  judged: number;
  send: number;
  holdout: number;
  refused: Record<string, number>;
  missing: Record<string, number>;
  loads: ProviderLoad[];
  this_week: number | null;
  trouble: string;
}

export interface SendingOrder {
  act: "pause" | "resume" | "cancel";
  at: string;
  campaign: string;
  author: string;
  reason: string;
}

export interface SendingStatus {
  campaigns: CampaignSends[];
  stands: "pause" | "resume" | "cancel" | null;
  workers: string[];
  orders: SendingOrder[];
}

export interface SendsInDoubt {
  sends: SendInDoubt[];
  next: string;
}

export interface SessionRow {
  at: string;
  seconds: number;
  events: number;
  pages: number;
  ended: boolean;
  context: EventContext;
}

export interface SimulatedConflict {
  step: string;
  limit: string;
  taken_by: string;
  mails: number;
}

export interface SimulatedDay {
  day: string;
  entered: number;
  mails: Record<string, number>;
  providers: Record<string, number>;
}

export interface SimulatedMail {
  step: string;
  sent: number;
  variants: Record<string, number>;
  refused: Record<string, number>;
}

export interface SimulatedMove {
  at: string;
  step: string;
  outcome: string;
  reason: string;
}

export interface SimulatedPerson {
  person: number;
  entered_at: string;
  ended: string;
  moves: SimulatedMove[];
}

export interface SimulatedWay {
  step: string;
  outcome: string;
  to: string;
  reason: string;
  people: number;
}

export interface SimulationAsked {
  from: string | null;
  until: string | null;
  every: string;
  text: string;
}

export interface SizePoint {
  start: string;
  people: number;
  entered: number;
  left: number;
}

export interface SlotRow {
  name: string;
  version: number;
  description: string;
  blocks: string[];
  rules: RuleRow[];
  trouble: string;
}

export interface SourceProfile {
  source: string;
  events: number;
  first_at: string;
  last_at: string;
  late: number;
  median_lateness_seconds: number;
  duplicates: number;
  days: DayCount[];
  volume: Volume | null;
}

export interface SourceReport {
  source: SourceRow;
  version: number;
  text: string;
}

export interface SourceRow {
  name: string;
  kind: string;
  schedule: string;
  paused: boolean;
  running: "" | "waiting" | "running" | "cut off";
  cursor: string;
  due_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  succeeded_at: string | null;
  failures: number;
  error: string;
  files: number;
  lines: number;
  refused: number;
  events: number;
  messages: number;
  message_at: string | null;
  notes: string[];
}

export interface SourceRun {
  again: boolean;
}

export interface SourceText {
  text: string;
  read: boolean;
}

export interface SourceTrial {
  name: string;
  kind: string;
  schedule: string;
  read: boolean;
  whole: boolean;
  files: number;
  lines: number;
  refused: Record<string, number>;
  problems: string[];
}

export interface Spent {
  what: string;
  epsilon: number;
  at: string;
}

export interface Stage {
  at: string;
  what: string;
  text: string;
  machine: boolean;
}

export interface Status {
  version: string;
  shop: string;
  currency: string;
  now: string;
  demo: boolean;
  notice: string;
  log_offset: number;
  facts_offset: number;
}

export interface StayIn {
  since: string;
  until: string | null;
}

export interface StepWatch {
  step: string;
  kind: string;
  words: string;
  depth: number;
  came: number;
  share: number | null;
  waiting: number;
  left: number;
  dropped: number;
  errors: number;
  stuck: number;
  due_at: string | null;
  ways: LeftStep[];
}

export interface Stock {
  stock: number;
}

export interface StreamHeld {
  stream: string;
  reason: string;
  since: string;
}

export interface StuckPerson {
  person: number;
  version: number;
  step: string;
  since: string;
  due_at: string;
}

export interface SubjectAdvice {
  candidates: SubjectCandidate[];
  called: string;
  why: "called" | "close" | "unproven" | "unfamiliar" | "same" | "alone" | "empty";
  sentence: string;
  test: SubjectTest | null;
}

export interface SubjectCandidate {
  subject: string;
  chance: number;
  familiar: number;
  reasons: SubjectReason[];
}

export interface SubjectModel {
  version: number;
  trained_at: string | null;
  tests: number;
  pairs: number;
  proven: boolean;
  why: string;
  learnt_from: string;
  accuracy: number | null;
  low: number | null;
  high: number | null;
  ceiling: number | null;
}

export interface SubjectReason {
  what: string;
  speaks: "for" | "against";
  weight: number;
  kind: "mark" | "words";
}

export interface SubjectTest {
  people_each: number;
  people: number;
  metric: "open" | "click";
  rate: number;
  detects: number;
  own_rate: boolean;
  sentence: string;
}

export interface SubjectsAsked {
  subjects: string[];
}

export interface Suggestion {
  item: string;
  name: string;
  reason: string;
  score: number;
  price_minor: number | null;
  image: string;
}

export interface SuppressionCheck {
  standing: SuppressionRow[];
  said: SuppressionRow[];
}

export interface SuppressionCount {
  purpose: string;
  reason: string;
  addresses: number;
}

export interface SuppressionFile {
  text: string;
  file: string;
  reason: "complaint" | "hard_bounce" | "import" | "invalid" | "manual" | "spam_trap" | "unsubscribed" | null;
  purpose: "all" | "email_marketing" | null;
}

export interface SuppressionPage {
  counts: SuppressionCount[];
  suppressions: SuppressionRow[];
  next: string;
}

export interface SuppressionReport {
  changed: number;
  already: number;
  refused: RefusedAddress[];
}

export interface SuppressionRow {
  address: string;
  address_key: string;
  reason: "complaint" | "hard_bounce" | "import" | "invalid" | "manual" | "spam_trap" | "unsubscribed";
  purpose: "all" | "email_marketing";
  at: string;
  barred: boolean;
  source: string;
  author: string;
  note: string;
}

export interface TakeBack {
  author: string;
  reason: string;
  to: number | null;
  overwrite: boolean;
  end: boolean;
}

export interface TemplateDraft {
  name: string;
  text: string;
  person: number;
  variant?: string;
  as_of?: string | null;
}

export interface TemplateFinding {
  code: string;
  severity: "error" | "warning";
  block: string;
  line: number;
  what: string;
  mend: string;
}

export interface TemplateParts {
  syntax: "liquid" | "handlebars";
  blocks: string[];
  slots: string[];
  variables: string[];
  locales: string[];
}

export interface TemplateReport {
  name: string;
  version: number;
  text: string;
  campaigns: string[];
  variants: string[];
  parts: TemplateParts | null;
  trouble: string;
}

export interface TemplateRow {
  name: string;
  version: number;
  variants: string[];
}

export interface TemplateText {
  name: string;
  text: string;
}

export interface TemplateTrial {
  name: string;
  version: number;
  parts: TemplateParts;
}

export interface TestedSubject {
  test: string;
  subject: string;
  people: number;
  wins: number;
}

export interface TextsRow {
  locale: string;
  version: number;
  texts: Record<string, string>;
  lacking: string[];
  trouble: string;
}

export interface Threshold {
  part: string;
  trait: string;
  values: number[];
  people: number[];
}

export interface Timeline {
  entries: TimelineEntry[];
  total: number;
  next: string;
}

export interface TimelineEntry {
  position: string;
  event: string;
  at: string;
  received_at: string;
  source: string;
  order_id: string;
  value_minor: number;
  currency: string;
  campaign: string;
  variant: string;
  send_id: string;
  machine: boolean;
  lines: TimelineLine[];
  more_lines: number;
  context: EventContext;
  dwell_seconds: number;
}

export interface TimelineLine {
  item: string;
  name: string;
  quantity: number;
  value_minor: number;
}

export interface Totals {
  people: number;
  events: number;
  products: number;
  orders: number;
  returns: number;
  revenue_minor: number;
  sends: number;
  human_opens: number;
  machine_opens: number;
  human_clicks: number;
  machine_clicks: number;
  unsubscribes: number;
  bounces: number;
  purchases: number;
}

export interface Training {
  name: string;
  state: "" | "running" | "done" | "failed";
  how: "" | "anew" | "privately" | "on";
  asked_at: string | null;
  ended_at: string | null;
  why: string;
}

export interface Trait {
  name: string;
  value: string | number | boolean | null;
  origin: "declared" | "derived" | "score";
  unit: "" | "money" | "instant" | "share";
  note: string;
}

export interface TraitShare {
  feature: string;
  share: number;
  words: string;
}

export interface TrendPoint {
  start: string;
  people: number;
  entered: number;
  left: number;
}

export interface Trial {
  campaign: string;
  to: string;
  subject: string;
  carrier: string;
  state: string;
  reply: string;
}

export interface Tried {
  algorithm: string;
  figure: number | null;
  settings: string;
  why: string;
  chosen: boolean;
}

export interface TriedHook {
  status: number;
  text: string;
}

export interface Turn {
  text: string;
  how: string;
  at: string | null;
}

export interface UpliftOrder {
  name: string;
  title: string;
  qini: number;
  low: number;
  high: number;
  above: number | null;
  above_low: number | null;
  above_high: number | null;
}

export interface UpliftPoint {
  share: number;
  gain: number;
  random: number;
}

export interface UpliftPolicy {
  name: string;
  value: number;
  low: number;
  high: number;
}

export interface UsualSize {
  expected: number;
  low: number;
  high: number;
  days: number;
}

export interface Validation {
  kind: "time" | "window before" | "stratified folds" | "folds of people";
  figure: number;
  bias: number;
}

export interface Verdict {
  reason: string;
  author: string;
}

export interface VerdictCount {
  verdict: string;
  reason: string;
  variant: string;
  people: number;
}

export interface VersionOf {
  version: number;
  at: string;
  author: string;
  reason: string;
  diff: string;
  removed: boolean;
}

export interface Volume {
  day: string;
  events: number;
  expected: number;
  history_days: number;
  chance: number;
  false_alarms: number;
  alarm: boolean;
}

export interface WatchAlarm {
  code: string;
  step: string;
  text: string;
}

export interface Why {
  person: number;
  label: string;
  campaign: string;
  campaign_version: number;
  answer: "sent" | "came_back" | "waiting" | "paused" | "deferred" | "being_sent" | "unknown" | "failed" | "cancelled" | "refused" | "held_out" | "shadow" | "not_in_audience" | "excluded" | "not_known_then" | "told_later" | "not_decided" | "not_entered" | "in_journey" | "left_journey";
  reason: string;
  sentence: string;
  as_of: string;
  decision: string;
  occurrence: string;
  decided_at: string | null;
  next_chance: string | null;
  would_help: string[];
  audience: Explanation | null;
  excluded: Excluded[];
  leave: Leave | null;
  limits: Limit[];
  displaced_by: string;
  draw: Draw | null;
  made_of: MadeOf | null;
  stages: Stage[];
  notes: string[];
  others: Brief[];
}

export interface Whys {
  person: number;
  label: string;
  as_of: string;
  campaigns: Brief[];
}

export interface Word {
  granted: boolean;
  wording_version: string;
  evidence: string;
}

export interface Words {
  email_marketing: Word | null;
  personalisation: Word | null;
  tracking: Word | null;
  training: Word | null;
}

export interface Written {
  offset: number;
  applied: boolean;
  person: number | null;
}
