// Requests over a fixed number of connections: the PBX that pushes.
#include "load.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { CLOSED, DIALLING, IDLE, BUSY };

typedef struct {
    Conn conn;
    int slot, state;
    double due;
} Slot;

long http_ok, http_bad, http_refused, http_cut;
double last_answer_at;

static Slot *slots;
static int slots_n;
static Url address;
static void (*when_done)(int slot);
static FILE *log_file;

void http_start(int conns, void (*on_done)(int slot)) {
    address = url_parse(opt.pub);
    slots_n = conns;
    slots = calloc(conns, sizeof *slots);
    when_done = on_done;
    if (opt.answers && !(log_file = fopen(opt.answers, "w"))) die("cannot write the answers");
    for (int i = 0; i < conns; i++) slots[i] = (Slot){.conn.fd = -1, .slot = i};
}

int http_free_slot(void) {
    int closed = -1;
    for (int i = 0; i < slots_n; i++) {
        if (slots[i].state == IDLE) return i;
        if (slots[i].state == CLOSED && closed < 0) closed = i;
    }
    return closed;
}

int http_busy(void) {
    int busy = 0;
    for (int i = 0; i < slots_n; i++) busy += slots[i].state == BUSY || slots[i].state == DIALLING;
    return busy;
}

static void done(Slot *s, int status) {
    last_answer_at = now();
    if (status >= 200 && status < 300) {
        http_ok++;
    } else {
        http_bad++;
        first_bad_note(s->conn.in_len ? s->conn.in : "no answer", s->conn.in_len ? s->conn.in_len : 9);
    }
    if (log_file) fprintf(log_file, "%.6f\t%.6f\t%d\n", s->due, last_answer_at - s->due, status);
    if (status) series_add(&answer_times, last_answer_at - s->due);
    if (when_done) when_done(s->slot);
}

static void hang_up(Slot *s) {
    conn_close(&s->conn);
    s->state = CLOSED;
}

typedef struct {
    int whole, status, closes;
} Answer;

static Answer look_at(char *text, int size, int at_end) {
    Answer answer = {.closes = !opt.keepalive};
    char *end = memmem(text, size, "\r\n\r\n", 4), *field;
    if (!end) return answer;
    int head = end + 4 - text;
    char saved = *end;
    *end = 0;
    answer.status = atoi(text + 9);
    if ((field = strcasestr(text, "\r\nconnection:")))
        answer.closes |= !strncasecmp(field + 13 + strspn(field + 13, " "), "close", 5);
    if ((field = strcasestr(text, "\r\ncontent-length:"))) answer.whole = size - head >= atol(field + 17);
    else if (strcasestr(text, "\r\ntransfer-encoding: chunked"))
        answer.whole = size >= head + 5 && !memcmp(text + size - 5, "0\r\n\r\n", 5);
    else answer.whole = answer.status == 204 || at_end;
    *end = saved;
    return answer;
}

static void receive(Slot *s) {
    Conn *c = &s->conn;
    if (c->in_cap < c->in_len + BODY_MAX) c->in = realloc(c->in, c->in_cap = c->in_len + BODY_MAX + 1);
    ssize_t got = recv(c->fd, c->in + c->in_len, BODY_MAX, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    int at_end = got <= 0;
    if (!at_end) c->in_len += got;
    c->in[c->in_len] = 0;
    if (s->state != BUSY) {
        if (at_end) hang_up(s);
        return;
    }
    Answer answer = look_at(c->in, c->in_len, at_end);
    if (!answer.whole && !at_end) return;
    if (answer.closes || at_end) hang_up(s);
    else s->state = IDLE;
    http_cut += !answer.whole;
    done(s, answer.whole ? answer.status : 0);
}

static void on_ready(Conn *conn, uint32_t ready) {
    Slot *s = (Slot *)conn;
    if (s->state != DIALLING) {
        receive(s);
    } else if (conn_error(conn)) {
        http_refused++;
        hang_up(s);
        done(s, 0);
    } else if (ready & EPOLLOUT) {
        s->state = BUSY;
        conn_watch(conn, EPOLLIN | EPOLLRDHUP);
        conn_put(conn, "", 0);
    }
}

static int compose(char *request, size_t cap, Slot *s, const char *pattern, long seq, long user) {
    static char body[BODY_MAX];
    char path[PATH_MAX_];
    fill(path, sizeof path, address.path, s->slot, user, seq);
    int size = snprintf(request, cap, "%s %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: %s\r\n%s%s",
        pattern ? "POST" : "GET", path, address.host, address.port, opt.keepalive ? "keep-alive" : "close",
        opt.pub_header ? opt.pub_header : "", opt.pub_header ? "\r\n" : "");
    if (!pattern) return size + snprintf(request + size, cap - size, "\r\n");
    fill(body, sizeof body, pattern, s->slot, user, seq);
    return size + snprintf(request + size, cap - size, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                           opt.ctype, strlen(body), body);
}

// `body` NULL: a GET. `due`: when it should have left; the answer's time counts from there.
void http_send(int slot, const char *body, long seq, long user, double due) {
    static char request[2 * BODY_MAX];
    Slot *s = &slots[slot];
    int size = compose(request, sizeof request, s, body, seq, user);
    s->due = due;
    s->conn.in_len = 0;
    if (s->conn.fd >= 0) {
        s->state = BUSY;
        conn_put(&s->conn, request, size);
    } else if (conn_dial(&s->conn, &address, 0, on_ready)) {
        s->state = DIALLING;
        s->conn.out_off = 0;
        s->conn.out = realloc(s->conn.out, size);
        memcpy(s->conn.out, request, size);
        s->conn.out_len = size; // leaves when it is connected
    } else {
        http_refused++;
        done(s, 0);
    }
}
