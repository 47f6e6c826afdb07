// How long a paste of 10 KB takes to be answered on a machine four times slower than this one: `npm run bench` in tests/web, after
// `cargo xtask web`. Another page can be named (`node paste.bench.mjs PAGE`), and another pace (SLOWER=1). It measures and holds
// nothing: a timed test would fail on a busy machine.
//
// The texts are what pods of a real node gave, no two alike: descriptions of four pods, and one pod and its events as JSON. Each
// goes into a page just opened ("first", what most visitors do), and over the text before ("again").
//
// - answer: from the start of the `input` event to its end: the classifier has run and the answer is in the document.
// - frame: from the same start until that answer is laid out and painted. It waits for the next tick of 60 Hz first.
//
// Both by the clock, which also counts what else the machine did, and as time of the page's own thread, which hardly does.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { loadavg } from "node:os";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { PAGE } from "./wasm.mjs";

const SLOWER = Number(process.env.SLOWER ?? 4);
const ROUNDS = 60;
const RECORDINGS = new URL("../recordings/containerd/", import.meta.url);
const page = process.argv[2] ? pathToFileURL(process.argv[2]) : PAGE;

/** Texts of about 10 KB, by turns of both kinds. */
function texts() {
  const folders = readdirSync(RECORDINGS).sort();
  const read = (name) => folders.map((folder) => new URL(`${folder}/${name}`, RECORDINGS)).filter(existsSync).map((file) => readFileSync(file, "utf8"));
  const json = read("pods-and-events.json").filter((text) => text.length > 9_000 && text.length < 13_000);
  const described = read("describe.txt").filter((text) => text.length > 2_000);
  // Not of neighbours: they fail alike.
  const apart = Math.floor(described.length / 4);
  const descriptions = Array.from({ length: apart }, (_, at) => [0, 1, 2, 3].map((part) => described[at + part * apart]).join("\n"));
  const take = (list, at) => list[Math.floor(at * (list.length / (ROUNDS / 2)))];
  return Array.from({ length: ROUNDS }, (_, round) => take(round % 2 === 0 ? descriptions : json, Math.floor(round / 2)));
}

async function open(browser) {
  const context = await browser.newContext({ offline: true, viewport: { width: 1440, height: 900 } });
  const tab = await context.newPage();
  await tab.goto(page.href);
  await tab.waitForSelector("html[data-ready]");
  // Nobody pastes sooner than that.
  await tab.waitForTimeout(1000);
  const session = await context.newCDPSession(tab);
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  return { context, tab, session };
}

/** Puts the texts in, one after the other, and answers how long each took. */
async function measure({ tab, session }, all) {
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["blink.user_timing"] } });
  for (const words of all) {
    await tab.evaluate((words) => new Promise((done) => {
      const box = document.getElementById("text");
      box.value = words;
      // A timer set in a frame runs after its layout and paint.
      requestAnimationFrame(() => setTimeout(() => { performance.mark("bench-frame"); done(); }));
      performance.mark("bench-begin");
      box.dispatchEvent(new InputEvent("input", { inputType: "insertFromPaste", bubbles: true }));
      performance.mark("bench-answer");
    }), words);
    await tab.waitForTimeout(200);
  }
  const complete = new Promise((done) => session.once("Tracing.tracingComplete", done));
  await session.send("Tracing.end");
  await complete;
  const [begin, answer, frame] = ["begin", "answer", "frame"].map((name) => events.filter((event) => event.name === `bench-${name}`));
  return begin.map(({ ts, tts }, at) => ({
    "answer, clock": (answer[at].ts - ts) / 1000, "answer, thread": (answer[at].tts - tts) / 1000,
    "frame, clock": (frame[at].ts - ts) / 1000, "frame, thread": (frame[at].tts - tts) / 1000,
  }));
}

function print(name, rows) {
  for (const what of Object.keys(rows[0])) {
    const times = rows.map((row) => row[what]).sort((a, b) => a - b);
    const at = (share) => times[Math.max(0, Math.ceil(times.length * share) - 1)].toFixed(1).padStart(6);
    console.log(`${name.padEnd(6)}${what.padEnd(15)} least ${at(0)}  median ${at(0.5)}  p95 ${at(0.95)} ms`);
  }
}

const executablePath = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/google-chrome"].find(existsSync);
const args = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args });
const all = texts();
const sizes = all.map((text) => text.length);
console.log(`${all.length} texts of ${Math.min(...sizes)} to ${Math.max(...sizes)} characters, Chromium ${browser.version()}, CPU throttled ${SLOWER} times, load ${loadavg()[0].toFixed(1)}`);
const first = [];
for (const words of all) {
  const one = await open(browser);
  first.push(...await measure(one, [words]));
  await one.context.close();
}
print("first", first);
const one = await open(browser);
print("again", await measure(one, all));
console.log(`load ${loadavg()[0].toFixed(1)}`);
await browser.close();
