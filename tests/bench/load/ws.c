// A WebSocket: its handshake, the frames that come, the few that are sent.
#include "load.h"
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

long tabs_open, tabs_died, pings;

static Url address;
static const Owner *owner;
static char buffer[1 << 18];

void ws_start(const Owner *whose) {
    address = url_parse(opt.ws);
    owner = whose;
}

void ws_kill(Tab *tab) {
    if (tab->state == DEAD) return;
    if (tab->state == OPEN) tabs_open--;
    tab->state = DEAD;
    tabs_died++;
    conn_close(&tab->conn);
    owner->dead(tab);
}

// A client's frame, masked with zeros.
void ws_say(Tab *tab, int opcode, const char *data, int size) {
    unsigned char frame[1200] = {0x80 | opcode};
    int head = 2;
    if (size > 1100) return;
    tab->closing |= opcode == CLOSE;
    if (size < 126) {
        frame[1] = 0x80 | size;
    } else {
        frame[1] = 0x80 | 126, frame[2] = size >> 8, frame[3] = size;
        head = 4;
    }
    memset(frame + head, 0, 4);
    memcpy(frame + head + 4, data, size);
    conn_put(&tab->conn, frame, head + 4 + size);
}

static void on_frame(Tab *tab, int opcode, const char *payload, long size, double at) {
    if (opcode == PING) {
        pings++;
        ws_say(tab, PONG, payload, size > 125 ? 125 : size);
    } else if (opcode == CLOSE) {
        if (!tab->closing) ws_say(tab, CLOSE, payload, size > 2 ? 2 : size);
        ws_kill(tab);
    } else if (opcode == TEXT || opcode == BINARY) {
        if (opt.hello && size == 1 && payload[0] == '2') ws_say(tab, TEXT, "3", 1); // a ping of engine.io
        else owner->message(tab, payload, size, at);
    }
}

// Returns how many bytes were whole frames.
static int take_frames(Tab *tab, const char *data, int size, double at) {
    int used = 0;
    while (tab->state == OPEN && size - used >= 2) {
        const unsigned char *head = (const unsigned char *)data + used;
        uint64_t length = head[1] & 127;
        int width = length == 126 ? 2 : length == 127 ? 8 : 0;
        if (size - used < 2 + width) break;
        if (width) length = 0;
        for (int i = 0; i < width; i++) length = length << 8 | head[2 + i];
        if ((uint64_t)(size - used - 2 - width) < length) break;
        on_frame(tab, head[0] & 15, data + used + 2 + width, length, at);
        used += 2 + width + length;
    }
    return used;
}

// Returns how many bytes the answer to the handshake took; 0 while it is not whole.
static int take_upgrade(Tab *tab, int size) {
    char *end = memmem(buffer, size, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(buffer + 9, "101", 3)) {
        first_bad_note(buffer, 120);
        ws_kill(tab);
        return 0;
    }
    tab->state = OPEN;
    tabs_open++;
    if (opt.hello) ws_say(tab, TEXT, opt.hello, strlen(opt.hello));
    owner->open(tab);
    return end + 4 - buffer;
}

static void receive(Tab *tab) {
    for (;;) {
        int kept = tab->conn.in_len;
        memcpy(buffer, tab->conn.in ? tab->conn.in : buffer, kept);
        ssize_t got = recv(tab->conn.fd, buffer + kept, sizeof buffer - kept - 1, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) {
            ws_kill(tab);
            return;
        }
        double at = now();
        int size = kept + got, used = 0;
        buffer[size] = 0;
        if (tab->state == UPGRADING) used = take_upgrade(tab, size);
        if (tab->state == OPEN) used += take_frames(tab, buffer + used, size - used, at);
        if (tab->state == DEAD || tab->conn.fd < 0) return;
        conn_keep(&tab->conn, buffer + used, size - used);
        if (got < 65536) return;
    }
}

static void shake_hands(Tab *tab) {
    char path[PATH_MAX_], cookie[4096] = "", own[4000], request[12000];
    const char *pattern = tab_cookie(tab);
    fill(path, sizeof path, address.path, tab->index, tab->user, 0);
    if (pattern) {
        fill(own, sizeof own, pattern, tab->index, tab->user, 0);
        snprintf(cookie, sizeof cookie, "Cookie: %s\r\n", own);
    }
    int size = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: %s%s\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s%s\r\n",
        path, address.host, address.port, opt.origin ? opt.origin : "http://", opt.origin ? "" : address.host,
        cookie, opt.header ? opt.header : "", opt.header ? "\r\n" : "",
        opt.deflate ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" : "");
    tab->state = UPGRADING;
    conn_put(&tab->conn, request, size);
    conn_watch(&tab->conn, EPOLLIN | EPOLLRDHUP);
}

static void on_ready(Conn *conn, uint32_t ready) {
    Tab *tab = (Tab *)conn;
    if (tab->state != CONNECTING) receive(tab);
    else if (conn_error(conn)) ws_kill(tab);
    else if (ready & EPOLLOUT) shake_hands(tab);
}

void ws_dial(Tab *tab) {
    tab->state = CONNECTING;
    tab->greeted = tab->closing = 0;
    int buffer = tab->index < opt.slow ? opt.slow_buffer : 0;
    if (!conn_dial(&tab->conn, &address, buffer, on_ready)) ws_kill(tab);
}
