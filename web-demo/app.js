// @ts-check
// The page: hands the text to the classifier as it is typed and shows the report. It decides nothing and sends nothing; text from
// outside becomes text nodes and nothing else. `classifier` is the glue of wasm-bindgen, which stands before this in one script.

/** @typedef {import("./report").Report} Report */
/** @typedef {import("./report").Finding} Finding */
/** @typedef {import("./report").Diagnosis} Diagnosis */
/** @typedef {import("./report").Evidence} Evidence */
/** @typedef {import("./report").Fix} Fix */
/** @typedef {import("./report").Command} Command */
/** @typedef {{ members: number[], cause: string | null, counts: import("./report").Counts | null }} Row */
/** @typedef {{ start: number, end: number, row: number, proof: number }} Mark */

const ISSUES = "https://github.com/imagepull/kubectl-imagepull/issues/new";
/** Longest text that is read between two keys; longer ones wait for a pause, so that no key feels it. */
const AT_ONCE = 100_000;
/** Longest text whose marks are laid under it at once. Those of a longer one, which fills its box in any case, come a frame after
 * the answer. */
const BRIEF = 3_000;
/** Longest text whose marks are laid under it: layout of the copy costs as much as that of the text. */
const MARKED = 250_000;
/** Longest text that is read at all. Beyond it the end is read: events stand last. */
const MOST = 4_000_000;

/** @type {Record<string, [title: string, hint: string]>} */
const SAMPLES = {
  "credentials-missing": ["Private image", "no basic auth credentials"],
  "tag-not-found": ["Tag that is not there", "hello:v9: not found"],
  "registry-rate-limited": ["Docker Hub limit", "429 Too Many Requests"],
  "tls-unknown-authority": ["Unknown certificate", "x509: … unknown authority"],
  "platform-not-available": ["Wrong architecture", "no match for platform in manifest"],
  "dns-lookup-failed": ["Name not found", "server misbehaving"],
};

const WHO = {
  "author": "whoever deploys the workload",
  "cluster-admin": "the cluster’s administrator",
  "node-admin": "whoever administers the node",
  "registry-owner": "the registry’s owner",
};
const OUTLOOK = {
  "final": "Waiting will not help",
  "transient": "It may pass by itself",
  "depends": "Waiting may help",
};
const SURE = { "certain": "Certain", "likely": "Likely", "possible": "Possible" };
const EFFECT = {
  "reads": ["Only looks", ""],
  "changes": ["Changes an object", ", interrupts nothing that runs"],
  "disrupts": ["Replaces or restarts", " something that runs"],
};
const KIND = {
  "regular": "container", "init": "init container", "sidecar": "sidecar", "ephemeral": "ephemeral container",
  "image-volume": "image volume", "sandbox": "sandbox (pause) image",
};

/** Makes an element. Strings become text nodes, never markup.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, unknown>} [attributes] attributes; `on…` are listeners
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]} */
function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const key in attributes) {
    const value = attributes[key];
    if (key.startsWith("on")) element.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}

/** @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T} */
function get(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`no #${id}`);
  return element;
}

/** Text without control characters and marks of direction, each replaced by one character: places stay where they are.
 * @param {string} text */
function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, "\ufffd");
}

/** Prose in which `backticks` hold words of programs.
 * @param {string} text */
function prose(text) {
  const parts = visible(text).split("`");
  const fragment = document.createDocumentFragment();
  parts.forEach((part, index) => {
    const closed = index % 2 === 1 && index < parts.length - 1;
    fragment.append(closed ? h("code", {}, part) : index % 2 === 1 ? "`" + part : part);
  });
  return fragment;
}

