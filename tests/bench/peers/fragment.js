// The fragment of about one kilobyte that every JavaScript peer sends, and the form of a push.
const PADDING = 'x'.repeat(620);

exports.fragment = ({ callid, phone, user }) =>
  `<div id="pop" hx-swap-oob="beforeend"><article class="call incoming" id="call-${callid}" data-callid="${callid}" ` +
  `data-state="ringing"><h2>Incoming call</h2><p class="who"><a href="tel:+${phone}">+${phone}</a></p>` +
  `<p class="user">${user}</p><p class="client">Client card &mdash; <a href="/clients/${phone}">open</a></p>` +
  `<div class="padding">${PADDING}</div></article></div>`;

exports.gone = ({ callid }) => `<div hx-swap-oob="delete:#call-${callid}" data-callid="${callid}"></div>`;

exports.readForm = (request, then) => {
  let body = '';
  request.on('data', piece => { body += piece; });
  request.on('end', () => then(Object.fromEntries(new URLSearchParams(body)), body));
};
