// Renders with handlebars.js what it is given, one JSON document a line, and answers a line each.
// In: [{template, data: [...], partials}, ...]. Out: for each a list of {text} or {error}.

import { createInterface } from "node:readline";
import Handlebars from "handlebars";

Handlebars.logger.level = "none";
Handlebars.log = () => undefined;

const answer = ({ template, data, partials }) => {
  const engine = Handlebars.create();
  engine.log = () => undefined;
  engine.registerPartial(partials);
  const render = engine.compile(template);
  return data.map((values) => {
    try {
      return { text: render(values) };
    } catch (error) {
      return { error: String(error.message ?? error).slice(0, 300) };
    }
  });
};

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const cases = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(cases.map(answer))}\n`);
});