/** @param {number} seconds */
function duration(seconds) {
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6000) return `${Math.ceil(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** @param {number} count @param {string} one */
const many = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

const text = get("text", HTMLTextAreaElement);
const mirror = get("mirror", HTMLElement);
const editor = get("editor", HTMLElement);
const paper = get("paper", HTMLElement);
const answer = get("answer", HTMLElement);
const welcome = get("welcome", HTMLElement);
const result = get("result", HTMLElement);
const live = get("live", HTMLElement);
const note = get("paste-note", HTMLElement);

/** What is shown now. */
const shown = {
  /** @type {Report | null} */ report: null,
  /** @type {string} */ text: "",
  /** @type {Row[]} */ rows: [],
  row: 0,
  member: 0,
  /** @type {Mark[]} */ marks: [],
  /** @type {HTMLElement | null} */ lit: null,
};

// ------------------------------------------------------------------------------------------------ the classifier

/** @type {WebAssembly.Module | undefined} */
let compiled;

async function start() {
  const base64 = get("wasm", HTMLElement).textContent?.trim() ?? "";
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const bytes = await new Response(stream).arrayBuffer();
  compiled = await WebAssembly.compile(bytes);
  classifier.initSync({ module: compiled });
  get("wasm", HTMLElement).remove();
  // The first answer makes the catalogue ready; nobody waits for this one.
  classifier.diagnose('Failed to pull image "warm.example/up:1": not found', now());
}

/** Reads the samples where nobody sees it, one at a time: a browser compiles a function when it runs, and makes it fast when it
 * has run often. Without this the first text of a visitor takes some times as long as the next. */
function warm() {
  const samples = [...document.querySelectorAll("template[data-sample]")];
  const next = () => {
    const sample = samples.pop();
    // Somebody was faster.
    if (!sample || text.value) return;
    const words = /** @type {HTMLTemplateElement} */ (sample).content.textContent ?? "";
    const json = ask(() => classifier.diagnose(words, now()));
    if (json) {
      /** @type {Report} */
      const report = JSON.parse(json);
      Object.assign(shown, { report, text: words, rows: rows(report) });
      draw(report, document.createElement("div"));
      Object.assign(shown, { report: null, text: "", rows: [] });
      unfilled.clear();
    }
    setTimeout(next, 20);
  };
  setTimeout(next, 20);
}

/** Runs the classifier. It does not fail; if it ever does, it is made anew, so that the next text is read again.
 * @template T
 * @param {() => T} run
 * @returns {T | null} */
function ask(run) {
  if (!compiled) return null;
  try {
    return run();
  } catch (error) {
    console.error(error);
    classifier.__wbg_reset_state?.();
    say("This text could not be read. Please report it.", true);
    return null;
  }
}

const now = () => Date.now() / 1000;

// ------------------------------------------------------------------------------------------------ reading

let waiting = 0;

/** The text has changed.
 * @param {boolean} pasted whether it came in one piece */
function changed(pasted) {
  clearTimeout(waiting);
  if (location.hash.startsWith("#t=")) history.replaceState(null, "", location.pathname + location.search);
  if (pasted) analyze(true);
  else waiting = window.setTimeout(analyze, text.value.length > AT_ONCE ? 250 : 30, false);
}

/** @param {boolean} pasted */
function analyze(pasted) {
  const whole = text.value;
  const begins = whole.length > MOST ? whole.indexOf("\n", whole.length - MOST) + 1 || whole.length - MOST : 0;
  const input = whole.slice(begins);
  say(begins ? `The text is very long: its last ${Math.round(input.length / 1e6)} MB are read.` : "", true);
  const json = input.trim() ? ask(() => classifier.diagnose(input, now())) : null;
  /** @type {Report | null} */
  const report = json === null ? null : JSON.parse(json);
  if (report && begins) shift(report, begins);
  shown.report = report;
  shown.text = whole;
  shown.rows = report ? rows(report) : [];
  shown.row = 0;
  shown.member = 0;
  get("clear", HTMLButtonElement).disabled = whole === "";
  get("redact", HTMLButtonElement).disabled = whole.trim() === "";
  show(pasted);
}

/** @param {Report} report @param {number} by */
function shift(report, by) {
  for (const finding of report.findings) for (const one of finding.diagnoses) for (const proof of one.evidence) {
    proof.spans_utf16 = proof.spans_utf16.map(([start, end]) => [start + by, end + by]);
  }
}

/** One row for each group; what healed by itself comes after them.
 * @param {Report} report
 * @returns {Row[]} */
function rows(report) {
  /** @type {Row[]} */
  const rows = report.groups.map(({ members, cause, counts }) => ({ members, cause, counts }));
  const listed = new Set(rows.flatMap((row) => row.members));
  report.findings.forEach((finding, index) => {
    if (!listed.has(index)) rows.push({ members: [index], cause: finding.diagnoses[0]?.cause ?? null, counts: null });
  });
  return rows;
}

/** @param {string} words @param {boolean} loud */
function say(words, loud) {
  const said = words || "Or drop a file here.";
  if (note.textContent !== said) note.textContent = said;
  get("paste-hint", HTMLElement).classList.toggle("loud", loud && words !== "");
}

// ------------------------------------------------------------------------------------------------ marks in the text

/** Lays marks on the user's own text: a copy of it lies under the text box, with the proving words in `<mark>`. */
function mark() {
  const report = shown.report;
  /** @type {Mark[]} */
  const all = [];
  shown.rows.forEach((row, at) => {
    const members = at === shown.row ? [row.members[shown.member] ?? row.members[0]] : row.members.slice(0, 50);
    for (const index of members) {
      report?.findings[index].diagnoses[0]?.evidence.forEach((proof, number) => {
        for (const [start, end] of proof.spans_utf16) if (end > start) all.push({ start, end, row: at, proof: number });
      });
    }
  });
  all.sort((a, b) => Number(a.row !== shown.row) - Number(b.row !== shown.row) || a.start - b.start || b.end - a.end);
  /** @type {Mark[]} */
  const kept = [];
  for (const one of all) if (kept.every((other) => one.end <= other.start || one.start >= other.end)) kept.push(one);
  kept.sort((a, b) => a.start - b.start);
  shown.marks = kept;
  shown.lit = null;
  if (shown.text.length > MARKED) {
    unmark();
    return;
  }
  const parts = [];
  let at = 0;
  for (const one of kept) {
    if (one.start > at) parts.push(shown.text.slice(at, one.start));
    const kind = one.row === shown.row ? "" : "other";
    parts.push(h("mark", { class: kind, "data-row": one.row, "data-proof": one.proof }, shown.text.slice(one.start, one.end)));
    at = one.end;
  }
  // A line end at the very end has a line of its own in a text box, and none in a block.
  parts.push(shown.text.slice(at) + "\u200b");
  mirror.replaceChildren(...parts);
}

function unmark() {
  shown.marks = [];
  shown.lit = null;
  mirror.replaceChildren();
}

/** @param {number} row @param {number} proof */
function light(row, proof) {
  for (const element of document.querySelectorAll(".lit")) element.classList.remove("lit");
  if (row < 0) return;
  for (const element of mirror.querySelectorAll(`mark[data-row="${row}"][data-proof="${proof}"]`)) element.classList.add("lit");
  if (row === shown.row) result.querySelector(`.proof[data-proof="${proof}"]`)?.classList.add("lit");
  else result.querySelector(`.rows [data-row="${row}"]`)?.classList.add("lit");
}

/** @param {number} proof */
function scrollToProof(proof) {
  const element = mirror.querySelector(`mark[data-row="${shown.row}"][data-proof="${proof}"]`);
  if (!element) return;
  const box = element.getBoundingClientRect();
  const frame = editor.getBoundingClientRect();
  const below = box.top - frame.top + Math.min(box.height, frame.height) / 2 - frame.height / 2;
  editor.scrollTop += below;
}

/** The mark under the pointer: the text box lies above the marks, so they are found by place.
 * @param {MouseEvent} event */
function markAt(event) {
  for (const element of mirror.querySelectorAll("mark")) {
    for (const box of element.getClientRects()) {
      if (event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom) return element;
    }
  }
  return null;
}

text.addEventListener("mousemove", (event) => {
  const element = shown.marks.length ? markAt(event) : null;
  if (element === shown.lit) return;
  shown.lit = element;
  text.style.cursor = element ? "pointer" : "";
  light(Number(element?.dataset.row ?? -1), Number(element?.dataset.proof ?? -1));
});
text.addEventListener("mouseleave", () => { shown.lit = null; light(-1, -1); });
// A click, or the caret moved by keys, into proving words leads to what they prove.
document.addEventListener("selectionchange", () => {
  if (document.activeElement !== text || text.selectionStart !== text.selectionEnd) return;
  const caret = text.selectionStart;
  const one = shown.marks.find((one) => caret > one.start && caret < one.end);
  light(one?.row ?? -1, one?.proof ?? -1);
});
text.addEventListener("click", () => {
  const caret = text.selectionStart;
  const one = shown.marks.find((one) => caret > one.start && caret < one.end && one.row !== shown.row);
  if (one && text.selectionStart === text.selectionEnd) select(one.row, 0);
});

// ------------------------------------------------------------------------------------------------ the answer

/** @param {boolean} pasted */
function show(pasted) {
  const report = shown.report;
  document.body.classList.toggle("read", report !== null);
  welcome.hidden = report !== null;
  result.hidden = report === null;
  editor.classList.toggle("tall", shown.text.length > BRIEF);
  editor.classList.toggle("long", shown.text.length > MARKED);
  unfilled.clear();
  // Under a text that came in one piece the old marks go at once, and the new ones come later.
  const later = pasted && report !== null && shown.text.length > BRIEF;
  if (later) unmark();
  else mark();
  if (!report) {
    result.replaceChildren();
    announce("");
    return;
  }
  draw(report, result);
  const best = report.findings[shown.rows[0]?.members[0]]?.diagnoses[0];
  if (!best) announce("Nothing in this text is a failing image pull.");
  else announce(`${shown.rows.length > 1 ? `${shown.rows.length} answers. ` : ""}${best.title}. ${SURE[best.confidence]}. ${many(best.fixes.length, "fix")
    .replace("fixs", "fixes")}.`);
  afterFrame(() => {
    // Another text may have come meanwhile.
    if (shown.report !== report) return;
    if (later) mark();
    if (pasted) {
      // A browser follows the caret to the end of what was pasted, and may have moved the page with it.
      if (innerHeight > 480) scrollTo({ top: 0, behavior: "instant" });
      editor.scrollTop = 0;
      scrollToProof(0);
    }
    fillAll();
  });
}

/** Runs it when the next frame is on its way to the screen. @param {() => void} run */
function afterFrame(run) {
  requestAnimationFrame(() => setTimeout(run));
}

/** Draws the answer.
 * @param {Report} report @param {HTMLElement} into */
function draw(report, into) {
  const parts = [];
  if (report.findings.length === 0) parts.push(nothing(report));
  else {
    if (shown.rows.length > 1 || shown.rows.some((row) => row.members.length > 1)) parts.push(list(report));
    parts.push(card(report));
    for (const one of report.notes) parts.push(h("p", { class: "note" }, visible(one.text)));
  }
  into.replaceChildren(...parts);
}

/** Closed parts of the answer that are still empty, and what goes into them.
 * @type {Map<HTMLElement, () => HTMLElement>} */
const unfilled = new Map();

/** A part that is closed at first: filled after the frame with the answer, or as soon as somebody opens it.
 * @param {(Node | string)[]} summary @param {() => HTMLElement} content */
function closed(summary, content) {
  const details = h("details", { class: "more", ontoggle: () => fill(details) }, h("summary", {}, ...summary));
  unfilled.set(details, content);
  return details;
}

/** @param {...HTMLElement} children */
const part = (...children) => h("div", { class: "part" }, ...children);

/** @param {HTMLElement} details */
function fill(details) {
  const content = unfilled.get(details);
  unfilled.delete(details);
  if (content) details.append(content());
}

function fillAll() {
  for (const details of [...unfilled.keys()]) fill(details);
}

let announced = 0;
/** Says it to a screen reader, once the typing has stopped.
 * @param {string} words */
function announce(words) {
  clearTimeout(announced);
  announced = window.setTimeout(() => { live.textContent = words; }, 400);
}

/** @param {number} row @param {number} member */
function select(row, member) {
  shown.row = row;
  shown.member = member;
  mark();
  unfilled.clear();
  if (shown.report) draw(shown.report, result);
  scrollToProof(0);
  fillAll();
}

/** @param {Report} report */
function nothing(report) {
  return h("div", { class: "card" }, h("div", { class: "empty" },
    h("h2", {}, "Nothing here is a failing image pull"),
    // What the heading says already is left out.
    ...report.notes.filter((one) => one.code !== "nothing-found").map((one) => h("p", { class: "note" }, visible(one.text))),
    h("p", {}, "What shows it: the events at the end of this command’s output. They are kept for an hour."),
    command("kubectl describe pod POD -n NAMESPACE", "Command"),
  ));
}

/** @param {Finding} finding */
const subject = (finding) => visible([finding.namespace, finding.pod].filter(Boolean).join("/"));

/** Several answers: what they are, and how many containers each is about.
 * @param {Report} report */
function list(report) {
  const failing = report.groups.reduce((sum, group) => sum + group.counts.findings, 0);
  const groups = report.groups.length;
  const words = failing === 0 ? "No pull is failing now" : groups === 1
    ? `${many(failing, "failing pull")}, one cause` : `${many(failing, "failing pull")}, ${many(groups, "cause")}`;
  const items = shown.rows.map((row, at) => {
    const finding = report.findings[row.members[0]];
    const best = finding.diagnoses[0];
    const counts = row.counts;
    const wide = counts && [counts.pods > 1 && many(counts.pods, "pod"), counts.owners > 1 && many(counts.owners, "owner"),
      counts.nodes > 1 && many(counts.nodes, "node"), counts.images > 1 && many(counts.images, "image")].filter(Boolean).join(", ");
    const where = row.members.length === 1
      ? [subject(finding), finding.container?.name, finding.image].filter(Boolean).join(" · ")
      : [finding.registry, wide].filter(Boolean).join(" · ");
    return h("li", {}, h("button", {
      type: "button", "data-row": at, "aria-current": at === shown.row ? "true" : null,
      onclick: () => { select(at, 0); result.querySelector(`.rows [data-row="${at}"]`) instanceof HTMLElement && focusRow(at); },
    },
    h("span", {}, visible(best?.title ?? "No cause in the text")),
    h("span", { class: "count" }, finding.state === "healed" ? "healed" : row.members.length > 1 ? `× ${row.members.length}` : ""),
    h("span", { class: "soft" }, visible(where))));
  });
  return h("div", { class: "card" }, h("h2", { class: "summary" }, words), h("ul", { class: "rows" }, ...items));
}

/** @param {number} row */
function focusRow(row) {
  const element = result.querySelector(`.rows [data-row="${row}"]`);
  if (element instanceof HTMLElement) element.focus();
}

/** @param {Report} report */
function card(report) {
  const row = shown.rows[shown.row];
  const finding = report.findings[row.members[shown.member] ?? row.members[0]];
  const [best, ...others] = finding.diagnoses;
  const [first, ...rest] = best.fixes;
  /** @type {[string, string | null | undefined][]} */
  const names = [
    ["pod", subject(finding)],
    [finding.container ? KIND[finding.container.kind] ?? "container" : "", finding.container?.name],
    ["image", finding.image],
    ["node", finding.node],
  ];
  const who = first && WHO[first.who];
  const pills = [
    h("li", { class: `pill ${best.confidence}` },
      h("span", { class: "dots", "aria-hidden": "true" }, { certain: "●●●", likely: "●●○", possible: "●○○" }[best.confidence]), SURE[best.confidence]),
    finding.state === "healed" ? h("li", { class: "pill healed" }, "It healed by itself") : h("li", { class: `pill ${best.outlook}` }, OUTLOOK[best.outlook]),
    finding.state === "retrying" ? h("li", { class: "pill" }, "A new attempt is under way") : null,
    finding.state !== "healed" && who ? h("li", { class: "pill" }, `For ${who}`) : null,
    finding.next_retry !== null && finding.state === "failing" ? h("li", { class: "pill" }, `Next try within ${duration(finding.next_retry)}`) : null,
  ].filter((pill) => pill !== null);
  return h("article", { class: "card", "aria-label": best.title },
    h("div", { class: "verdict" },
      h("div", { class: "subject" }, ...names.filter(([, name]) => name).map(([label, name]) => h("span", {}, `${label} `, h("b", {}, visible(name ?? ""))))),
      h("h2", {}, visible(best.title)),
      h("ul", { class: "pills", "aria-label": "How sure, and whose turn" }, ...pills),
      h("p", { class: "about" }, h("a", { href: `#${best.cause}` }, "What this means"), " ", h("code", { class: "soft" }, best.cause))),
    best.evidence.length > 0 && h("section", { class: "part", "aria-labelledby": "proof-title" },
      h("h3", { id: "proof-title" }, "Proof"),
      h("ul", { class: "proofs" }, ...best.evidence.map((one, index) => h("li", {}, proof(one, index, true))))),
    first && h("section", { class: "part", "aria-labelledby": "fix-title" }, h("h3", { id: "fix-title" }, "Fix"), fix(first, true)),
    rest.length > 0 && closed([rest.length === 1 ? "One other way" : `${rest.length} other ways`], () => part(...rest.map((one) => fix(one, false)))),
    finding.would_settle.length > 0 && h("section", { class: "part", "aria-labelledby": "settle-title" },
      h("h3", { id: "settle-title" }, "What would settle it"),
      ...finding.would_settle.flatMap((one) => [h("p", {}, prose(one.question)), one.command ? command(one.command, "Command that settles it") : null])
        .filter((part) => part !== null),
      finding.would_settle.some((one) => one.command) && h("p", { class: "soft" }, "Run it, and paste what it prints here, below the rest.")),
    ...others.map((other, index) => closed([h("span", {}, index === 0 ? `If that is not it: ${visible(other.title)}` : `Or: ${visible(other.title)}`),
      h("span", { class: `pill ${other.confidence}` }, SURE[other.confidence])], () => part(
      h("p", { class: "about" }, h("a", { href: `#${other.cause}` }, "What this means"), " ", h("code", { class: "soft" }, other.cause)),
      h("ul", { class: "proofs" }, ...other.evidence.map((one, number) => h("li", {}, proof(one, number, false)))),
      ...other.fixes.map((one) => fix(one, false))))),
    tried(finding),
    row.members.length > 1 && closed([`The same for ${many(row.members.length - 1, "other pull")}`], () =>
      h("ul", { class: "rows" }, ...row.members.map((index, member) => h("li", {}, h("button", {
        type: "button", "aria-current": member === shown.member ? "true" : null, onclick: () => select(shown.row, member),
      }, h("span", {}, subject(report.findings[index]) || visible(report.findings[index].image ?? "")),
      h("span", { class: "soft" }, visible([report.findings[index].container?.name, report.findings[index].image, report.findings[index].node].filter(Boolean).join(" · ")))))))),
    (finding.looked_at.length > 0 || finding.not_read.length > 0) && closed(["What was looked at"], () => part(
      h("ul", { class: "tries" }, ...finding.looked_at.map((one) => h("li", {}, visible(one))),
        ...finding.not_read.map((one) => h("li", {}, `not read: ${visible(one.what)} (${visible(one.why)})`))))),
    h("div", { class: "part" }, h("div", { class: "actions" },
      copyButton("Copy for a ticket", () => ask(() => classifier.markdown(text.value.slice(-MOST), now())) ?? "", "outline"),
      h("button", { type: "button", class: "outline", onclick: openShare }, "Share a link"),
      h("button", { type: "button", class: "quiet", onclick: openReport }, "Wrong answer?"))));
}

