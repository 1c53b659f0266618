import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { ask, type Doing, path, send, useDoing } from "../api/reading";
import type { HookRow, KeyRow, MadeHook, MadeKey, NoticePage, NoticeRow } from "../api/types";
import { Told } from "../parts/doing";
import { Card, Chip, Empty, Page, TroubleNote } from "../parts/page";
import { Table } from "../parts/table";
import { date, instant } from "../words";

interface Registry {
  keys: KeyRow[];
  hooks: HookRow[];
}

interface Desk extends Registry {
  headers: Record<string, string>;
  doing: Doing;
  again: () => Promise<void>;
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

async function registry(headers: Record<string, string>): Promise<Registry> {
  const [keys, hooks] = await Promise.all([
    ask<KeyRow[]>("/keys", { headers }),
    ask<HookRow[]>("/hooks", { headers }),
  ]);
  return { keys, hooks };
}

export default function Keys() {
  const [headers, setHeaders] = useState<Record<string, string>>({});
  const [found, setFound] = useState<Registry | null>(null);
  const doing = useDoing();
  const open = async (with_: Record<string, string>) => {
    setFound(await registry(with_));
    setHeaders(with_);
  };
  return (
    <Page title="Keys" lead="Who may send events, who may use the API, and who is told of changes.">
      {found ? (
        <div className="stack">
          <KeysCard desk={{ ...found, headers, doing, again: () => open(headers) }} />
          <HooksCard desk={{ ...found, headers, doing, again: () => open(headers) }} />
        </div>
      ) : (
        <Ask open={open} />
      )}
    </Page>
  );
}

/** Keys open everything, so even this machine's console shows one; it stays in this page's memory. */
function Ask({ open }: { open: (headers: Record<string, string>) => Promise<void> }) {
  const [typed, setTyped] = useState("");
  const doing = useDoing();
  const denied = doing.trouble && [401, 403].includes(doing.trouble.status);
  return (
    <Card
      title="Show an admin's key"
      note="Keys and webhooks are for those who hold a secret key with the scope admin. It is kept in this page alone, and forgotten when you leave it."
    >
      <form
        className="search"
        onSubmit={(event) => {
          event.preventDefault();
          doing.run(async () => {
            await open(bearer(typed.trim()));
            return "";
          });
        }}
      >
        <TextInput
          label="Secret key"
          type="password"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          maxLength={200}
        />
        <Button type="submit" disabled={doing.busy || !typed.trim()}>
          Open
        </Button>
      </form>
      <div aria-live="polite">{doing.trouble && <TroubleNote problem={doing.trouble} />}</div>
      {(denied || !doing.trouble) && (
        <>
          <p className="note">If there is none yet, make one where Tailorbird runs:</p>
          <pre className="code wrap">tailorbird keys create console --kind secret --scope admin</pre>
        </>
      )}
    </Card>
  );
}

function Secret({ text, what, forget }: { text: string; what: string; forget: () => void }) {
  return (
    <div role="status">
      <p className="said good">{what}. Copy its secret now: it is not shown again.</p>
      <code className="secret">{text}</code>
      <div className="actions">
        <Button variant="default" size="xs" onClick={forget}>
          I have it
        </Button>
      </div>
    </div>
  );
}

function KeysCard({ desk }: { desk: Desk }) {
  const [made, setMade] = useState<MadeKey | null>(null);
  const { doing, headers, again } = desk;
  const change = (said: string, act: () => Promise<MadeKey | null>) =>
    doing.run(async () => {
      setMade(await act());
      await again();
      return said;
    });
  return (
    <Card
      title="Keys"
      note="Public keys stand in pages and apps and only send events; secret ones are for servers."
    >
      {desk.keys.length === 0 ? (
        <Empty>No key yet.</Empty>
      ) : (
        <Table
          caption="Every key, ended ones too"
          rows={desk.keys}
          id={(k, index) => `${k.name} ${index}`}
          columns={[
            {
              name: "Key",
              head: true,
              cell: (k) => (
                <>
                  {k.name} <small className="dim block">{k.shown}</small>
                </>
              ),
            },
            { name: "Kind", cell: (k) => k.kind },
            { name: "May", wide: true, cell: (k) => k.scopes.join(", ") || k.origins.join(", ") || "send events" },
            { name: "Made", wide: true, cell: (k) => date(k.created_at) },
            {
              name: "State",
              cell: (k) => <Chip tone={k.opens ? "moss" : "grey"}>{k.opens ? "opens" : "ended"}</Chip>,
            },
            {
              name: "Change",
              right: true,
              cell: (k) =>
                k.opens &&
                !k.ends_at && (
                  <span className="buttons">
                    <Button
                      variant="default"
                      size="compact-xs"
                      disabled={doing.busy}
                      aria-label={`Renew ${k.name}`}
                      onClick={() =>
                        change("The old key opens for a day yet.", () =>
                          send<MadeKey>("POST", `/keys${path(k.name)}/rotate`, {}, headers),
                        )
                      }
                    >
                      Renew
                    </Button>
                    <Sure
                      word="Revoke"
                      what={k.name}
                      disabled={doing.busy}
                      act={() =>
                        change(`${k.name} is revoked.`, async () => {
                          await send("DELETE", `/keys${path(k.name)}`, {}, headers);
                          return null;
                        })
                      }
                    />
                  </span>
                ),
            },
          ]}
        />
      )}
      {made && <Secret text={made.key} what={`The key ${made.about.name} is made`} forget={() => setMade(null)} />}
      <NewKey busy={doing.busy} make={(content) => change("", () => send<MadeKey>("POST", "/keys", content, headers))} />
      <Told doing={doing} />
    </Card>
  );
}

/** What cannot be undone is pressed twice. */
function Sure({ word, what, act, disabled }: { word: string; what: string; act: () => void; disabled: boolean }) {
  const [asked, setAsked] = useState(false);
  return (
    <Button
      variant="default"
      size="compact-xs"
      disabled={disabled}
      aria-label={asked ? `${word} ${what}: are you sure?` : `${word} ${what}`}
      onBlur={() => setAsked(false)}
      onClick={() => (asked ? act() : setAsked(true))}
    >
      {asked ? "Sure?" : word}
    </Button>
  );
}

function NewKey({ make, busy }: { make: (content: unknown) => void; busy: boolean }) {
  const [name, setName] = useState("");
  const [kind, setKind] = useState("public");
  const [scope, setScope] = useState("read");
  return (
    <form
      className="actions"
      onSubmit={(event) => {
        event.preventDefault();
        make({ name, kind, ...(kind === "secret" && { scopes: scope.split(" ") }) });
        setName("");
      }}
    >
      <TextInput
        className="grow"
        label="New key's name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        pattern="[a-z0-9]([a-z0-9\-]{0,38}[a-z0-9])?"
        title="Lower case, digits and -"
        maxLength={40}
        autoComplete="off"
      />
      <NativeSelect
        label="Kind"
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value)}
        data={["public", "secret"]}
      />
      {kind === "secret" && (
        <NativeSelect
          label="It may"
          value={scope}
          onChange={(event) => setScope(event.currentTarget.value)}
          data={[
            { value: "read", label: "read" },
            { value: "read write", label: "read and write" },
            { value: "read write admin", label: "everything" },
          ]}
        />
      )}
      <Button type="submit" disabled={busy || !name}>
        Make it
      </Button>
    </form>
  );
}

