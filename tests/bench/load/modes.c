// The ways to load a server whose publications are all alike.
#include "load.h"
#include <stdlib.h>

static double http_end;
static long http_seq;

static void send_again(int slot) {
    if (now() < http_end && http_bad < 1000) {
        http_send(slot, opt.body, http_seq, slot, now());
        http_seq++;
    }
}

static void answers(double elapsed) {
    series_sort(&answer_times);
    json_int("ok", http_ok);
    json_num("rate", http_ok / elapsed);
    json_num("answer_p50_ms", series_ms(&answer_times, 0.5));
    json_num("answer_p99_ms", series_ms(&answer_times, 0.99));
    json_num("answer_max_ms", series_ms(&answer_times, 1));
}

static void memory(Usage before, Usage after, long tabs_count) {
    double grown = after.pss_bytes - before.pss_bytes;
    json_num("pss_before_mb", before.pss_bytes / 1048576);
    json_num("pss_mb", after.pss_bytes / 1048576);
    if (tabs_count) json_num("kib_per_tab", grown / 1024 / tabs_count);
}

// Closed loop: `--conc` clients, each with its next request as soon as it has its answer.
int run_http(void) {
    http_start(opt.conc, send_again);
    Usage before = usage_of(opt.pids);
    double begun = now();
    http_end = begun + opt.secs;
    for (int i = 0; i < opt.conc; i++) send_again(i);
    while (now() < http_end || (http_busy() && now() < http_end + opt.wait)) net_pump(0.05);
    double elapsed = now() - begun;
    Usage after = usage_of(opt.pids);
    json_begin();
    answers(elapsed);
    json_num("cpu_pct", (after.cpu_s - before.cpu_s) / elapsed * 100);
    memory(before, after, 0);
    json_end();
    return http_bad > 0;
}

// Tabs that only stay open.
int run_hold(void) {
    Usage before = usage_of(opt.pids);
    double took = tabs_connect();
    Usage open = usage_of(opt.pids);
    net_pump_until(now() + opt.secs);
    Usage after = usage_of(opt.pids);
    json_begin();
    json_int("open", tabs_open);
    json_num("connect_s", took);
    memory(before, open, tabs_open);
    json_num("idle_cpu_pct", (after.cpu_s - open.cpu_s) / opt.secs * 100);
    json_int("pings", pings);
    json_end();
    tabs_close();
    return tabs_died > 0;
}

static void wait_for_all(Event *e, long answered) {
    double until = now() + opt.wait;
    long died = tabs_died;
    while (now() < until && (e->got + (tabs_died - died) < e->expected || http_ok + http_bad < answered))
        net_pump(0.05);
}

// One publication at a time to all tabs; the next when every tab has it. Two to warm up are not counted.
int run_fanout(void) {
    enum { WARM_UP = 2 };
    Series first = {0}, last = {0};
    Usage before = usage_of(opt.pids), begun = before;
    double took = tabs_connect();
    Usage open = usage_of(opt.pids);
    long opened = tabs_open, incomplete = 0;
    tally_start(opt.count + WARM_UP);
    http_start(1, NULL);
    for (int i = 0; i < opt.count + WARM_UP && tabs_open && incomplete < 4; i++) {
        if (i == WARM_UP) {
            frame_times.n = answer_times.n = 0;
            begun = usage_of(opt.pids);
        }
        Event *e = &events[current = i];
        long slow = opt.slow < tabs_open ? opt.slow : tabs_open; // these do not count
        *e = (Event){.sent = now(), .user = -1, .expected = tabs_open - slow};
        http_send(0, opt.body, i, 0, e->sent);
        wait_for_all(e, i + 1);
        incomplete += e->got < e->expected;
        if (i >= WARM_UP && e->got) {
            series_add(&first, e->first - e->sent);
            series_add(&last, e->last - e->sent);
        }
        net_pump_until(now() + opt.interval);
    }
    Usage after = usage_of(opt.pids);
    series_sort(&first), series_sort(&last), series_sort(&frame_times);
    json_begin();
    json_int("open", opened);
    json_num("connect_s", took);
    json_int("published", last.n);
    json_int("incomplete", incomplete);
    json_num("first_ms", series_ms(&first, 0.5));
    json_num("last_ms", series_ms(&last, 0.5));
    json_num("last_p99_ms", series_ms(&last, 0.99));
    json_num("tab_p50_ms", series_ms(&frame_times, 0.5));
    json_num("tab_p99_ms", series_ms(&frame_times, 0.99));
    answers(1);
    json_num("cpu_ms_each", last.n ? (after.cpu_s - begun.cpu_s) / last.n * 1e3 : 0);
    memory(before, open, opened);
    json_int("stray", frames_stray);
    json_int("other", frames_other);
    json_int("frame_bytes", frame_bytes);
    json_end();
    tabs_close();
    return incomplete > 0;
}