/** A proof: the line of the text, with the proving words marked. It leads to its place.
 * @param {Evidence} one @param {number} index @param {boolean} linked */
function proof(one, index, linked) {
  const line = document.createDocumentFragment();
  const [first] = one.spans_utf16;
  if (!first) line.append(visible(one.text.trim()));
  else {
    const begins = shown.text.lastIndexOf("\n", first[0] - 1) + 1;
    const lead = one.text.length - one.text.trimStart().length;
    const before = first[0] - begins;
    const from = before - lead > 180 ? one.text.indexOf(" ", before - 130) + 1 : lead;
    let at = from;
    if (from > lead) line.append("… ");
    for (const [start, end] of one.spans_utf16) {
      if (start - begins < at) continue;
      line.append(visible(one.text.slice(at, start - begins)), h("mark", {}, visible(one.text.slice(start - begins, end - begins))));
      at = end - begins;
    }
    const after = one.text.slice(at).trimEnd();
    line.append(visible(after.length > 220 ? `${after.slice(0, Math.max(after.lastIndexOf(" ", 160), 100))} …` : after));
  }
  if (!first || !linked) return h("div", { class: "proof" }, line);
  return h("button", {
    type: "button", class: "proof", "data-proof": index, title: "Show it in the text",
    onmouseenter: () => light(shown.row, index), onmouseleave: () => light(-1, -1),
    onfocus: () => light(shown.row, index), onblur: () => light(-1, -1),
    onclick: () => {
      scrollToProof(index);
      text.setSelectionRange(first[0], first[1]);
      text.focus({ preventScroll: !editor.classList.contains("long") });
      light(shown.row, index);
      if (editor.getBoundingClientRect().bottom < 60 || editor.getBoundingClientRect().top < 0) editor.scrollIntoView({ block: "nearest" });
    },
  }, line);
}

