// Time, addresses, the loop, and sockets with what waits to be written.
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int loop;

double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

void die(const char *why) {
    fprintf(stderr, "load: %s\n", why);
    exit(2);
}

void net_start(void) {
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1L); // or a push leaves up to 50 us after it was due
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    loop = epoll_create1(EPOLL_CLOEXEC);
}

Url url_parse(const char *text) {
    Url url = {.port = 80};
    const char *host = strstr(text, "://");
    if (!host) die("an address must begin with http:// or ws://");
    host += 3;
    const char *end = host + strcspn(host, ":/");
    snprintf(url.host, sizeof url.host, "%.*s", (int)(end - host), host);
    if (*end == ':') {
        url.port = atoi(end + 1);
        end += strcspn(end, "/");
    }
    snprintf(url.path, sizeof url.path, "%s", *end ? end : "/");
    if (!strcmp(url.host, "localhost")) strcpy(url.host, "127.0.0.1");
    return url;
}

// %I% connection number, %U% user number, %SEQ% nine digits of the event's number.
void fill(char *to, size_t cap, const char *pattern, long conn, long user, long seq) {
    size_t used = 0;
    while (*pattern && used + 24 < cap) {
        if (!strncmp(pattern, "%I%", 3)) {
            used += sprintf(to + used, "%ld", conn);
            pattern += 3;
        } else if (!strncmp(pattern, "%U%", 3)) {
            used += sprintf(to + used, "%ld", user);
            pattern += 3;
        } else if (!strncmp(pattern, "%SEQ%", 5)) {
            used += sprintf(to + used, "%09ld", seq);
            pattern += 5;
        } else {
            to[used++] = *pattern++;
        }
    }
    to[used] = 0;
}

static void epoll_set(Conn *c, int operation, uint32_t events) {
    struct epoll_event e = {.events = events, .data.ptr = c};
    epoll_ctl(loop, operation, c->fd, &e);
}

int conn_dial(Conn *c, const Url *url, int buffer, void (*ready)(Conn *, uint32_t)) {
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("no more sockets (ulimit -n)");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (buffer) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(url->port)};
    inet_pton(AF_INET, url->host, &to.sin_addr);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) {
        close(c->fd);
        c->fd = -1;
        return 0;
    }
    c->ready = ready;
    epoll_set(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    return 1;
}

int conn_error(Conn *c) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

void conn_watch(Conn *c, uint32_t events) { epoll_set(c, EPOLL_CTL_MOD, events); }

// A process that is stopped: what is sent to it stays in the system's buffers.
void conn_pause(Conn *c) { epoll_set(c, EPOLL_CTL_DEL, 0); }
void conn_resume(Conn *c) { epoll_set(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLRDHUP); }

static void flush(Conn *c) {
    while (c->out_off < c->out_len) {
        ssize_t sent = send(c->fd, c->out + c->out_off, c->out_len - c->out_off, MSG_NOSIGNAL);
        if (sent <= 0) return;
        c->out_off += sent;
    }
    c->out_off = c->out_len = 0;
}

// Small things only: what one send does not take leaves with the next.
void conn_put(Conn *c, const void *data, int size) {
    c->out = realloc(c->out, c->out_len + size);
    memcpy(c->out + c->out_len, data, size);
    c->out_len += size;
    flush(c);
}

void conn_keep(Conn *c, const char *rest, int size) {
    if (c->in_cap < size) c->in = realloc(c->in, c->in_cap = size + 512);
    memmove(c->in, rest, size);
    c->in_len = size;
}

void conn_reset(Conn *c) {
    struct linger reset = {1, 0};
    if (c->fd >= 0) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    conn_close(c);
}

void conn_close(Conn *c) {
    if (c->fd < 0) return;
    close(c->fd);
    c->fd = -1;
    c->in_len = c->out_len = c->out_off = 0;
}

void net_pump(double seconds) {
    struct epoll_event ready[512];
    if (seconds < 0) seconds = 0;
    struct timespec t = {.tv_sec = (long)seconds, .tv_nsec = (long)((seconds - (long)seconds) * 1e9)};
    int n = epoll_pwait2(loop, ready, 512, &t, NULL);
    for (int i = 0; i < n; i++) {
        Conn *c = ready[i].data.ptr;
        if (c->fd >= 0) c->ready(c, ready[i].events);
    }
}

void net_pump_until(double at) {
    for (double t; (t = now()) < at;) net_pump(at - t < 0.05 ? at - t : 0.05);
}
