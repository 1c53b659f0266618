import { path, useReading } from "../api/reading";
import type { FormAnswer, FormReport, FormResults } from "../api/types";
import { ShareBar } from "../parts/charts";
import { Copied } from "../parts/doing";
import { Card, Empty, Fact, Facts, Page, Shown } from "../parts/page";
import { Table } from "../parts/table";
import { count, figure, many, share } from "../words";
import { FormText } from "./Forms";

export default function Form({ name }: { name: string }) {
  const reading = useReading<FormReport>(`/forms${path(name)}`);
  return (
    <Page title={name} lead={reading.value?.form.title} back={{ to: "/forms", word: "Forms" }}>
      <Shown reading={reading} height={900}>
        {(report) => (
          <div className="stack">
            <Results results={report.results} />
            <Places report={report} />
            <Card title="Definition" aside={`version ${report.form.version}`}>
              <FormText start={report.text} onKept={reading.again} />
            </Card>
          </div>
        )}
      </Shown>
    </Page>
  );
}

function Results({ results }: { results: FormResults }) {
  const { score } = results;
  const asked = [...new Set(results.answers.map((a) => a.field))];
  return (
    <Card title="What came of it" note="All versions together; of several answers of one person the last counts.">
      <Facts>
        <Fact word="Submissions">{count(results.submissions)}</Fact>
        <Fact word="People">{count(results.people)}</Fact>
        {results.confirmed + results.waiting + results.expired > 0 && (
          <>
            <Fact word="Confirmed">{count(results.confirmed)}</Fact>
            <Fact word="Waiting for confirmation">{count(results.waiting)}</Fact>
            <Fact word="Never confirmed">{count(results.expired)}</Fact>
          </>
        )}
        {score && (
          <Fact
            word="Net promoter score"
            note={`of ${count(score.people)}: ${many(score.promoters, "promoter")}, ${many(score.passives, "passive")}, ${many(score.detractors, "detractor")}`}
          >
            {signed(score.score)} (95 %: {signed(score.low)} to {signed(score.high)})
          </Fact>
        )}
      </Facts>
      {results.submissions === 0 && <Empty>Nobody has answered yet.</Empty>}
      {results.submissions > 0 &&
        asked.map((field) => (
          <Answers key={field} answers={results.answers.filter((a) => a.field === field)} />
        ))}
    </Card>
  );
}

const signed = (x: number): string => (x > 0 ? `+${figure(x, 1)}` : figure(x, 1));

function Answers({ answers }: { answers: FormAnswer[] }) {
  const people = answers.reduce((sum, a) => sum + a.people, 0);
  return (
    <Table
      caption={answers[0]?.question ?? ""}
      captionSeen
      rows={answers}
      id={(a) => a.answer}
      columns={[
        { name: "Answer", head: true, cell: (a) => a.label },
        { name: "People", right: true, cell: (a) => count(a.people) },
        {
          name: "Share of answers",
          cell: (a) => (
            <span className="share-cell">
              <ShareBar share={people ? a.people / people : 0} /> {share(people ? a.people / people : 0)}
            </span>
          ),
        },
      ]}
    />
  );
}

function Places({ report }: { report: FormReport }) {
  return (
    <Card title="Where it can be">
      <h3>Hosted here</h3>
      <p>
        <a href={report.form.url} target="_blank" rel="noreferrer">
          {report.form.url}
        </a>
      </p>
      <h3 className="copied-head">In any page, without a script</h3>
      <Copied text={report.snippet} what="the form's HTML" />
      <h3 className="copied-head">In a frame</h3>
      <Copied text={report.frame} what="the frame's HTML" />
    </Card>
  );
}