/** @param {Fix} one @param {boolean} best */
function fix(one, best) {
  /** @type {HTMLElement[]} */
  const parts = [h("h4", {}, prose(one.title))];
  const place = one.place.length > 0 ? ` · ${one.place.join(", ")}` : "";
  parts.push(h("p", { class: "who" }, `For ${WHO[one.who]}${place}`));
  // What can be run stands first: it is what somebody in a hurry looks for.
  if (one.commands.length > 0) parts.push(effect(one.commands), commands(one.commands, "Commands that heal", best));
  if (one.steps.length === 1) parts.push(h("p", { class: "step" }, prose(one.steps[0])));
  else if (one.steps.length > 1) parts.push(h("ul", { class: "step" }, ...one.steps.map((step) => h("li", {}, prose(step)))));
  if (one.checks.length > 0) parts.push(effect(one.checks), commands(one.checks, "Commands that look", false));
  if (one.warnings.length === 1) parts.push(h("p", { class: "warning" }, prose(one.warnings[0])));
  else if (one.warnings.length > 1) parts.push(h("ul", { class: "warning", "aria-label": "Mind" }, ...one.warnings.map((warning) => h("li", {}, prose(warning)))));
  return h("div", { class: "fix" }, ...parts);
}

/** The strongest thing these commands do, and what they need before.
 * @param {Command[]} list */
