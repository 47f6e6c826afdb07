// How the page looked when somebody last looked at it: small pictures in looks/, of what a stranger sees before and after a paste.
// `node looks.mjs`, which is `cargo xtask web --looks`, takes them anew; look at them before you commit them.
//
// Another version of Chromium, or other fonts, draw letters otherwise. So the pictures say what drew them, and are compared only
// where that is the same; compared are means of squares of eight pixels, which do not mind how an edge is smoothed.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { PAGE } from "./wasm.mjs";

const LOOKS = new URL("looks/", import.meta.url);
const MADE_BY = new URL("made-by.json", LOOKS);
const SAMPLE = new URL("../../web-demo/samples/tag-not-found.txt", import.meta.url);
const WIDTHS = { 320: 640, 768: 900, 1440: 900 };
/** How far the mean of a square may be off, of 255, and how many squares of ten thousand may be further off. */
const OFF = 16;
const SQUARES = 5;

/** Takes the pictures: name and PNG. */
async function take(browser) {
  const taken = [];
  for (const [width, height] of Object.entries(WIDTHS)) {
    const context = await browser.newContext({ offline: true, viewport: { width: Number(width), height }, reducedMotion: "reduce", colorScheme: "light" });
    const page = await context.newPage();
    await page.goto(PAGE.href);
    await page.waitForSelector("html[data-ready]");
    taken.push([`before-${width}`, await page.screenshot()]);
    await page.evaluate((words) => new Promise((done) => {
      const box = document.getElementById("text");
      box.value = words;
      box.dispatchEvent(new InputEvent("input", { inputType: "insertFromPaste", bubbles: true }));
      requestAnimationFrame(() => setTimeout(done));
    }), readFileSync(SAMPLE, "utf8"));
    taken.push([`after-${width}`, await page.screenshot()]);
    await context.close();
  }
  return taken;
}

/** What draws: the browser's version, and how wide some letters are in the page's fonts. */
async function drawnBy(browser) {
  const page = await browser.newPage();
  await page.goto(PAGE.href);
  const letters = await page.evaluate(() => {
    const canvas = document.createElement("canvas").getContext("2d");
    return ["body", "textarea"].map((element) => {
      canvas.font = `100px ${getComputedStyle(document.querySelector(element)).fontFamily}`;
      return Math.round(canvas.measureText("Why does my image not pull? {0123}").width);
    });
  });
  await page.close();
  return { chromium: browser.version().split(".")[0], letters };
}

/** Runs in a browser, which can read pictures: half the size, as WebP. */
async function shrink(png) {
  const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = new OffscreenCanvas(picture.width / 2, picture.height / 2);
  const drawing = canvas.getContext("2d");
  drawing.imageSmoothingQuality = "high";
  drawing.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/webp", quality: 0.6 })).arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Runs in a browser: of ten thousand squares, how many are too far off. */
async function compare([png, webp, off]) {
  const read = async (address) => createImageBitmap(await (await fetch(address)).blob());
  const then = await read(`data:image/webp;base64,${webp}`);
  const { width, height } = then;
  const means = (picture) => {
    const drawing = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    drawing.imageSmoothingQuality = "high";
    drawing.drawImage(picture, 0, 0, width, height);
    const { data } = drawing.getImageData(0, 0, width, height);
    const columns = Math.ceil(width / 8);
    const sums = new Float64Array(columns * Math.ceil(height / 8) * 3);
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) for (let color = 0; color < 3; color++) {
      sums[((y >> 3) * columns + (x >> 3)) * 3 + color] += data[(y * width + x) * 4 + color] / 64;
    }
    return sums;
  };
  const [before, now] = [means(then), means(await read(`data:image/png;base64,${png}`))];
  let far = 0;
  for (let at = 0; at < now.length; at += 3) if ([0, 1, 2].some((color) => Math.abs(now[at + color] - before[at + color]) > off)) far++;
  return Math.round((far / (now.length / 3)) * 10_000);
}

/** What looks otherwise than it did, in words; `skipped` where that cannot be said.
 * @returns {Promise<{ skipped?: string, differences: string[] }>} */
export async function check(browser) {
  const [here, then] = [await drawnBy(browser), JSON.parse(readFileSync(MADE_BY, "utf8"))];
  if (JSON.stringify(here) !== JSON.stringify(then)) return { skipped: `the page's looks were not compared: they were drawn by ${JSON.stringify(then)}, here draws ${JSON.stringify(here)}`, differences: [] };
  const blank = await browser.newPage();
  const differences = [];
  for (const [name, png] of await take(browser)) {
    const file = new URL(`${name}.webp`, LOOKS);
    const far = existsSync(file) ? await blank.evaluate(compare, [png.toString("base64"), readFileSync(file).toString("base64"), OFF]) : 10_000;
    if (far > SQUARES) differences.push(`${name}: ${far / 100} % of it looks otherwise than tests/web/looks/${name}.webp`);
  }
  await blank.close();
  return { differences };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const executablePath = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/google-chrome"].find(existsSync);
  const browser = await chromium.launch({ executablePath, args: ["--disable-gpu", "--no-first-run"] });
  mkdirSync(LOOKS, { recursive: true });
  const blank = await browser.newPage();
  for (const [name, png] of await take(browser)) {
    writeFileSync(new URL(`${name}.webp`, LOOKS), Buffer.from(await blank.evaluate(shrink, png.toString("base64")), "base64"));
  }
  writeFileSync(MADE_BY, `${JSON.stringify(await drawnBy(browser))}\n`);
  console.log("tests/web/looks: look at them");
  await browser.close();
}
