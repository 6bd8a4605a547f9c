// WebSockets that listen. Users have one, two and three tabs in turn; the last `--watchers` tabs get everything.
#include "load.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { CONNECTING, UPGRADING, OPEN, DEAD };
enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

Tab *tabs;
long tabs_open, tabs_died, pings;
long users_n, *tabs_of_user;

static Url address;
static char **cookies;
static int cookies_n;
static char buffer[1 << 18];

static void kill_tab(Tab *tab) {
    if (tab->state == DEAD) return;
    if (tab->state == OPEN) tabs_open--;
    tab->state = DEAD;
    tabs_died++;
    conn_close(&tab->conn);
}

// A client's frame, masked with zeros.
static void say(Tab *tab, int opcode, const char *data, int size) {
    unsigned char frame[1200] = {0x80 | opcode};
    int head = 2;
    if (size > 1100) return;
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
        say(tab, PONG, payload, size > 125 ? 125 : size);
    } else if (opcode == CLOSE) {
        kill_tab(tab);
    } else if (opcode == TEXT || opcode == BINARY) {
        if (opt.hello && size == 1 && payload[0] == '2') say(tab, TEXT, "3", 1); // a ping of engine.io
        else if (opt.watchers && tab->user < 0) frames_watched++;
        else if (tally_frame(payload, size, tab->user, at) >= 0) tab->got++;
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
        kill_tab(tab);
        return 0;
    }
    tab->state = OPEN;
    tabs_open++;
    if (tab->index < opt.slow) conn_watch(&tab->conn, 0); // it never reads
    if (opt.hello) say(tab, TEXT, opt.hello, strlen(opt.hello));
    return end + 4 - buffer;
}

static void receive(Tab *tab) {
    for (;;) {
        int kept = tab->conn.in_len;
        memcpy(buffer, tab->conn.in ? tab->conn.in : buffer, kept);
        ssize_t got = recv(tab->conn.fd, buffer + kept, sizeof buffer - kept - 1, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) {
            kill_tab(tab);
            return;
        }
        double at = now();
        int size = kept + got, used = 0;
        buffer[size] = 0;
        if (tab->state == UPGRADING) used = take_upgrade(tab, size);
        if (tab->state == OPEN) used += take_frames(tab, buffer + used, size - used, at);
        if (tab->state == DEAD) return;
        conn_keep(&tab->conn, buffer + used, size - used);
        if (got < 65536) return;
    }
}

static void shake_hands(Tab *tab) {
    char path[PATH_MAX_], cookie[4096] = "", own[4000], request[12000];
    fill(path, sizeof path, address.path, tab->index, tab->user, 0);
    if (cookies_n || opt.cookie) {
        fill(own, sizeof own, cookies_n ? cookies[tab->index % cookies_n] : opt.cookie, tab->index, tab->user, 0);
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
    if (tab->state == OPEN && tab->index < opt.slow) return;
    if (tab->state != CONNECTING) receive(tab);
    else if (conn_error(conn)) kill_tab(tab);
    else if (ready & EPOLLOUT) shake_hands(tab);
}

static void read_cookies(void) {
    FILE *f = opt.cookies_file ? fopen(opt.cookies_file, "r") : NULL;
    char *line = NULL;
    size_t cap = 0;
    ssize_t size;
    if (opt.cookies_file && !f) die("cannot read the cookies");
    while (f && (size = getline(&line, &cap, f)) > 0) {
        line[strcspn(line, "\r\n")] = 0;
        if (!*line) continue;
        cookies = realloc(cookies, (cookies_n + 1) * sizeof *cookies);
        cookies[cookies_n++] = strdup(line);
    }
}

static void share_out(void) {
    tabs = calloc(opt.n, sizeof *tabs);
    tabs_of_user = calloc(opt.n + 1, sizeof *tabs_of_user);
    int size = 0, left = 0;
    for (int i = 0; i < opt.n; i++) {
        tabs[i] = (Tab){.conn.fd = -1, .index = i, .user = -1};
        if (i >= opt.n - opt.watchers) continue;
        if (!left) {
            left = size = size % 3 + 1;
            users_n++;
        }
        left--;
        tabs[i].user = users_n - 1;
        tabs_of_user[users_n - 1]++;
    }
}

double tabs_connect(void) {
    address = url_parse(opt.ws);
    read_cookies();
    share_out();
    double begun = now();
    int started = 0;
    while (tabs_open + tabs_died < opt.n && now() < begun + opt.ramp_max && tabs_died < 50) {
        while (started < opt.n && started - tabs_open - tabs_died < opt.ramp) {
            Tab *tab = &tabs[started++];
            if (!conn_dial(&tab->conn, &address, on_ready)) kill_tab(tab);
        }
        net_pump(0.05);
    }
    double took = now() - begun;
    net_pump_until(now() + opt.settle);
    return took;
}

// With a reset: thousands of sockets in TIME_WAIT would be the next run's trouble.
void tabs_close(void) {
    struct linger reset = {1, 0};
    for (int i = 0; i < opt.n; i++) {
        if (tabs[i].conn.fd < 0) continue;
        setsockopt(tabs[i].conn.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        conn_close(&tabs[i].conn);
    }
}