function effect(list) {
  const strongest = /** @type {const} */ (["disrupts", "changes", "reads"]).find((effect) => list.some((one) => one.effect === effect)) ?? "reads";
  const needs = [...new Set(list.flatMap((one) => one.needs))];
  const [word, more] = EFFECT[strongest];
  return h("p", { class: `effect ${strongest}` }, h("b", {}, word), more, needs.length > 0 ? ". Set before, in your shell: " : "",
    ...needs.flatMap((name, index) => [index ? ", " : "", h("code", {}, name)]));
}

/** @param {Command[]} list @param {string} label @param {boolean} best */
function commands(list, label, best) {
  return block(list.map((one) => visible(one.run)), label, best);
}

/** @param {string} run @param {string} label */
function command(run, label) {
  return block([visible(run)], label, false);
}

/** @param {string[]} lines @param {string} label @param {boolean} best */
function block(lines, label, best) {
  const whole = lines.join("\n");
  return h("div", { class: "command" },
    h("pre", { tabindex: "0", role: "group", "aria-label": label }, 
      ...lines.map((line) => h("code", {}, ...line.split(/( +)/).map((word) => /^ *$/.test(word) ? word : h("span", {}, word))))),
    copyButton("Copy", () => whole, "", best ? "copy-fix" : null));
}

