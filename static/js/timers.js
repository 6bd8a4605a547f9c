// Running clocks: every [data-since] (epoch ms of the server) shows how long ago that was.
let offset = 0; // server's clock minus ours

export function setClock(serverNow) {
  if (Number.isFinite(serverNow) && serverNow > 0) offset = serverNow - Date.now();
}

export function written(seconds) {
  const pad = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

export function tick() {
  const now = Date.now() + offset;
  for (const element of document.querySelectorAll("[data-since]")) {
    const text = written(Math.max(0, Math.floor((now - Number(element.dataset.since)) / 1000)));
    if (element.textContent !== text) element.textContent = text;
  }
}
