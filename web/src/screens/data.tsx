// What went in: the data set, each loader's passes, and the labels in them.

import { Empty, Table } from "../glyphs/parts.tsx";
import { Bar, className } from "./operation.tsx";
import { isObject } from "../record/run.ts";
import { run } from "../state.ts";
import { strings } from "../strings.ts";
import type { Pass } from "../types.ts";

const MOST_PASSES = 40;

export function DataScreen() {
  const known = run.value;
  const data = known?.manifest.run["data"];
  // Of each life of the run: one that was resumed has several.
  const lives = known?.processes.filter((one) => one.rank === 0) ?? [];
  const passes = lives.flatMap((process) => process.passes);
  const settings = known?.manifest.run["settings"];
  if (!isObject(data) && !passes.length) return <div class="panel"><h2>{strings.dataTitle}</h2><Empty>{strings.noData}</Empty></div>;
  const counts = isObject(data) && isObject(data["counts"]) ? Object.entries(data["counts"]) : [];
  const withLabels = passes.filter((pass) => pass.labels?.counts && Object.keys(pass.labels.counts).length);
  const byRole = new Map(withLabels.map((pass) => [pass.role ?? "", pass]));
  return (
    <div class="spread">
      <div class="panel">
        <h2>{strings.dataTitle}</h2>
        {isObject(data) && <p>{String(data["name"] ?? "")}: {counts.map(([part, n]) => strings.many(Number(n), `${part} image`)).join(", ")}{Array.isArray(data["image"]) ? `, ${data["image"].join("×")}` : ""}</p>}
        <Table
          caption={strings.passes}
          head={["", strings.samplesSeen, strings.batches, strings.order, strings.lossMean]}
          rows={passes.slice(0, MOST_PASSES).map((pass, i) => {
            const loader = lives.find((process) => process.passes.includes(pass))?.loaders.get(pass.loader);
            return [`${pass.role ?? ""} ${passes.slice(0, i + 1).filter((other) => other.role === pass.role).length}`, strings.grouped(pass.samples ?? 0), strings.grouped(pass.batches ?? 0), strings.shuffled[String(loader?.shuffle ?? null)] ?? "", strings.number(pass.loss ?? null)];
          })}
        />
        {passes.length > MOST_PASSES && <p class="quiet">{strings.many(passes.length - MOST_PASSES, "more pass", "more passes")}</p>}
      </div>
      {[...byRole.values()].map((pass) => <Labels pass={pass} key={pass.id} />)}
      {isObject(settings) && <Settings settings={settings} />}
    </div>
  );
}

function Labels({ pass }: { pass: Pass }) {
  const counts = Object.entries(pass.labels?.counts ?? {});
  const most = Math.max(...counts.map(([, n]) => n));
  if (counts.length > 64) return null;
  const [looked, all] = [pass.labels?.batches ?? 0, pass.batches ?? 0];
  return (
    <div class="panel">
      <h3>{strings.labels}, {pass.role}</h3>
      {looked < all && <p class="quiet">{strings.labelsOf(looked, all)}</p>}
      <Table caption={`${strings.labels}, ${pass.role ?? ""}`} hidden head={[strings.columns.class, strings.images, ""]} rows={counts.map(([label, n]) => [className(Number(label)), n, <Bar share={n / most} key="bar" />])} />
    </div>
  );
}

function Settings({ settings }: { settings: Record<string, unknown> }) {
  const rows = Object.entries(settings).filter(([, setting]) => isObject(setting)) as [string, Record<string, unknown>][];
  if (!rows.length) return null;
  return (
    <details class="panel"><summary>{strings.settings}</summary>
      <Table caption={strings.settings} hidden head={[strings.settingName, strings.value, strings.origin]} rows={rows.map(([key, setting]) => [key, String(setting["value"]), `${String(setting["origin"] ?? "")}${setting["reason"] ? `, ${String(setting["reason"])}` : ""}`])} />
    </details>
  );
}