/** What was tried, where that is more than the proof shows.
 * @param {Finding} finding */
function tried(finding) {
  const tries = finding.attempts.flatMap((attempt) => attempt.tries.map((one) => ({ attempt, one })));
  if (tries.length < 2) return null;
  return closed([`What was tried (${tries.length})`], () => part(
    h("ol", { class: "tries" }, ...tries.slice(-30).map(({ attempt, one }) => h("li", {},
      h("span", { class: "soft" }, [attempt.age !== null ? `${duration(attempt.age)} ago` : "", attempt.count && attempt.count > 1 ? `× ${attempt.count}` : ""].filter(Boolean).join(", "), " "),
      h("code", {}, visible(one.text)))))));
}

// ------------------------------------------------------------------------------------------------ copy, share, report

/** @param {string} label @param {() => string} what @param {string} look @param {string | null} [id] */
function copyButton(label, what, look, id = null) {
  const button = h("button", { type: "button", class: `copy ${look}`, id }, label);
  button.addEventListener("click", () => copy(button, what()));
  return button;
}

/** @param {HTMLElement} button @param {string} words */
async function copy(button, words) {
  const label = button.dataset.label ?? button.textContent ?? "";
  button.dataset.label = label;
  const done = await toClipboard(words);
  button.textContent = done ? "Copied" : "Not copied";
  button.classList.toggle("done", done);
  live.textContent = done ? "Copied" : "Not copied: select the text and copy it yourself";
  window.setTimeout(() => { button.textContent = label; button.classList.remove("done"); }, 1600);
}

