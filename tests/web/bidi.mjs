// Firefox, as it is, told what to do over WebDriver BiDi, its own protocol: playwright drives only a Firefox patched for it. As
// little as the tests need: a tab, a script run in it, keys, and what it asked the network for.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";

/** What Firefox would fetch for itself is of no interest here; and whatever is tried ends at a proxy that is not there. */
const PREFERENCES = {
  "network.proxy.type": 1, "network.proxy.http": "127.0.0.1", "network.proxy.http_port": 9, "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": 9,
  "network.proxy.allow_hijacking_localhost": true,
  "app.update.disabledForTesting": true, "browser.shell.checkDefaultBrowser": false, "datareporting.policy.dataSubmissionEnabled": false,
  "datareporting.healthreport.uploadEnabled": false, "toolkit.telemetry.server": "", "browser.startup.page": 0, "startup.homepage_welcome_url": "",
  "dom.events.testing.asyncClipboard": true,
};

/** @param {string} program */
export async function start(program) {
  const profile = mkdtempSync(join(tmpdir(), "imagepull-firefox-"));
  writeFileSync(join(profile, "user.js"), Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(""));
  const firefox = spawn(program, ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"], {
    stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" },
  });
  const ended = new Promise((done) => firefox.once("exit", done));
  const stop = async () => {
    firefox.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true });
  };
  try {
    const address = await new Promise((found, failed) => {
      let said = "";
      firefox.stderr.on("data", (words) => {
        said += words;
        const match = /WebDriver BiDi listening on (ws:\S+)/.exec(said);
        if (match) found(match[1]);
      });
      ended.then(() => failed(new Error(`Firefox ended:\n${said}`)));
      setTimeout(() => failed(new Error(`Firefox does not listen:\n${said}`)), 120_000).unref();
    });
    const { send, on, close } = await connect(`${address}/session`);
    const { capabilities } = await send("session.new", { capabilities: {} });
    await send("session.subscribe", { events: ["network.beforeRequestSent", "log.entryAdded"] });
    return { version: capabilities.browserVersion, tab: () => tab(send, on), stop: async () => { close(); await stop(); } };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param {string} address */
async function connect(address) {
  const socket = new WebSocket(address, { maxPayload: 0 });
  await new Promise((done, failed) => { socket.once("open", done); socket.once("error", failed); });
  const waiting = new Map();
  const listeners = new Set();
  let last = 0;
  socket.on("message", (words) => {
    const message = JSON.parse(String(words));
    if (message.type === "event") for (const listener of listeners) listener(message.method, message.params);
    const answer = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.type === "success") answer?.done(message.result);
    else if (message.type === "error") answer?.failed(new Error(`${message.error}: ${message.message}`));
  });
  return {
    send: (method, params) => new Promise((done, failed) => {
      waiting.set(++last, { done, failed });
      socket.send(JSON.stringify({ id: last, method, params }));
    }),
    on: (listener) => listeners.add(listener),
    close: () => socket.close(),
  };
}

/** A tab of its own. */
async function tab(send, on) {
  const { context } = await send("browsingContext.create", { type: "tab" });
  /** @type {string[]} */
  const requests = [];
  /** @type {string[]} */
  const errors = [];
  on((method, params) => {
    if (method === "network.beforeRequestSent" && params.context === context) requests.push(params.request.url);
    if (method === "log.entryAdded" && params.source?.context === context && params.level !== "info" && params.level !== "debug") errors.push(params.text);
  });
  const run = async (script, ...values) => {
    const answer = await send("script.evaluate", {
      expression: `(async () => JSON.stringify(await (${script})(...${JSON.stringify(values)})))()`, target: { context }, awaitPromise: true, userActivation: true,
    });
    if (answer.type === "exception") throw new Error(answer.exceptionDetails.text);
    return answer.result.value === undefined ? undefined : JSON.parse(answer.result.value);
  };
  return {
    requests, errors, run,
    open: (url) => send("browsingContext.navigate", { context, url, wait: "complete" }),
    size: (width, height) => send("browsingContext.setViewport", { context, viewport: { width, height } }),
    /** Waits until `script` answers something true. */
    until: async (script, ...values) => {
      for (let tries = 0; tries < 600; tries++) {
        if (await run(script, ...values)) return;
        await new Promise((done) => setTimeout(done, 50));
      }
      throw new Error(`this never came true: ${script}`);
    },
    /** Presses keys one after the other; `hold` is held meanwhile. */
    press: (keys, hold) => send("input.performActions", { context, actions: [{ type: "key", id: "keys", actions: [
      ...(hold ? [{ type: "keyDown", value: hold }] : []),
      ...[...keys].flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]),
      ...(hold ? [{ type: "keyUp", value: hold }] : []),
    ] }] }),
    picture: async () => Buffer.from((await send("browsingContext.captureScreenshot", { context })).data, "base64"),
    close: () => send("browsingContext.close", { context }),
  };
}
