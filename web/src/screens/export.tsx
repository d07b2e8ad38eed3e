// What can be kept of what is shown: each chart, each table, and the page itself.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { cellsOf, counted, csv, drawn, fileName, numbersOf, png, save, svg } from "../glyphs/export.ts";
import { place } from "../place.ts";
import { run, sources, wholePage } from "../state.ts";
import { strings } from "../strings.ts";

const open = signal(false);
const trouble = signal("");
export const showExport = (): void => {
  trouble.value = "";
  open.value = true;
};

interface Item {
  title: string;
  ways: [string, () => void | Promise<void>][];
}

export function Export() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open.value) dialog.current?.showModal();
  }, [open.value]);
  if (!open.value) return null;
  const items = [...ofThePage(), ...ofTheScreen()];
  const act = (way: () => void | Promise<void>) => {
    trouble.value = "";
    Promise.resolve().then(way).catch(() => { trouble.value = strings.notSaved; });
  };
  return (
    <dialog ref={dialog} aria-labelledby="gd-export" onClose={() => { open.value = false; }}>
      <h2 id="gd-export">{strings.exportTitle}</h2>
      {!items.length && <p class="quiet">{strings.nothingToExport}</p>}
      <ul class="exports">
        {items.map(({ title, ways }, i) => (
          <li key={i}><span id={`gd-export-${i}`}>{title}</span>{" "}
            {ways.map(([name, way]) => <button type="button" aria-describedby={`gd-export-${i}`} onClick={() => act(way)} key={name}>{name}</button>)}
          </li>
        ))}
      </ul>
      {wholePage() && <p class="quiet">{carried()}</p>}
      {trouble.value && <p class="problem" role="alert">{trouble.value}</p>}
      <form method="dialog"><button>{strings.close}</button></form>
    </dialog>
  );
}

const named = (title: string, end: string) => fileName([run.value?.name ?? "", title], end);

function ofThePage(): Item[] {
  const whole = wholePage();
  if (!whole) return [];
  return [{ title: strings.exportPage, ways: [["HTML", async () => save(named("", "html"), await whole(), "text/html")]] }];
}

/** What leaves with the whole page. */
function carried(): string {
  const known = run.value;
  const looks = [...(known?.looks.values() ?? [])];
  const pictured = looks.some((one) => [...one.training, ...one.evaluation].some((event) => event.kind === "look-batch" && event.picture));
  return strings.carries(sources.value.map((source) => source.file), looks.length, pictured);
}

/** What the screen shows now: it is asked for, so it is looked up when it is. */
function ofTheScreen(): Item[] {
  const screen = document.getElementById("gd-screen");
  const drawings = [...(screen?.querySelectorAll<SVGSVGElement>("svg[role=img]") ?? [])];
  const tables = [...(screen?.querySelectorAll<HTMLTableElement>("table") ?? [])].filter((table) => !table.closest(".chart"));
  const screenName = strings.screens[place.value.screen] ?? "";
  return [
    ...drawings.map((drawing): Item => {
      const title = drawing.closest("figure")?.querySelector("figcaption b")?.textContent || drawing.getAttribute("aria-label") || screenName;
      const lines = drawn.get(drawing);
      const cells = lines ? numbersOf(lines) : counted.get(drawing);
      return {
        title,
        ways: [
          ...(cells ? [["CSV", () => save(named(title, "csv"), csv(cells), "text/csv")]] as Item["ways"] : []),
          ["PNG", async () => {
            const picture = await png(drawing, title);
            if (!picture) throw new Error("no picture");
            save(named(title, "png"), picture, "image/png");
          }],
          ["SVG", () => save(named(title, "svg"), svg(drawing, title), "image/svg+xml")],
        ],
      };
    }),
    ...tables.map((table): Item => {
      const title = table.caption?.textContent || screenName;
      return { title: strings.tableOf(title), ways: [["CSV", () => save(named(title, "csv"), csv(cellsOf(table)), "text/csv")]] };
    }),
  ];
}
