// A training that was asked for: begun, looked at until it is over, and what came of it.

import { ask, send, Trouble } from "./reading";
import type { Training } from "./types";

const LOOK_MS = 1000;

/** Has what is learnt at `where` trained anew, and gives it once the training is over. */
export async function trained<Found>(where: string): Promise<Found> {
  let training = await send<Training>("POST", `${where}/train`);
  while (training.state === "running") {
    await new Promise((go) => setTimeout(go, LOOK_MS));
    training = await ask<Training>(`${where}/training`);
  }
  if (training.state !== "done") {
    const why = training.why || "the server was started anew meanwhile; try it again";
    throw new Trouble({ type: "about:blank", title: "Not trained", status: 422, detail: why, code: "model", message: why });
  }
  return ask<Found>(where);
}
