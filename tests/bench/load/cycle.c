// Connections that come and go: `--count` of them, `--conc` at a time. One in two waits for the first message and
// says goodbye; of the others one in two is reset after the first message, one in two right after the handshake.
#include "load.h"
#include <stdlib.h>
#include <sys/socket.h>

static long begun_n, goodbyes, resets, early;

static void begin(Tab *tab) {
    if (begun_n >= opt.count) return;
    tab->index = begun_n++;
    ws_dial(tab);
}

static int is_abrupt(const Tab *tab) { return tab->index % 2; }

static void drop(Tab *tab) {
    conn_reset(&tab->conn);
    ws_kill(tab);
}

static void on_open(Tab *tab) {
    if (!is_abrupt(tab) || tab->index % 4 == 1) return;
    early++;
    drop(tab);
}

static void on_message(Tab *tab, const char *payload, long size, double at) {
    (void)payload, (void)size, (void)at;
    if (tab->greeted++) return;
    if (is_abrupt(tab)) {
        resets++;
        drop(tab);
    } else {
        goodbyes++;
        ws_say(tab, CLOSE, "\x03\xe9", 2); // 1001, going away; the server's answer ends it
    }
}

static void on_dead(Tab *tab) {
    if (begun_n < opt.count) tab->dial_at = now();
}

int run_cycle(void) {
    static const Owner owner = {on_open, on_message, on_dead};
    Tab *slots = calloc(opt.conc, sizeof *slots);
    ws_start(&owner);
    double begun = now();
    for (int i = 0; i < opt.conc; i++) {
        slots[i] = (Tab){.conn.fd = -1, .user = -1, .state = DEAD};
        begin(&slots[i]);
    }
    while (tabs_died < opt.count && now() < begun + opt.wait) {
        net_pump(0.05);
        for (int i = 0; i < opt.conc; i++) {
            if (!slots[i].dial_at) continue;
            slots[i].dial_at = 0;
            begin(&slots[i]);
        }
    }
    json_begin();
    json_int("cycles", tabs_died);
    json_int("goodbyes", goodbyes);
    json_int("resets", resets);
    json_int("early_resets", early);
    json_num("rate", tabs_died / (now() - begun));
    json_end();
    return goodbyes + resets + early < opt.count;
}
