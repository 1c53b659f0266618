// A mail in a frame that can do nothing: no script, no form, no other host, no name of ours.

import { SegmentedControl } from "@mantine/core";
import { useState } from "react";

interface MailFrameProps {
  where: string;
  title: string;
  note: string;
}

const WIDTHS = [
  { value: "desktop", label: "Desktop" },
  { value: "phone", label: "Phone" },
];
const SCHEMES = [
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

export function MailFrame({ where, title, note }: MailFrameProps) {
  const [width, setWidth] = useState("desktop");
  const [scheme, setScheme] = useState("light");
  const asked = `${where}${where.includes("?") ? "&" : "?"}scheme=${scheme}`;
  return (
    <div className="mail-frame">
      <div className="mail-tools">
        <p className="note">{note}</p>
        <div className="mail-choices">
          <SegmentedControl size="xs" aria-label="Width of the mail" value={width} onChange={setWidth} data={WIDTHS} />
          <SegmentedControl size="xs" aria-label="Colours of its reader" value={scheme} onChange={setScheme} data={SCHEMES} />
        </div>
      </div>
      <div className={`mail-canvas ${width}`}>
        <iframe
          key={asked}
          src={`/api/v1${asked}`}
          title={title}
          sandbox="allow-popups allow-popups-to-escape-sandbox"
          referrerPolicy="no-referrer"
          loading="eager"
        />
      </div>
    </div>
  );
}

/** Only links that a browser should follow become links. */
export function SafeLink({ url }: { url: string }) {
  return /^https?:\/\//i.test(url) ? (
    <a href={url} target="_blank" rel="noopener noreferrer">
      {url}
    </a>
  ) : (
    <code>{url}</code>
  );
}
