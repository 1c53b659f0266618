// A mail in a frame that can do nothing: no script, no form, no other host, no name of ours.

import { SegmentedControl } from "@mantine/core";
import { useState } from "react";

interface MailFrameProps {
  where: string;
  title: string;
  note: string;
}

export function MailFrame({ where, title, note }: MailFrameProps) {
  const [width, setWidth] = useState("desktop");
  return (
    <div className="mail-frame">
      <div className="mail-tools">
        <p className="note">{note}</p>
        <SegmentedControl
          size="xs"
          aria-label="Width of the mail"
          value={width}
          onChange={setWidth}
          data={[
            { value: "desktop", label: "Desktop" },
            { value: "phone", label: "Phone" },
          ]}
        />
      </div>
      <div className={`mail-canvas ${width}`}>
        <iframe
          src={`/api/v1${where}`}
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
