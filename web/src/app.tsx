// The frame around every screen: header, tabs, what is wrong, and the screen that the place names.

import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Link } from "./glyphs/parts.tsx";
import { framed, go, option, place, type Screen, SCREENS } from "./place.ts";
import { otherStep } from "./keys.ts";
import { isObject } from "./record/run.ts";
import { BatchScreen } from "./screens/batch.tsx";
import { BackwardScreen } from "./screens/backward.tsx";
import { CompareScreen } from "./screens/compare.tsx";
import { CurvesScreen } from "./screens/curves.tsx";
import { DataScreen } from "./screens/data.tsx";
import { Export, showExport } from "./screens/export.tsx";
import { FindingsScreen } from "./screens/findings.tsx";
import { LayersScreen } from "./screens/layers.tsx";
import { LessonsScreen } from "./screens/lessons.tsx";
import { LossScreen } from "./screens/loss.tsx";
import { ModesScreen } from "./screens/modes.tsx";
import { OptimizerScreen } from "./screens/optimizer.tsx";
import { ResultsScreen } from "./screens/results.tsx";
import { StepScreen } from "./screens/step.tsx";
import { findings, inEvaluation, look, looked, operations, opIndex, predicting, problem, ready, run, toStep } from "./state.ts";
import { strings } from "./strings.ts";

const DRAWN: Record<Screen, ComponentType> = {
  step: StepScreen, batch: BatchScreen, layers: LayersScreen, loss: LossScreen, backward: BackwardScreen,
  optimizer: OptimizerScreen, modes: ModesScreen, curves: CurvesScreen, results: ResultsScreen,
  findings: FindingsScreen, lessons: LessonsScreen, data: DataScreen, compare: CompareScreen,
};
/** Screens about one step: they can be shown only where one was looked at. */
const OF_A_STEP: ReadonlySet<Screen> = new Set(["step", "batch", "layers", "loss", "backward", "optimizer", "modes"]);

const helpOpen = signal(false);
export const showHelp = (): void => {
  helpOpen.value = true;
};

export function App() {
  useEffect(() => {
    if (ready.value) document.title = strings.title(run.peek()?.name ?? "");
  }, [ready.value]);
  if (!ready.value) return <main class="loading"><h1 class="visually-hidden">{strings.brand}</h1><p role="status">{problem.value || strings.reading}</p></main>;
  const screen = place.value.screen;
  const Drawn = DRAWN[screen];
  const lacking = OF_A_STEP.has(screen) && !look.value;
  return (
    <>
      <a class="skip" href="#gd-screen" onClick={(event) => { event.preventDefault(); document.getElementById("gd-screen")?.focus(); }}>{strings.skip}</a>
      <Header />
      <Tabs screen={screen} />
      <main id="gd-screen" tabIndex={-1}>
        <Problems />
        {lacking ? <div class="panel"><h2>{strings.screens[screen]}</h2><p>{strings.nothingLooked}</p><p class="quiet">{strings.nothingLookedFix}</p></div> : <Drawn />}
      </main>
      <Footer />
      <Help />
      <Export />
    </>
  );
}

function Header() {
  const here = look.value;
  const known = run.value;
  if (!known) return null;
  return (
    <header>
      <h1><span class="brand">{strings.brand}</span> {known.name}</h1>
      <ModeBadge />
      {here && (
        <div class="steps">
          <button type="button" onClick={() => otherStep(-1)} disabled={looked.value[0] === here.step} aria-label={strings.stepBack}>◀</button>
          <label>
            <span class="visually-hidden">{strings.lookedAt}</span>
            <select value={here.step} onChange={(event) => toStep(Number(event.currentTarget.value))}>
              <StepOptions all={Math.max(known.steps, known.planned)} />
            </select>
          </label>
          <button type="button" onClick={() => otherStep(1)} disabled={looked.value.at(-1) === here.step} aria-label={strings.stepOn}>▶</button>
        </div>
      )}
      <FindingsBadge />
      {known.manifest.state === "running" && <span class="live"><span role="status">● {strings.live}</span> {strings.soFar(known.steps)}</span>}
      <span class="room" />
      <label class="switch" title={strings.predictHelp}>
        <input type="checkbox" checked={predicting.value} onChange={(event) => go({ set: { predict: event.currentTarget.checked ? "1" : null } }, true)} /> {strings.predict}
      </label>
      <label class="theme">
        <span>{strings.theme}</span>
        <select value={option("theme") ?? "auto"} onChange={(event) => go({ set: { theme: event.currentTarget.value === "auto" ? null : event.currentTarget.value } }, true)}>
          {Object.entries(strings.themes).map(([key, name]) => <option value={key} key={key}>{name}</option>)}
        </select>
      </label>
      {!framed() && <button type="button" onClick={showExport}>{strings.exportName}</button>}
      <button type="button" onClick={showHelp} aria-label={strings.help}>?</button>
    </header>
  );
}

