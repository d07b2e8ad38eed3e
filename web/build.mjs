// Builds the page into the package; `--check` only says whether what is there is the same.
import { build } from "esbuild";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, "..", "src", "goingdeep", "view", "page");
const MOST = 80 * 1024; // gzipped; docs/page.md

const sources = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));

// Everything in a record is hostile: text may only ever become a text node.
const BANNED = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|dangerouslySet|createContextualFragment|srcdoc/;
for (const file of sources(join(HERE, "src"))) {
  const found = BANNED.exec(readFileSync(file, "utf-8"));
  if (found) throw new Error(`${file}: ${found[0]} is banned`);
}

const made = await build({
  absWorkingDir: HERE,
  entryPoints: { page: "src/main.tsx" },
  bundle: true,
  write: false,
  outdir: OUT,
  format: "iife",
  target: "es2022",
  minify: true,
  legalComments: "none",
  charset: "ascii",
  jsx: "automatic",
  jsxImportSource: "preact",
});
const files = Object.fromEntries(made.outputFiles.map((file) => [file.path.split("/").pop(), file.text]));
files["LICENSE"] = [
  "page.js and page.css are built from web/, under the same licence as the rest of Going Deep. In page.js are:\n",
  ...["preact", "@preact/signals", "@preact/signals-core"].map(
    (name) => `${"-".repeat(80)}\n${name}\n\n${readFileSync(join(HERE, "node_modules", name, "LICENSE"), "utf-8").trim()}\n`,
  ),
].join("\n");
files["page.html"] = readFileSync(join(HERE, "src", "page.html"), "utf-8");

for (const [name, text] of Object.entries(files)) {
  if (/<\/(script|style)/i.test(text) && /\.(js|css)$/.test(name)) throw new Error(`${name} would end its element`);
}
const size = gzipSync(files["page.js"], { level: 9 }).length;
console.log(`page.js ${(size / 1024).toFixed(1)} KB gzipped, page.css ${(gzipSync(files["page.css"]).length / 1024).toFixed(1)} KB`);
if (size > MOST) throw new Error(`page.js has ${size} bytes gzipped, ${MOST} are allowed`);

let same = true;
for (const [name, text] of Object.entries(files)) {
  const path = join(OUT, name);
  if (process.argv.includes("--check")) {
    const there = (() => {
      try {
        return readFileSync(path, "utf-8");
      } catch {
        return "";
      }
    })();
    if (there !== text) {
      console.error(`${name} is not what web/ builds: make web`);
      same = false;
    }
  } else writeFileSync(path, text);
}
process.exitCode = same ? 0 : 1;
