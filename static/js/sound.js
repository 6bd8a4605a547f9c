// The ringing sound and the system's notice. A browser lets a page sound only after a click, and forgets it on
// reload: then the switch says so, and any click arms it again. The bell is drawn by WebAudio, there is no file.
const KEY = "pult.sound";
const PAUSE_MS = 3_000;
let context = null;
let rings = false;
let timer = 0;
let notice = null;

const control = () => document.getElementById("sound");
const wanted = () => localStorage.getItem(KEY) !== "off";
const armed = () => context?.state === "running";

function show() {
  if (control()) control().dataset.sound = !wanted() ? "off" : armed() ? "on" : "blocked";
}

async function arm() {
  if (!wanted() || armed()) return;
  context ??= new AudioContext();
  await context.resume();
  show();
  if (rings) bell();
}

function bell() {
  clearTimeout(timer);
  if (!rings || !wanted()) return;
  if (armed()) for (const [at, pitch] of [[0, 660], [0.18, 880], [0.6, 660], [0.78, 880]]) tone(at, pitch);
  timer = setTimeout(bell, PAUSE_MS);
}

function tone(at, pitch) {
  const start = context.currentTime + at;
  const oscillator = new OscillatorNode(context, { frequency: pitch });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(0.2, start + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.001, start + 0.17);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + 0.18);
}

function notify(words) {
  if (!wanted() || !document.hidden || globalThis.Notification?.permission !== "granted") return;
  notice = new Notification(words, { tag: "pult-ringing", icon: "/static/favicon.svg" });
  notice.addEventListener("click", () => { focus(); notice?.close(); });
}

// Called by pops.js whenever the set of ringing calls may have changed.
export function changed(nowRings, words) {
  const begins = nowRings && !rings;
  rings = nowRings;
  if (begins) { bell(); notify(words); }
  if (!rings) { clearTimeout(timer); notice?.close(); notice = null; }
}

async function toggle() {
  const turnOn = control().dataset.sound !== "on";
  localStorage.setItem(KEY, turnOn ? "on" : "off");
  if (turnOn) {
    await arm();
    if (globalThis.Notification?.permission === "default") Notification.requestPermission();
  }
  show();
}

export function start() {
  control()?.addEventListener("click", (event) => { event.stopPropagation(); toggle(); });
  document.addEventListener("click", arm);
  document.addEventListener("keydown", arm);
  show();
}
