// A neutral load generator for servers with WebSockets and webhooks. Prints one line of JSON.
//   gcc -O2 -o load *.c -lm
// --mode fanout  N tabs, one publication at a time, the next when all have it
// --mode script  N tabs of users with 1, 2, 3 tabs in turn, open loop by the lines of --script; the last --watchers
//                tabs get everything; with --closed 1 for --secs, each of --pubconns clients with its next line at once;
//                the first --slow tabs stop reading at --slow-after, and go on at --slow-until (they may have a
//                --slow-buffer of so many bytes for what comes, so that it is full soon)
// --mode http    closed loop of --conc clients (POST with --body, else GET) for --secs
// --mode hold    N tabs for --secs, to read memory
// --mode cycle   --count connections that come and go, --conc at a time, half of them reset
// In --ws, --pub, --body, --cookie and the script: %I% connection, %U% user, %SEQ% nine digits of the event.
// --answers names a file that gets a line for each answer: when it was due (seconds of the monotonic clock), how many
// seconds it took from then, its status (0: none).
// A frame counts when it holds --marker followed by nine digits and, if given, one of the --stages (a|b|c).
#include "load.h"
#include <stdlib.h>
#include <string.h>

Options opt = {
    .mode = "fanout", .ctype = "application/x-www-form-urlencoded", .pids = "", .tag = "",
    .n = 0, .ramp = 64, .count = 30, .conc = 16, .keepalive = 1, .pubconns = 16,
    .interval = 0.05, .secs = 5, .wait = 30, .settle = 0.5, .ramp_max = 120, .reconnect_max = 5,
};

typedef struct {
    const char *name;
    char kind; // s text, i whole number, d number
    void *into;
} Known;

static const Known known[] = {
    {"--mode", 's', &opt.mode}, {"--ws", 's', &opt.ws}, {"--pub", 's', &opt.pub}, {"--body", 's', &opt.body},
    {"--ctype", 's', &opt.ctype}, {"--cookie", 's', &opt.cookie}, {"--cookies-file", 's', &opt.cookies_file},
    {"--script", 's', &opt.script}, {"--stages", 's', &opt.stages}, {"--header", 's', &opt.header},
    {"--pub-header", 's', &opt.pub_header}, {"--origin", 's', &opt.origin}, {"--hello", 's', &opt.hello},
    {"--marker", 's', &opt.marker}, {"--pids", 's', &opt.pids}, {"--tag", 's', &opt.tag},
    {"--answers", 's', &opt.answers},
    {"--n", 'i', &opt.n}, {"--watchers", 'i', &opt.watchers}, {"--ramp", 'i', &opt.ramp},
    {"--count", 'i', &opt.count}, {"--conc", 'i', &opt.conc}, {"--keepalive", 'i', &opt.keepalive},
    {"--slow-buffer", 'i', &opt.slow_buffer}, {"--deflate", 'i', &opt.deflate}, {"--slow", 'i', &opt.slow}, {"--pubconns", 'i', &opt.pubconns},
    {"--closed", 'i', &opt.closed}, {"--interval", 'd', &opt.interval},
    {"--secs", 'd', &opt.secs}, {"--wait", 'd', &opt.wait}, {"--settle", 'd', &opt.settle},
    {"--ramp-max", 'd', &opt.ramp_max}, {"--slow-after", 'd', &opt.slow_after}, {"--slow-until", 'd', &opt.slow_until},
    {"--reconnect", 'd', &opt.reconnect}, {"--reconnect-max", 'd', &opt.reconnect_max},
};

static void set(const char *name, const char *value) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].name, name)) continue;
        if (known[i].kind == 's') *(const char **)known[i].into = value;
        else if (known[i].kind == 'i') *(int *)known[i].into = atoi(value);
        else *(double *)known[i].into = atof(value);
        return;
    }
    fprintf(stderr, "load: unknown option %s\n", name);
    exit(2);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) die("every option has a value");
        set(argv[i], argv[i + 1]);
    }
    net_start();
    if (!strcmp(opt.mode, "http")) return run_http();
    if (!strcmp(opt.mode, "hold")) return run_hold();
    if (!strcmp(opt.mode, "fanout")) return run_fanout();
    if (!strcmp(opt.mode, "script")) return run_script();
    if (!strcmp(opt.mode, "cycle")) return run_cycle();
    die("no such mode");
}