/** @param {string} words */
async function toClipboard(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    // Not allowed here (an old browser, a frame): the older way.
    const area = h("textarea", { class: "visually-hidden", readonly: true });
    area.value = words;
    const before = document.activeElement;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (before instanceof HTMLElement) before.focus();
    return done;
  }
}

/** @param {string} words */
const masked = (words) => ask(() => classifier.mask_names(words)) ?? "";

/** @param {string} words */
async function pack(words) {
  const stream = new Blob([words]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** @param {string} packed */
async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const decoder = new TextDecoder();
  let words = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    words += decoder.decode(part.value, { stream: true });
    // A small link can hold a very long text; nobody shares one in earnest.
    if (words.length > MOST) { await reader.cancel(); break; }
  }
  return words + decoder.decode();
}

const share = get("share", HTMLDialogElement);
const sharePreview = get("share-preview", HTMLTextAreaElement);
const shareLink = get("share-link", HTMLInputElement);

async function fillShare() {
  const plain = share.querySelector("input[value=plain]");
  const words = plain instanceof HTMLInputElement && plain.checked ? text.value : masked(text.value);
  sharePreview.value = words;
  shareLink.value = `${location.href.split("#")[0]}#t=${await pack(words)}`;
  const length = shareLink.value.length;
  get("share-size", HTMLElement).textContent = `${length.toLocaleString("en")} characters${length > 8000 ? ": too long for some chats and mail programs" : ""}${
    location.protocol === "file:" ? ". The page was opened from a file: the link leads to that file" : ""}.`;
}
function openShare() {
  const first = share.querySelector("input[value=masked]");
  if (first instanceof HTMLInputElement) first.checked = true;
  void fillShare();
  share.showModal();
}
share.addEventListener("change", () => void fillShare());
get("share-copy", HTMLButtonElement).addEventListener("click", (event) => void copy(/** @type {HTMLElement} */ (event.currentTarget), shareLink.value));

const reportDialog = get("report", HTMLDialogElement);
const reportBody = get("report-body", HTMLTextAreaElement);
const reportOk = get("report-ok", HTMLInputElement);
const reportGo = get("report-go", HTMLAnchorElement);

