// The player at the foot of the log: a row's [data-play] button sets the one <audio>. J, K, L seek and pause, and so
// do the arrows and the space bar where these have no other work.
const RETRY_MS = 5_000;
const RETRIES = 6;

const card = () => document.getElementById("player");
const audio = () => card().querySelector("audio");
const rowButtons = () => document.querySelectorAll("[data-play]");

function toggle(button) {
  if (audio().getAttribute("src") !== button.dataset.play) start(button);
  else playOrPause();
}

function start(button) {
  audio().src = button.dataset.play;
  delete audio().dataset.tries;
  card().querySelector("[data-player-title]").textContent = button.dataset.title ?? "";
  card().hidden = false;
  say(audio(), "");
  audio().play().catch(quiet);
}

// A refused play() ends in an `error` event too: told there, in words.
function quiet() {}

// The row that plays is marked, and its button pauses.
function mark() {
  if (!card()) return;
  const playing = audio().getAttribute("src");
  for (const button of rowButtons()) {
    const current = !card().hidden && button.dataset.play === playing;
    if (current) button.closest("tr")?.setAttribute("aria-current", "true");
    else button.closest("tr")?.removeAttribute("aria-current");
    button.querySelector("use").setAttribute("href", `/static/icons.svg#${current && !audio().paused ? "pause" : "play"}`);
  }
}

function skip(seconds) {
  audio().currentTime = Math.max(0, audio().currentTime + seconds);
}

function playOrPause() {
  if (audio().paused) audio().play().catch(quiet);
  else audio().pause();
}

function setSpeed(button) {
  audio().defaultPlaybackRate = audio().playbackRate = Number(button.dataset.speed);
  for (const other of card().querySelectorAll("[data-speed]")) other.setAttribute("aria-pressed", other === button);
}

function stop() {
  audio().pause();
  card().hidden = true;
  mark();
}

function clicked({ target }) {
  const button = target.closest("[data-play], [data-skip], [data-speed], [data-stop]");
  if (!button) return;
  if (button.dataset.play) toggle(button);
  else if (button.dataset.skip) skip(Number(button.dataset.skip));
  else if (button.dataset.speed) setSpeed(button);
  else stop();
}

const keys = {
  KeyJ: () => skip(-5), ArrowLeft: () => skip(-5), KeyL: () => skip(5), ArrowRight: () => skip(5),
  KeyK: playOrPause, Space: playOrPause,
};

function typed(event) {
  const busy = event.target.closest?.("input, select, textarea, audio, [popover], [contenteditable]");
  if (busy || event.ctrlKey || event.metaKey || event.altKey || !card() || card().hidden) return;
  const act = keys[event.code];
  if (!act || (event.code === "Space" && event.target.closest?.("button, a, summary"))) return;
  if (event.code.startsWith("Arrow") && event.target.matches?.(".scroll")) return;
  event.preventDefault();
  act();
}

function say(sound, words) {
  const place = sound.closest(".player").querySelector("[data-said]");
  place.textContent = words;
  place.hidden = !words;
}

// A recording may still be on its way from the PBX: the server says 503 then, and we ask again.
async function failed(sound) {
  const { pending, missing } = sound.closest(".player").querySelector("[data-said]").dataset;
  const answer = await fetch(sound.src, { headers: { Range: "bytes=0-0" } }).catch(() => null);
  const tries = Number(sound.dataset.tries ?? 0);
  if (answer?.status !== 503 || tries >= RETRIES) return say(sound, missing);
  say(sound, pending);
  sound.dataset.tries = tries + 1;
  const asked = sound.src;
  setTimeout(() => { if (sound.src === asked && sound.isConnected) retry(sound); }, RETRY_MS);
}

function retry(sound) {
  sound.load();
  sound.play().catch(quiet);
}

// Media events do not bubble: they are caught on their way down.
function heard(type, then) {
  document.addEventListener(type, ({ target }) => target.matches?.(".player audio") && then(target), true);
}

heard("error", failed);
heard("playing", (sound) => say(sound, ""));
for (const type of ["play", "pause", "ended"]) heard(type, mark);
document.addEventListener("click", clicked);
document.addEventListener("keydown", typed);
document.addEventListener("htmx:after:swap", mark);
