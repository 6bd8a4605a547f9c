// What the parts of the load generator share. One thread, one epoll, frames are counted and not drawn.
#pragma once
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { BODY_MAX = 1 << 16, PATH_MAX_ = 1100, STAGES_MAX = 8 };

typedef struct {
    const char *mode, *ws, *pub, *body, *ctype, *cookie, *cookies_file, *script, *stages;
    const char *header, *pub_header, *origin, *hello, *marker, *pids, *tag, *answers;
    int n, watchers, ramp, count, conc, keepalive, deflate, slow, slow_buffer, pubconns, closed;
    double interval, secs, wait, settle, ramp_max, slow_after, slow_until, reconnect, reconnect_max;
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
int conn_dial(Conn *c, const Url *url, int buffer, void (*ready)(Conn *, uint32_t)); // buffer: bytes, 0: the system's
int conn_error(Conn *c);
void conn_watch(Conn *c, uint32_t events);
void conn_put(Conn *c, const void *data, int size);
void conn_keep(Conn *c, const char *rest, int size);
void conn_pause(Conn *c);
void conn_resume(Conn *c);
void conn_close(Conn *c);
void conn_reset(Conn *c); // abruptly; and thousands of sockets in TIME_WAIT would be the next run's trouble
void net_pump(double seconds);
void net_pump_until(double at);

// --- tally.c: what was published, who got it, and when

typedef struct {
    double sent, first, last; // seconds of the monotonic clock; 0: not yet
    long user, expected, got; // user -1: everybody's
    int phase;
} Event;

enum { BEFORE, FROZEN, AFTER, PHASES }; // of the tabs that stop reading

typedef struct {
    double *at;
    long n, cap;
} Series;

extern Event *events;
extern long events_n, current; // current: the event of frames without a marker
extern Series frame_times, answer_times, stage_times[STAGES_MAX], phase_times[PHASES];
extern long frames_stray, frames_wrong, frames_extra, frames_other, frames_watched, frame_bytes;
extern double last_frame_at;

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

// --- ws.c: a WebSocket's handshake and frames

enum { CONNECTING, UPGRADING, OPEN, DEAD };
enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

typedef struct {
    Conn conn;
    int index, state, greeted, closing; // greeted: the first message has come; closing: goodbye is said
    long user, got;                     // user -1: a watcher, which gets everything
    int tries;                          // since it was last open
    double lost_at, dial_at;            // 0: not lost; nothing to be dialled
} Tab;

// What the owner of the tabs wants to know.
typedef struct {
    void (*open)(Tab *), (*message)(Tab *, const char *payload, long size, double at), (*dead)(Tab *);
} Owner;

extern long tabs_open, tabs_died, pings;
void ws_start(const Owner *owner);
void ws_dial(Tab *tab);
void ws_say(Tab *tab, int opcode, const char *data, int size);
void ws_kill(Tab *tab);

// --- tabs.c: WebSockets that listen

extern Tab *tabs;
extern long users_n, *tabs_of_user, tabs_back;
extern Series back_times;
double tabs_connect(void); // returns the seconds it took
void tabs_tend(void);      // dial those that are due again
void tabs_freeze(int on);  // the first --slow tabs stop reading, or go on
const char *tab_cookie(const Tab *tab);
void tabs_close(void);

// --- http.c: requests

extern long http_ok, http_bad, http_refused, http_cut; // refused: no connection; cut: no answer on one
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
// --- script.c
int run_script(void);
// --- cycle.c
int run_cycle(void);
