// Screen pops: the page's title while they ring, the word for those who listen, hiding one for oneself.
import { changed } from "./sound.js";

const KEY = "pult.hidden-pops";
const title = document.title;
let announced = new Set();

const pops = () => document.getElementById("pops");
const hidden = () => new Set(JSON.parse(sessionStorage.getItem(KEY) ?? "[]"));

function ringing() {
  const found = pops()?.querySelectorAll('[data-pop][data-state="ringing"]') ?? [];
  return [...found].map((pop) => ({ id: pop.id, who: pop.querySelector("[data-who]")?.textContent.trim() ?? "" }));
}

// Hidden by this person in this tab; a new snapshot must not bring it back.
export function hide(pop) {
  sessionStorage.setItem(KEY, JSON.stringify([...hidden(), pop.id].slice(-100)));
  pop.remove();
}

function look() {
  const gone = hidden();
  for (const pop of pops().querySelectorAll(".pop")) if (gone.has(pop.id)) pop.remove();
  const calls = ringing();
  const words = calls.length ? document.body.dataset.ringing.replace("{who}", calls[0].who) : "";
  document.title = calls.length ? `(${calls.length}) ${words} — ${title}` : title;
  announce(calls);
  changed(calls.length > 0, words);
}

// Once for each call: a card that is drawn again must not be read again.
function announce(calls) {
  const fresh = calls.filter((call) => !announced.has(call.id));
  announced = new Set(calls.map((call) => call.id));
  if (!fresh.length) return;
  const words = fresh.map((call) => document.body.dataset.ringing.replace("{who}", call.who));
  document.getElementById("announce").textContent = words.join(". ");
}

export function start() {
  if (!pops()) return;
  new MutationObserver(look).observe(pops().parentNode, { childList: true, subtree: true, attributeFilter: ["data-state"] });
  look();
}
