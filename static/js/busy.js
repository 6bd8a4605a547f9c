// What takes seconds says so on its own button, and is not begun twice: <form data-busy="words">, and
// <a data-busy="words" download> to a file that has to be made first.
import { failed } from "./page.js";

const KEPT_MS = 60_000; // how long the browser may take to save a file
const under = new Map(); // button under way → what puts it back

function begin(button, words) {
  const before = [...button.childNodes];
  const sign = document.getElementById("at-work").content.cloneNode(true);
  const text = Object.assign(document.createElement("span"), { textContent: words });
  button.replaceChildren(sign, text);
  button.setAttribute("aria-busy", "true");
  document.getElementById("announce").textContent = words;
  under.set(button, () => { button.replaceChildren(...before); button.removeAttribute("aria-busy"); });
}

function end(button) {
  under.get(button)?.();
  under.delete(button);
}

function sent(event) {
  const form = event.target;
  if (!("busy" in form.dataset)) return;
  const button = event.submitter ?? form.querySelector("button");
  if (under.has(button)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  begin(button, form.dataset.busy);
  form.addEventListener("htmx:finally:request", () => end(button), { once: true });
}

function clicked(event) {
  const link = event.target.closest("a[data-busy]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (under.has(link)) return;
  begin(link, link.dataset.busy);
  download(link).catch(failed).finally(() => end(link));
}

async function download(link) {
  const answer = await fetch(link.href);
  if (!answer.ok || answer.redirected) return location.assign(link.href); // a page says why
  const [, name] = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition")) ?? [];
  save(await answer.blob(), name ?? "");
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

export function start() {
  document.addEventListener("submit", sent, true); // before htmx hears of it
  document.addEventListener("click", clicked);
  addEventListener("pageshow", () => { for (const button of [...under.keys()]) end(button); });
}
