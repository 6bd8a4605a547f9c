// A screen pop with npm's ws and better-sqlite3: the row is on disk before the frame leaves.
const http = require('http');
const Database = require('better-sqlite3');
const { WebSocketServer } = require('ws');
const { fragment, gone, readForm } = require('./fragment');

const db = new Database(process.env.DB);
db.pragma('journal_mode=WAL');
db.pragma('synchronous=FULL');
db.exec('CREATE TABLE push(id INTEGER PRIMARY KEY, at REAL, callid TEXT, raw TEXT)');
const insert = db.prepare('INSERT INTO push(at, callid, raw) VALUES (?, ?, ?)');

const tabsOf = new Map();
const server = http.createServer((request, response) => readForm(request, (form, raw) => {
  insert.run(Date.now() / 1000, form.callid, raw);
  const html = form.type === 'CANCELLED' ? gone(form) : fragment(form);
  for (const tab of tabsOf.get(form.user) || []) if (tab.readyState === 1) tab.send(html);
  response.end('ok');
}));
const sockets = new WebSocketServer({ server, perMessageDeflate: false });

sockets.on('connection', (tab, request) => {
  const user = new URL(request.url, 'http://x').searchParams.get('user');
  if (!tabsOf.has(user)) tabsOf.set(user, new Set());
  tabsOf.get(user).add(tab);
  tab.on('close', () => tabsOf.get(user).delete(tab));
  tab.on('error', () => {});
});
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
