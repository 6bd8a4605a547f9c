// What the parts of the load generator share. One thread, one epoll, frames are counted and not drawn.
#pragma once
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { BODY_MAX = 1 << 16, PATH_MAX_ = 1100, STAGES_MAX = 8 };

typedef struct {
    const char *mode, *ws, *pub, *body, *ctype, *cookie, *cookies_file, *script, *stages;
    const char *header, *pub_header, *origin, *hello, *marker, *pids, *tag;
    int n, watchers, ramp, count, conc, keepalive, deflate, slow, pubconns, all, closed;
    double interval, rate, secs, wait, settle, ramp_max;
} Options;
extern Options opt;

// --- net.c: time, addresses, the loop, sockets with what waits to be written

typedef struct {
    char host[64];
    int port;
    char path[1024];
} Url;

typedef struct Conn Conn;
struct Conn {
    int fd; // -1 when closed
    void (*ready)(Conn *, uint32_t events);
    char *in; // the beginning of something that has not arrived whole
    int in_len, in_cap;
    char *out; // what the socket has not taken yet
    int out_len, out_off;
};

double now(void);
void die(const char *why);
void net_start(void);
Url url_parse(const char *text);
void fill(char *to, size_t cap, const char *pattern, long conn, long user, long seq);
int conn_dial(Conn *c, const Url *url, void (*ready)(Conn *, uint32_t));
int conn_error(Conn *c);
void conn_watch(Conn *c, uint32_t events);
void conn_put(Conn *c, const void *data, int size);
void conn_keep(Conn *c, const char *rest, int size);
void conn_close(Conn *c);
void net_pump(double seconds);
void net_pump_until(double at);

// --- tally.c: what was published, who got it, and when

typedef struct {
    double sent, first, last; // seconds of the monotonic clock; 0: not yet
    long user, expected, got; // user -1: everybody's
} Event;

typedef struct {
    double *at;
    long n, cap;
} Series;

extern Event *events;
extern long events_n, current; // current: the event of frames without a marker
extern Series frame_times, answer_times, stage_times[STAGES_MAX];
extern long frames_stray, frames_wrong, frames_extra, frames_other, frames_watched, frame_bytes;

void tally_start(long count);
int stages_n(void);
long tally_frame(const char *payload, long size, long user, double at); // the event, -1 if none is counted
void series_add(Series *s, double value);
void series_sort(Series *s);
double series_ms(const Series *s, double share); // of a sorted series: the percentile, in milliseconds

typedef struct {
    double cpu_s, pss_bytes;
} Usage;
Usage usage_of(const char *pids);

// --- tabs.c: WebSockets that listen

typedef struct {
    Conn conn;
    int index, state; // state: see tabs.c
    long user;        // -1: a watcher, which gets everything
    long got;
} Tab;

extern Tab *tabs;
extern long tabs_open, tabs_died, pings;
extern long users_n, *tabs_of_user;
double tabs_connect(void); // returns the seconds it took
void tabs_close(void);

// --- http.c: requests

extern long http_ok, http_bad;
extern double last_answer_at;
void http_start(int conns, void (*on_done)(int slot));
int http_free_slot(void); // -1: all are busy
void http_send(int slot, const char *body, long seq, long user, double due);
int http_busy(void);

// --- report.c: the one line of JSON

void first_bad_note(const char *text, int size);
void json_begin(void);
void json_text(const char *name, const char *value);
void json_int(const char *name, long value);
void json_num(const char *name, double value);
void json_end(void);

// --- modes.c
int run_http(void);
int run_hold(void);
int run_fanout(void);
int run_target(void);
// --- script.c
int run_script(void);
