// WebSockets that listen. Users have one, two and three tabs in turn; the last `--watchers` tabs get everything.
// With `--reconnect S` a tab that was lost dials again after S seconds, then after twice that, up to
// `--reconnect-max`, each give or take 30 %, as pages do.
#include "load.h"
#include <stdlib.h>
#include <string.h>

Tab *tabs;
long users_n, *tabs_of_user, tabs_back;
Series back_times; // from the loss of the connection to the first message on the new one

static char **cookies;
static int cookies_n, waiting; // waiting: tabs that will dial again

const char *tab_cookie(const Tab *tab) { return cookies_n ? cookies[tab->index % cookies_n] : opt.cookie; }

static void on_open(Tab *tab) { tab->tries = 0; }

static void on_message(Tab *tab, const char *payload, long size, double at) {
    if (!tab->greeted++ && tab->lost_at) {
        series_add(&back_times, at - tab->lost_at);
        tabs_back++;
        tab->lost_at = 0;
    }
    if (opt.watchers && tab->user < 0) frames_watched++;
    else if (tab->index >= opt.slow && tally_frame(payload, size, tab->user, at) >= 0) tab->got++;
}

static void on_dead(Tab *tab) {
    if (!opt.reconnect) return;
    double pause = opt.reconnect * (1 << (tab->tries < 16 ? tab->tries : 16));
    if (pause > opt.reconnect_max) pause = opt.reconnect_max;
    if (!tab->lost_at) tab->lost_at = now();
    tab->tries++;
    tab->dial_at = now() + pause * (0.7 + 0.6 * drand48());
    waiting++;
}

void tabs_tend(void) {
    static double next;
    double at = now();
    if (!waiting || at < next) return;
    next = at + 0.01;
    for (int i = 0; i < opt.n; i++) {
        if (!tabs[i].dial_at || tabs[i].dial_at > at) continue;
        tabs[i].dial_at = 0;
        waiting--;
        ws_dial(&tabs[i]);
    }
}

void tabs_freeze(int on) {
    for (int i = 0; i < opt.slow && i < opt.n; i++) {
        if (tabs[i].conn.fd < 0) continue;
        if (on) conn_pause(&tabs[i].conn);
        else conn_resume(&tabs[i].conn);
    }
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
        tabs[i] = (Tab){.conn.fd = -1, .index = i, .user = -1, .state = DEAD};
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
    static const Owner owner = {on_open, on_message, on_dead};
    ws_start(&owner);
    read_cookies();
    share_out();
    double begun = now();
    int started = 0;
    while (tabs_open < opt.n && now() < begun + opt.ramp_max) {
        if (!opt.reconnect && (tabs_open + tabs_died >= opt.n || tabs_died >= 50)) break;
        while (started < opt.n && started - tabs_open - tabs_died < opt.ramp) ws_dial(&tabs[started++]);
        net_pump(0.05);
        tabs_tend();
    }
    double took = now() - begun;
    net_pump_until(now() + opt.settle);
    return took;
}

void tabs_close(void) {
    for (int i = 0; i < opt.n; i++) conn_reset(&tabs[i].conn);
}
