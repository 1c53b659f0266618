import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { useLocation } from "wouter";
import { path } from "../api/reading";

const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** Asks for the name of something new, and leads to its page below `place`. */
export function Starting({ place, verb, taken }: { place: string; verb: string; taken: string[] }) {
  const [name, setName] = useState("");
  const [, go] = useLocation();
  const wrong = taken.includes(name) ? "There is one of this name" : "";
  return (
    <form
      className="search"
      onSubmit={(event) => {
        event.preventDefault();
        go(`${place}${path(name)}`);
      }}
    >
      <TextInput
        label="Name"
        description="a to z, 0 to 9, - and _"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={wrong}
        maxLength={63}
        autoComplete="off"
      />
      <Button type="submit" disabled={!NAME.test(name) || wrong !== ""}>
        {verb}
      </Button>
    </form>
  );
}
