// Small manners of every page: notices that leave, copy buttons, the two keys, filters that send themselves.
import { hide } from "./pops.js";

const NOTICE_MS = 6_000;

function notice(template) {
  const copy = document.getElementById(template).content.cloneNode(true);
  document.getElementById("notices").append(copy);
}

export function failed() {
  notice("toast-failed");
}

// A notice stays while it is pointed at or focused.
function leaveLater(toast) {
  if (toast.hasAttribute("data-keep")) return;
  setTimeout(() => (toast.matches(":hover, :focus-within") ? leaveLater(toast) : toast.remove()), NOTICE_MS);
}

function watchNotices() {
  const box = document.getElementById("notices");
  for (const toast of box.children) leaveLater(toast);
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) if (node.matches?.(".toast")) leaveLater(node);
  }).observe(box, { childList: true });
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  notice("toast-copied");
}

function clicked({ target }) {
  const button = target.closest("[data-copy], [data-close], [data-hide]");
  if (!button) return;
  if ("copy" in button.dataset) copy(button).catch(failed);
  else if ("hide" in button.dataset) hide(button.closest(".pop"));
  else button.closest(".toast").remove();
}

function typed(event) {
  const busy = event.target.closest?.("input, select, textarea, [popover], [contenteditable]");
  if (busy || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector(":popover-open")) return;
  const pop = document.querySelector("#pops .pop");
  // The key itself counts, so that it works in a Russian layout too.
  const slash = event.code === "Slash";
  if (event.key === "?" || (slash && event.shiftKey)) document.getElementById("keys").showPopover();
  else if (event.key === "/" || slash) write(event);
  else if (event.key === "Escape" && pop) hide(pop);
}

// The box to dial in; on pages without one, the search.
function write(event) {
  const box = document.querySelector("[data-dial-box]") ?? document.querySelector("main [type=search]");
  if (!box) return;
  event.preventDefault();
  box.focus();
}

export function start() {
  watchNotices();
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", typed);
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-submits]")) target.form.requestSubmit();
  });
}
