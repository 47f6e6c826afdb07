// The page in a Firefox as people have it, opened from disk with no network: what another browser may do otherwise. The rest of
// what is tested in a browser stands in page.test.mjs.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { start } from "./bidi.mjs";
import { PAGE } from "./wasm.mjs";

const SAMPLES = new URL("../../web-demo/samples/", import.meta.url);
const PICTURES = new URL("pictures/", import.meta.url);
const sample = (name) => readFileSync(new URL(`${name}.txt`, SAMPLES), "utf8");
const names = readdirSync(SAMPLES).map((file) => file.replace(/\.txt$/, ""));
const program = process.env.FIREFOX ?? ["/usr/bin/firefox-esr", "/usr/bin/firefox"].find(existsSync);
const [CONTROL, ENTER, ESCAPE, TAB] = ["\ue009", "\ue007", "\ue00c", "\ue004"];

let firefox;
before(async () => {
  assert.ok(program, "no Firefox: cargo xtask web --setup, or set FIREFOX to its path");
  assert.ok(existsSync(PAGE), "no page: cargo xtask web");
  firefox = await start(program);
});
after(() => firefox?.stop());

/** Opens the page, runs `act`, and holds it to: one request, no error. */
async function visit(act) {
  const tab = await firefox.tab();
  try {
    await tab.size(1440, 900);
    await tab.open(PAGE.href);
    await tab.until(() => document.documentElement.dataset.ready === "");
    await act(tab);
    assert.deepEqual(tab.errors, []);
    assert.deepEqual(tab.requests.filter((url) => !url.startsWith("data:") && url.split("#")[0] !== PAGE.href), []);
  } finally {
    await tab.close();
  }
}

/** A true paste, by keys, over what is there. */
async function paste(tab, words) {
  await tab.run((words) => navigator.clipboard.writeText(words), words);
  await tab.run(() => document.getElementById("text").focus());
  await tab.press("a", CONTROL);
  await tab.press("v", CONTROL);
}

const answered = (tab, name) => tab.until((name) => document.querySelector("#result .about code")?.textContent === name, name);

test("each sample, pasted by keys, is answered, quoted and marked", () => visit(async (tab) => {
  for (const name of names) {
    await paste(tab, sample(name));
    await answered(tab, name);
    const texts = (selector) => tab.run((selector) => [...document.querySelectorAll(selector)].map((one) => one.textContent), selector);
    const marked = await texts("#mirror mark:not(.other)");
    assert.ok(marked.length > 0, `${name}: nothing is marked in the text`);
    assert.deepEqual(await texts("#result .proof[data-proof] mark"), marked, name);
    await tab.until(() => scrollY === 0);
  }
}));

test("what lies under the text box stands where the text stands", () => visit(async (tab) => {
  await paste(tab, names.map(sample).join("\n"));
  await tab.until(() => document.querySelector("#mirror mark") !== null);
  for (const width of [320, 768, 1440]) {
    await tab.size(width, 900);
    const [text, mirror, sideways] = await tab.run(() => [document.getElementById("text").scrollHeight, document.getElementById("mirror").scrollHeight,
      document.documentElement.scrollWidth - document.documentElement.clientWidth]);
    assert.ok(Math.abs(text - mirror) <= 1, `at ${width}: ${text} and ${mirror}`);
    assert.ok(sideways <= 0, `${sideways} px too wide at ${width}`);
    mkdirSync(PICTURES, { recursive: true });
    writeFileSync(new URL(`firefox-${width}.png`, PICTURES), await tab.picture());
  }
}));

test("1 MB is answered, and keys are still taken", () => visit(async (tab) => {
  const some = `${names.map(sample).join("\n")}\n`;
  const long = some.repeat(Math.ceil(1e6 / some.length));
  await paste(tab, long);
  await tab.until((count) => document.querySelectorAll("#result .rows:first-of-type > li > button[data-row]").length === count, names.length);
  await tab.press("x");
  await tab.until((length) => document.getElementById("text").value.length === length, long.length + 1);
}));

test("keys alone lead from the text to the fix, and copy it", () => visit(async (tab) => {
  assert.equal(await tab.run(() => document.activeElement.id), "text");
  await paste(tab, sample("tag-not-found"));
  await answered(tab, "tag-not-found");
  await tab.press(ENTER, CONTROL);
  await tab.until(() => document.getElementById("copy-fix").textContent === "Copied");
  await tab.press(ESCAPE);
  assert.equal(await tab.run(() => document.activeElement.id), "answer");
  const seen = [];
  for (let step = 0; step < 12; step++) {
    await tab.press(TAB);
    seen.push(await tab.run(() => document.activeElement.id || document.activeElement.className));
  }
  assert.ok(seen.some((name) => name.includes("proof")) && seen.includes("copy-fix"), seen.join());
}));

describe("the network", () => {
  test("is watched: a page that asks for something is seen", async () => {
    const tab = await firefox.tab();
    await tab.open("data:text/html,<img src='http://nobody.invalid/seen.png'>");
    assert.deepEqual(tab.requests.filter((url) => url.startsWith("http")), ["http://nobody.invalid/seen.png"]);
    await tab.close();
  });
  test("is closed by the page's own policy to a connection that is tried all the same", async () => {
    const tab = await firefox.tab();
    await tab.open(PAGE.href);
    const blocked = await tab.run(async () => {
      const events = [];
      document.addEventListener("securitypolicyviolation", (event) => events.push(event.effectiveDirective));
      await fetch("http://nobody.invalid/").catch(() => {});
      new Image().src = "http://nobody.invalid/x.png";
      for (let tries = 0; tries < 100 && events.length < 2; tries++) await new Promise((done) => setTimeout(done, 50));
      return events.sort();
    });
    assert.deepEqual(blocked, ["connect-src", "img-src"]);
    assert.deepEqual(tab.requests.filter((url) => url.startsWith("http")), []);
    await tab.close();
  });
});

test("a link holds the text, and a cause's address opens its page", () => visit(async (tab) => {
  await paste(tab, sample("dns-lookup-failed"));
  await answered(tab, "dns-lookup-failed");
  await tab.run(() => [...document.querySelectorAll("#result button")].find((one) => one.textContent === "Share a link").click());
  await tab.until(() => document.getElementById("share-link").value.includes("#t="));
  const link = await tab.run(() => document.getElementById("share-link").value);
  const other = await firefox.tab();
  await other.open(link);
  await answered(other, "dns-lookup-failed");
  await other.run(() => { location.hash = "#tls-unknown-authority"; });
  await other.until(() => document.getElementById("tls-unknown-authority").closest("details").open);
  await other.close();
}));
