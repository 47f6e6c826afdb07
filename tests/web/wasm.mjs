// The WASM as it was shipped, taken out of the built page and run by node. As a program: `node wasm.mjs PAGE INPUTS` reads a JSON
// list of texts and prints a JSON list of answers.

import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";
import { inflateRawSync } from "node:zlib";
import { pathToFileURL } from "node:url";

export const PAGE = new URL("../../web-demo/dist/imagepull.html", import.meta.url);

/** @param {string | URL} page */
export function load(page = PAGE) {
  const html = readFileSync(page, "utf8");
  const packed = html.match(/<script type="application\/octet-stream" id="wasm">([^<]*)<\/script>/)[1];
  const glue = html.match(/<script type="module">(let classifier[\s\S]*?)\nconst ISSUES/)[1];
  const classifier = runInThisContext(`${glue}\nclassifier`);
  classifier.initSync({ module: new WebAssembly.Module(inflateRawSync(Buffer.from(packed, "base64"))) });
  return classifier;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const classifier = load(process.argv[2]);
  const inputs = JSON.parse(readFileSync(process.argv[3], "utf8"));
  process.stdout.write(JSON.stringify(inputs.map((input) => ({
    report: classifier.diagnose(input, NaN), markdown: classifier.markdown(input, NaN), masked: classifier.mask_names(input),
  }))));
}
