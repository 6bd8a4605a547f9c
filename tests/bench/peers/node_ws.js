// The same publication with npm's ws.
const http = require('http');
const { WebSocketServer } = require('ws');
const { fragment, readForm } = require('./fragment');

const tabsOf = new Map();
const server = http.createServer((request, response) => readForm(request, form => {
  const html = fragment(form);
  const tabs = form.to === 'all' ? sockets.clients : tabsOf.get(form.user) || [];
  for (const tab of tabs) if (tab.readyState === 1) tab.send(html);
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
