// Begins the page: where the run is, where the reader is, and then everything follows from the two.

import "./page.css";
import { render } from "preact";
import { App, showHelp } from "./app.tsx";
import { listen } from "./keys.ts";
import { follow } from "./place.ts";
import { openSource, readTold } from "./source/open.ts";
import { load } from "./state.ts";

const told = readTold();
follow(told.kind === "frame" ? (told.place ?? "#/") : undefined);
listen(showHelp);
const root = document.getElementById("gd-page");
if (root) {
  root.replaceChildren();
  render(<App />, root);
}
void load(openSource(told));