function HooksCard({ desk }: { desk: Desk }) {
  const [made, setMade] = useState<MadeHook | null>(null);
  const [url, setUrl] = useState("");
  const [shown, show] = useState<{ hook: HookRow; page: NoticePage } | null>(null);
  const doing = useDoing();
  const { headers, again } = desk;
  const look = (hook: HookRow) =>
    doing.run(async () => {
      const page = await ask<NoticePage>(`/hooks${path(hook.id)}/deliveries?limit=10`, { headers });
      show({ hook, page });
      return "";
    });
  const act = (said: string, change: () => Promise<unknown>) =>
    doing.run(async () => {
      await change();
      await again();
      return said;
    });
  return (
    <Card title="Webhooks" note="Who is told when people, consents and segments change.">
      {desk.hooks.length === 0 ? (
        <Empty>Nobody is told yet.</Empty>
      ) : (
        <Table
          caption="Receivers of webhooks"
          rows={desk.hooks}
          id={(h) => h.id}
          columns={[
            {
              name: "Receiver",
              head: true,
              cell: (h) => (
                <>
                  {h.url} {h.disabled && <small className="block">{h.disabled}</small>}
                </>
              ),
            },
            { name: "Told of", wide: true, cell: (h) => h.types.join(", ") || "everything" },
            {
              name: "State",
              cell: (h) =>
                h.disabled ? (
                  <Chip tone="red">disabled</Chip>
                ) : h.failing_since ? (
                  <Chip tone="amber">failing</Chip>
                ) : (
                  <Chip tone="moss">well</Chip>
                ),
            },
            {
              name: "Change",
              right: true,
              cell: (h) => (
                <span className="buttons">
                  <Button
                    variant="default"
                    size="compact-xs"
                    disabled={doing.busy}
                    aria-label={`Deliveries to ${h.url}`}
                    onClick={() => look(h)}
                  >
                    Deliveries
                  </Button>
                  {h.disabled && (
                    <Button
                      variant="default"
                      size="compact-xs"
                      disabled={doing.busy}
                      aria-label={`Enable ${h.url}`}
                      onClick={() => act("Enabled.", () => send("POST", `/hooks${path(h.id)}/enable`, {}, headers))}
                    >
                      Enable
                    </Button>
                  )}
                  <Sure
                    word="Remove"
                    what={h.url}
                    disabled={doing.busy}
                    act={() => {
                      show(null);
                      act("Removed.", () => send("DELETE", `/hooks${path(h.id)}`, {}, headers));
                    }}
                  />
                </span>
              ),
            },
          ]}
        />
      )}
      {shown && <Deliveries url={shown.hook.url} notices={shown.page.notices} />}
      {made && <Secret text={made.secret} what={`${made.about.url} is told from now on`} forget={() => setMade(null)} />}
      <form
        className="actions"
        onSubmit={(event) => {
          event.preventDefault();
          act("", async () => setMade(await send<MadeHook>("POST", "/hooks", { url }, headers)));
          setUrl("");
        }}
      >
        <TextInput
          className="grow"
          label="New receiver's address"
          type="url"
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          placeholder="https://"
          maxLength={2000}
          autoComplete="off"
        />
        <Button type="submit" disabled={doing.busy || !url}>
          Add it
        </Button>
      </form>
      <Told doing={doing} />
    </Card>
  );
}

function Deliveries({ url, notices }: { url: string; notices: NoticeRow[] }) {
  if (notices.length === 0) return <Empty>{url} was told nothing yet.</Empty>;
  return (
    <Table
      caption={`The last deliveries to ${url}`}
      captionSeen
      rows={notices}
      id={(n) => n.id}
      columns={[
        { name: "Notice", head: true, cell: (n) => n.type },
        {
          name: "State",
          cell: (n) => (
            <Chip tone={n.state === "delivered" ? "moss" : n.state === "pending" ? "sky" : "red"}>
              {n.state.replace("_", " ")}
            </Chip>
          ),
        },
        { name: "Attempts", right: true, cell: (n) => n.attempts },
        { name: "Answer", wide: true, cell: (n) => (n.status ? `${n.status} ${n.reply}` : n.reply) },
        { name: "Made", wide: true, cell: (n) => instant(n.created_at) },
      ]}
    />
  );
}
