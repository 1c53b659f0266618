import { Button, NativeSelect, Tabs, TextInput } from "@mantine/core";
import { useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { path, query, useReading } from "../api/reading";
import type { Preview, TemplateRow } from "../api/types";
import { MailFrame } from "../parts/mail";
import { Card, Empty, Page, Shown } from "../parts/page";

interface Asked {
  template: string;
  person: string;
  variant: string;
}

export default function Templates({ name }: { name: string }) {
  const reading = useReading<TemplateRow[]>("/templates");
  return (
    <Page title="Templates" lead="Any template as any person would get it now. Nothing is recorded.">
      <Shown reading={reading} height={700}>
        {(templates) =>
          templates.length === 0 ? (
            <Empty>No templates yet. Put one into the folder templates.</Empty>
          ) : (
            <Chooser templates={templates} name={name} />
          )
        }
      </Shown>
    </Page>
  );
}

function Chooser({ templates, name }: { templates: TemplateRow[]; name: string }) {
  const [, go] = useLocation();
  const [search] = useSearchParams();
  const chosen = templates.find((row) => row.name === name) ?? templates[0];
  const variants = chosen?.variants ?? [];
  const [person, setPerson] = useState(search.get("person") ?? "1");
  const [variant, setVariant] = useState(search.get("variant") ?? variants[0] ?? "");
  const [asked, setAsked] = useState<Asked>({ template: chosen?.name ?? "", person, variant });
  const show = (change: Partial<Asked>) => setAsked({ ...asked, person, variant, ...change });
  return (
    <div className="stack">
      <Card title="As whom">
        <form
          className="search"
          onSubmit={(event) => {
            event.preventDefault();
            show({});
          }}
        >
          <NativeSelect
            label="Template"
            value={asked.template}
            onChange={(event) => go(`/templates${path(event.currentTarget.value)}`)}
            data={templates.map((row) => ({ value: row.name, label: `${row.name}, version ${row.version}` }))}
          />
          {variants.length > 0 && (
            <NativeSelect
              label="Variant"
              value={variant}
              onChange={(event) => {
                setVariant(event.currentTarget.value);
                show({ variant: event.currentTarget.value });
              }}
              data={variants}
            />
          )}
          <TextInput
            label="Person's number"
            value={person}
            onChange={(event) => setPerson(event.currentTarget.value)}
            inputMode="numeric"
            pattern="[0-9]+"
            autoComplete="off"
          />
          <Button type="submit">Show</Button>
        </form>
      </Card>
      {asked.person && <Previewed key={JSON.stringify(asked)} asked={asked} />}
    </div>
  );
}

function Previewed({ asked }: { asked: Asked }) {
  const parameters = query({ person: asked.person, variant: asked.variant });
  const where = `/templates${path(asked.template)}/preview`;
  const reading = useReading<Preview>(where + parameters);
  return (
    <Shown reading={reading} height={800}>
      {(preview) => (
        <Card title={preview.subject || "No subject"} note={`To ${preview.label}, ${preview.variant || "no variant"}`}>
          <Tabs defaultValue="message" keepMounted={false}>
            <Tabs.List aria-label="Parts of the preview">
              <Tabs.Tab value="message">Message</Tabs.Tab>
              <Tabs.Tab value="text">Text</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="message">
              <MailFrame
                where={`${where}/html${parameters}`}
                title={`Preview: ${preview.subject}`}
                note="Pictures are not loaded here."
              />
            </Tabs.Panel>
            <Tabs.Panel value="text">
              <pre className="code wrap" tabIndex={0} aria-label="Text part">
                {preview.text}
              </pre>
            </Tabs.Panel>
          </Tabs>
        </Card>
      )}
    </Shown>
  );
}
