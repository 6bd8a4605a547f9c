// The player at the foot of the log: a row's [data-play] button sets the one <audio>, native keys do the rest.
const card = () => document.getElementById("player");
const audio = () => card().querySelector("audio");

function mark(button) {
  for (const row of document.querySelectorAll("tr[aria-current]")) row.removeAttribute("aria-current");
  button.closest("tr")?.setAttribute("aria-current", "true");
}

function play(button) {
  if (audio().getAttribute("src") !== button.dataset.play) audio().src = button.dataset.play;
  card().querySelector("[data-player-title]").textContent = button.dataset.title ?? "";
  card().hidden = false;
  mark(button);
  audio().play();
}

function clicked({ target }) {
  const button = target.closest("[data-play], [data-skip], [data-speed], [data-stop]");
  if (!button) return;
  const { play: source, skip, speed } = button.dataset;
  if (source) play(button);
  else if (skip) audio().currentTime = Math.max(0, audio().currentTime + Number(skip));
  else if (speed) setSpeed(button, Number(speed));
  else { audio().pause(); card().hidden = true; }
}

function setSpeed(button, speed) {
  audio().defaultPlaybackRate = audio().playbackRate = speed;
  for (const other of card().querySelectorAll("[data-speed]")) other.setAttribute("aria-pressed", other === button);
}

document.addEventListener("click", clicked);
