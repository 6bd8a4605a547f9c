// The page's line: what htmx's socket does not do by itself. It notices a silent line, comes back from the
// back/forward cache, tells a refusal from a lost network, and says on <body data-live> how things stand.
import { start as startBusy } from "./busy.js";
import { start as startPage, failed } from "./page.js";
import { start as startPops } from "./pops.js";
import { start as startSound } from "./sound.js";
import { setClock, tick } from "./timers.js";

const SILENT_MS = 45_000; // the server beats each 20 s
const STUCK_MS = 12_000; // longer than the longest pause between two attempts
const PATIENCE_MS = 2_000; // a reload or a restart heals faster than anyone should read about it
const SESSION_ENDED = 4401;
const TOO_MANY_TABS = 4409;

const line = () => document.getElementById("line");
let heard = Date.now(); // when the server last spoke
let tried = Date.now(); // when a connection was last tried
let lost = Date.now(); // when the line was lost; 0 while it is up
let paused = false;

function toLogin() {
  location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
}

function show(up) {
  document.body.dataset.live = up ? "on" : "off";
  lost = up ? 0 : lost || Date.now();
  if (up) paused = false;
  showTrouble();
}

function showTrouble() {
  const long = lost !== 0 && !paused && Date.now() - lost > PATIENCE_MS;
  document.getElementById("lost").hidden = !long;
  document.getElementById("paused").hidden = !paused;
  document.body.toggleAttribute("data-lost", long || paused);
  for (const button of document.querySelectorAll("[data-needs-line]")) button.disabled = long || paused;
}

// Tears the socket down and opens a new one; the server begins every connection with a snapshot.
function revive() {
  heard = tried = Date.now();
  paused = false;
  show(false);
  htmx.process(line(), true);
}

// A refused upgrade looks like a lost network to the browser; asked without upgrade, the server says why.
async function askWhy() {
  try {
    const answer = await fetch("/live", { redirect: "manual", cache: "no-store" });
    if (answer.status === 401) toLogin();
  } catch {
    // No network: htmx keeps trying, the banner says so.
  }
}

function closed(event) {
  const { code, reason } = event.detail;
  if (reason === "removed") return; // our own revive()
  const wasUp = document.body.dataset.live === "on";
  if (code === SESSION_ENDED) return toLogin();
  paused = code === TOO_MANY_TABS;
  show(false);
  if (!wasUp && !paused) askWhy();
}

function spoken(event) {
  heard = Date.now();
  const { data } = event.detail.message;
  if (typeof data === "string" && data.startsWith('{"beat"')) setClock(JSON.parse(data).beat);
}

function everySecond() {
  tick();
  showTrouble();
  if (paused) return;
  const silent = lost === 0 && Date.now() - heard > SILENT_MS;
  const stuck = lost !== 0 && Date.now() - tried > STUCK_MS;
  if (silent || stuck) revive();
}

// What the page asks for by itself fails in silence: it asks again, and a lost line has its banner.
function complain({ ctx }) {
  if (!ctx?.sourceElement?.matches("[hx-trigger^=every]")) failed();
}

function watch() {
  document.addEventListener("htmx:ws:before:connection", () => { tried = Date.now(); });
  document.addEventListener("htmx:ws:after:connection", () => { heard = Date.now(); show(true); });
  document.addEventListener("htmx:ws:before:message:incoming", spoken);
  document.addEventListener("htmx:ws:close", closed);
  document.addEventListener("htmx:after:swap", () => tick());
  document.addEventListener("htmx:response:error", ({ detail }) => {
    if (detail.ctx.response.status === 401) toLogin();
    else complain(detail);
  });
  document.addEventListener("htmx:error", ({ detail }) => complain(detail));
  document.addEventListener("click", ({ target }) => { if (target.closest("[data-revive]")) revive(); });
  addEventListener("pageshow", ({ persisted }) => { if (persisted) revive(); });
  addEventListener("online", () => { if (!paused) revive(); });
  // A worker's clock: timers of a hidden page slip to most of a minute.
  new Worker("/static/js/tick.js").addEventListener("message", everySecond);
}

setClock(Number(document.body.dataset.now));
startPage();
startBusy();
startPops();
startSound();
watch();
