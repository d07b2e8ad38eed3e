// What can be kept of a screen: numbers as CSV, a drawing as SVG or PNG, in files of the reader's own.

import type { Line } from "./curve.tsx";

/** The lines of each chart that is drawn, by its drawing. */
export const drawn = new WeakMap<Element, readonly Line[]>();

/** The numbers of other drawings: of a histogram, say. */
export const counted = new WeakMap<Element, Cells>();

const KEPT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "stroke-linejoin", "opacity", "font-family", "font-size", "font-weight"];
const LONGEST_NAME = 80;
/** Dots of a PNG for each of the screen's: sharp in print. */
const SHARP = 2;

export type Cells = readonly (readonly (string | number)[])[];

/** RFC 4180. A text that a spreadsheet would take for a formula is told to be text. */
export function csv(rows: Cells): string {
  const cell = (value: string | number) => {
    const text = typeof value === "string" && /^[=+@\t\r-]/.test(value) && !Number.isFinite(Number(value)) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** Every number of a chart as it was drawn, not rounded. */
export const numbersOf = (lines: readonly Line[]): Cells => [
  ["line", "first", "last", "lowest", "mean", "highest"],
  ...lines.flatMap(({ name, buckets }) => buckets.map((b) => [name, b.first, b.first + b.count - 1, b.low, b.mean, b.high])),
];

/** A table as it is shown; numbers without the typographic minus and the commas of thousands. */
export const cellsOf = (table: HTMLTableElement): Cells =>
  [...table.rows].map((row) => [...row.cells].map((cell) => {
    const text = cell.textContent?.trim() ?? "";
    const plain = text.replace(/^−/, "-").replaceAll(/(?<=\d),(?=\d{3})/g, "").replace("e−", "e-");
    return /^-?[\d.]+(e-?\d+)?$/.test(plain) ? plain : text;
  }));

const HEAD = 28;
const KEY_HEIGHT = 18;
const KEYS_IN_A_ROW = 3;

/** A drawing that looks the same without the page's style, under its title and what each line is. */
export function svg(drawing: SVGSVGElement, title: string): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const [originals, copies] = [drawing, copy].map((root) => [root, ...root.querySelectorAll("*")]);
  for (const [i, original] of (originals ?? []).entries()) {
    const style = getComputedStyle(original);
    const twin = copies?.[i];
    for (const name of KEPT) twin?.setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "tabindex", "data-own-keys"]) twin?.removeAttribute(name);
  }
  const { width, height } = size(drawing);
  const lines = drawn.get(drawing) ?? [];
  const named = lines.length > 1 ? lines : [];
  const top = HEAD + KEY_HEIGHT * Math.ceil(named.length / KEYS_IN_A_ROW);
  const panel = getComputedStyle(drawing.closest(".panel") ?? document.documentElement);
  const text = (x: number, y: number, fill: string, weight: string, says: string) => {
    const made = element("text", { x, y, fill, "font-weight": weight, "font-family": panel.fontFamily, "font-size": "13px" });
    made.append(says);
    return made;
  };
  copy.setAttribute("y", String(top));
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  const whole = element("svg", { width, height: height + top, viewBox: `0 0 ${width} ${height + top}` });
  whole.append(element("rect", { width: "100%", height: "100%", fill: panel.backgroundColor }), text(8, 18, panel.color, "700", title));
  for (const [i, { name }] of named.entries()) {
    const [x, y] = [8 + ((i % KEYS_IN_A_ROW) * width) / KEYS_IN_A_ROW, HEAD + KEY_HEIGHT * Math.floor(i / KEYS_IN_A_ROW) + 10];
    const line = drawing.querySelector(`.line-${i} .mean`);
    const style = line && getComputedStyle(line);
    const stroke = style?.stroke ?? panel.color;
    whole.append(element("line", { x1: x, x2: x + 26, y1: y - 4, y2: y - 4, stroke, "stroke-width": 2, "stroke-dasharray": style?.strokeDasharray ?? "none" }), text(x + 32, y, stroke, "400", name));
  }
  whole.append(copy);
  return new XMLSerializer().serializeToString(whole);
}

function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

export async function png(drawing: SVGSVGElement, title: string): Promise<Blob | null> {
  const address = URL.createObjectURL(new Blob([svg(drawing, title)], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width * SHARP, image.height * SHARP];
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}

function size(drawing: SVGSVGElement): { width: number; height: number } {
  const box = drawing.getBoundingClientRect();
  return { width: Math.max(1, Math.round(box.width)), height: Math.max(1, Math.round(box.height)) };
}

/** A file's name of letters, digits, dots and dashes: what it is made of comes from the record. */
export const fileName = (parts: readonly string[], end: string): string =>
  `${parts.join("-").normalize("NFKD").replaceAll(/[^\w.]+/g, "-").replaceAll(/^[-.]+|[-.]+$/g, "").slice(0, LONGEST_NAME) || "page"}.${end}`;

/** Hand a file to the reader. */
export function save(name: string, content: BlobPart, type: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