function openReport() {
  const row = shown.rows[shown.row];
  const cause = row?.cause ?? "none";
  const words = masked(text.value);
  const part = words.length > 4000 ? `${words.slice(0, 1000)}\n…\n${words.slice(-3000)}` : words;
  const fence = "`".repeat(Math.max(3, ...[...part.matchAll(/`+/g)].map((run) => run[0].length + 1)));
  reportBody.value = `The page answered: ${cause}\nIt should be: \n\nText, names masked:\n\n${fence}\n${part.trimEnd()}\n${fence}\n`;
  reportOk.checked = false;
  fillReport();
  reportDialog.showModal();
}
function fillReport() {
  const row = shown.rows[shown.row];
  reportGo.setAttribute("aria-disabled", String(!reportOk.checked));
  if (!reportOk.checked) { reportGo.removeAttribute("href"); return; }
  const query = new URLSearchParams({ title: `Wrong answer: ${row?.cause ?? "none"}`, body: reportBody.value });
  reportGo.href = `${ISSUES}?${query}`;
}
reportBody.addEventListener("input", fillReport);
reportOk.addEventListener("change", fillReport);

// ------------------------------------------------------------------------------------------------ text coming in

/** @param {string} words */
function put(words) {
  text.value = words;
  changed(true);
}

/** @param {File} file */
async function open(file) {
  const most = 32_000_000;
  // The end, where events and the newest lines of a log stand.
  const bytes = new Uint8Array(await file.slice(Math.max(0, file.size - most)).arrayBuffer());
  const start = bytes.subarray(0, 65_536);
  const utf16 = start.length > 1 && ((start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff));
  const words = new TextDecoder(utf16 ? (start[0] === 0xff ? "utf-16le" : "utf-16be") : "utf-8").decode(bytes);
  const sample = words.slice(0, 65_536);
  const broken = (sample.match(/[\u0000-\u0008\u000e-\u001a\u001c-\u001f\ufffd]/g) ?? []).length;
  if (broken > sample.length / 20) {
    say(`${file.name} is no text. A bundle of kubectl cluster-info or must-gather: unpack it first.`, true);
    return;
  }
  put(words);
  if (file.size > most) say(`${file.name} is very long: its end is read.`, true);
}

text.addEventListener("input", (event) => {
  const kind = event instanceof InputEvent ? event.inputType : "";
  changed(kind.startsWith("insertFrom"));
});
get("open", HTMLInputElement).addEventListener("change", (event) => {
  const input = /** @type {HTMLInputElement} */ (event.currentTarget);
  if (input.files?.[0]) void open(input.files[0]);
  input.value = "";
});
get("clear", HTMLButtonElement).addEventListener("click", () => { put(""); text.focus(); });
get("redact", HTMLButtonElement).addEventListener("click", () => {
  put(masked(text.value));
  say("Names are masked; the answer is the same.", false);
});

const drop = get("drop", HTMLElement);
/** @param {DragEvent} event */
const holdsFile = (event) => event.dataTransfer?.types.includes("Files") ?? false;
addEventListener("dragover", (event) => {
  if (!holdsFile(event)) return;
  event.preventDefault();
  drop.hidden = false;
});
addEventListener("dragleave", (event) => { if (event.relatedTarget === null) drop.hidden = true; });
addEventListener("drop", (event) => {
  drop.hidden = true;
  if (!holdsFile(event)) return;
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  if (file) void open(file);
});

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", () => void copy(/** @type {HTMLElement} */ (button), /** @type {HTMLElement} */ (button).dataset.copy ?? ""));
}
for (const [name, [title, hint]] of Object.entries(SAMPLES)) {
  const sample = document.querySelector(`template[data-sample="${name}"]`);
  if (!(sample instanceof HTMLTemplateElement)) continue;
  get("chips", HTMLElement).append(h("li", {}, h("button", {
    type: "button",
    onclick: () => {
      put(sample.content.textContent ?? "");
      text.focus({ preventScroll: true });
      scrollTo({ top: 0 });
    },
  }, title, h("code", {}, hint))));
}

// ------------------------------------------------------------------------------------------------ the frame

addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLInputElement;
  if (document.querySelector("dialog[open]")) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    event.preventDefault();
    document.getElementById("copy-fix")?.click();
  } else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    text.focus();
  } else if (event.key === "Escape" && event.target === text) {
    answer.focus();
  }
});

const THEMES = ["", "light", "dark"];
const themeButton = get("theme", HTMLButtonElement);
/** @param {string} theme */
function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  const label = `Theme: ${theme || "as the system"}`;
  themeButton.setAttribute("aria-label", label);
  themeButton.title = label;
}
/** @param {string | null} [value] */
function storedTheme(value) {
  // Storage may be forbidden: then the choice lasts as long as the page.
  try {
    if (value === undefined) return localStorage.getItem("theme") ?? "";
    if (value) localStorage.setItem("theme", value);
    else localStorage.removeItem("theme");
  } catch { /* as above */ }
  return "";
}
themeButton.addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "") + 1) % THEMES.length];
  setTheme(next);
  storedTheme(next);
});
get("privacy-open", HTMLButtonElement).addEventListener("click", () => get("privacy", HTMLDialogElement).showModal());
get("home", HTMLAnchorElement).addEventListener("click", (event) => {
  event.preventDefault();
  put("");
  history.replaceState(null, "", location.pathname + location.search);
  scrollTo({ top: 0 });
  text.focus({ preventScroll: true });
});

/** Follows the part of the address behind `#`: a shared text, or a cause's page. */
async function follow() {
  const fragment = location.hash.slice(1);
  if (fragment.startsWith("t=")) {
    try {
      const words = await unpack(fragment.slice(2));
      text.value = words;
      analyze(true);
    } catch {
      say("The text in this link is damaged: a part of the link is missing.", true);
    }
    return;
  }
  const page = fragment ? document.getElementById(fragment) : null;
  const holder = page?.closest("details.cause");
  if (page && holder instanceof HTMLDetailsElement) {
    holder.open = true;
    holder.scrollIntoView();
    const head = holder.querySelector("summary");
    head?.focus({ preventScroll: true });
  }
}
addEventListener("hashchange", () => void follow());

setTheme(storedTheme());
await start();
document.documentElement.dataset.ready = "";
if (location.hash.length > 1) await follow();
if (text.value && !shown.report) analyze(true);
else warm();