/** Drawn again only where there are more of them. */
function StepOptions({ all }: { all: number }) {
  return <>{looked.value.map((step) => <option value={step} key={step}>{strings.stepOf(step, all)}</option>)}</>;
}

/** The mode of the model at the operation shown: of its own event, or of the last one that says it. */
function ModeBadge() {
  const upTo = place.value.screen === "step" ? opIndex.value + 1 : operations.value.length;
  let training: boolean | undefined;
  const all = operations.value;
  const says = (i: number): boolean | undefined => {
    const { event, op } = all[i] ?? {};
    if (event?.kind === "look-call") return event.training ?? true;
    const fact = op?.op === "forward" || op?.op === "mode" ? op.facts?.["training"] : undefined;
    return typeof fact === "boolean" ? fact : undefined;
  };
  for (let i = 0; i < upTo; i++) training = says(i) ?? training;
  for (let i = upTo; training === undefined && i < all.length; i++) training = says(i);
  if (training === undefined) return look.value ? <span class="badge">{strings.modeUnknown}</span> : null;
  return (
    <span class={`badge ${training ? "train" : "eval"}`}>
      <span aria-hidden="true">{training ? strings.trainIcon : strings.evalIcon}</span> {training ? strings.train : strings.eval}
      {inEvaluation.value && <span class="visually-hidden"> {strings.evaluation}</span>}
    </span>
  );
}

function FindingsBadge() {
  const checked = run.value?.manifest.checked ?? false;
  const count = findings.value.length;
  if (!count) return <span class="quiet findings-badge">{checked ? strings.findings(0) : strings.notChecked}</span>;
  const worst = findings.value[0]?.severity ?? "hint";
  return (
    <Link to={{ screen: "findings" }} class={`findings-badge severity ${worst}`}>
      <span aria-hidden="true">{strings.severityIcon[worst]}</span> {strings.findings(count)}
    </Link>
  );
}

function Tabs({ screen }: { screen: Screen }) {
  const current = useRef<HTMLElement>(null);
  useEffect(() => {
    const tab = current.current?.querySelector<HTMLElement>("[aria-current=page]");
    const bar = current.current;
    if (tab && bar) bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
  }, [screen]);
  return (
    <nav aria-label={strings.screensLabel} ref={current}>
      {SCREENS.map((name) => (
        <Link to={{ screen: name, step: look.value?.step ?? null }} current={name === screen} key={name}>{strings.screens[name]}</Link>
      ))}
    </nav>
  );
}

function Problems() {
  const known = run.value;
  if (!known) return null;
  const here = look.value;
  const asked = place.value.step;
  const failure = known.failure;
  const says = failure && "error" in failure ? strings.failed(failure.error ?? "", failure.message ?? "") : failure && "signal" in failure ? strings.failed(failure.signal, "") : "";
  return (
    <>
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
      {known.manifest.state === "dead" && <p class="problem" role="status">{strings.states["dead"]}</p>}
      {says && <p class="problem">{says}</p>}
      {asked !== null && here && asked !== here.step && <p class="problem" role="status">{strings.noSuchStep(asked, here.step)}</p>}
    </>
  );
}

function Footer() {
  const known = run.value;
  const notes = [...(known?.manifest.notes ?? []), ...(known?.gaps ?? []).slice(0, 20).map((gap) => strings.gap(gap.what, gap.reason))];
  const command = known?.manifest.run["command"];
  return (
    <footer>
      {Array.isArray(command) && <code>{command.join(" ")}</code>}
      {notes.length > 0 && <details><summary>{strings.notes}</summary><ul>{notes.map((note, i) => <li key={i}>{note}</li>)}</ul></details>}
      {isObject(known?.manifest.run["data"]) && <span class="quiet">{String((known?.manifest.run["data"] as Record<string, unknown>)["name"] ?? "")}</span>}
    </footer>
  );
}

function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (helpOpen.value) dialog.current?.showModal();
  }, [helpOpen.value]);
  if (!helpOpen.value) return null;
  return (
    <dialog ref={dialog} aria-labelledby="gd-help" onClose={() => { helpOpen.value = false; }}>
      <h2 id="gd-help">{strings.keysTitle}</h2>
      <dl class="keys">{strings.keys.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl>
      <h2>{strings.wordsTitle}</h2>
      <dl>{strings.words.map(([word, what]) => <div key={word}><dt>{word}</dt><dd>{what}</dd></div>)}</dl>
      <p class="quiet">{strings.addressNote}</p>
      <form method="dialog"><button>{strings.close}</button></form>
    </dialog>
  );
}
