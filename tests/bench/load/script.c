// By a script: every line is a request that leaves at its time, whatever came of the others. With `--closed 1`
// the times are not looked at: each client takes the next line as soon as it has its answer.
#include "load.h"
#include <stdlib.h>
#include <string.h>

enum { EVERYBODY = -2 };

// "at_ms user number stage body", separated by tabs. The frame that follows is event `number`, stage `stage`
// (counted from 0; -1: no frame is expected), at all tabs of `user` (-2: of everybody, -1: of nobody).
typedef struct {
    double at_s;
    long user, number;
    int stage;
    char *body;
} Line;

static Line *lines;
static long lines_n, numbers;
static double first_sent;

static void read_script(void) {
    FILE *f = fopen(opt.script, "r");
    char *text = NULL;
    size_t cap = 0;
    if (!f) die("cannot read the script");
    while (getline(&text, &cap, f) > 0) {
        Line line;
        int body = 0;
        text[strcspn(text, "\r\n")] = 0;
        if (sscanf(text, "%lf\t%ld\t%ld\t%d\t%n", &line.at_s, &line.user, &line.number, &line.stage, &body) < 4 || !body)
            die("a line of the script is not at_ms, user, number, stage, body");
        line.at_s /= 1000;
        line.body = strdup(text + body);
        if (line.number >= numbers) numbers = line.number + 1;
        if (lines_n % 4096 == 0) lines = realloc(lines, (lines_n + 4096) * sizeof *lines);
        lines[lines_n++] = line;
    }
    fclose(f);
}

// Every stage of a number belongs to the same user, so that a stray one is noticed too.
static void expect(Line *line) {
    long base = line->number * stages_n();
    if (!opt.marker || line->stage >= stages_n()) line->stage = -1; // nobody could tell its frame
    for (int i = 0; i < stages_n(); i++) events[base + i].user = line->user < 0 ? -1 : line->user;
    if (line->user == EVERYBODY && line->stage >= 0) events[base + line->stage].expected = tabs_open - opt.slow;
    if (line->stage < 0 || line->user < 0 || line->user >= users_n) return;
    events[base + line->stage].expected = tabs_of_user[line->user];
}

static int phase;

// The first `--slow` tabs stop reading, and go on later; the pushes of each time are told apart.
static void keep_phase(double since_begin) {
    if (!opt.slow_after) return;
    int then = since_begin < opt.slow_after ? BEFORE : since_begin < opt.slow_until ? FROZEN : AFTER;
    if (then != phase) tabs_freeze(then == FROZEN);
    phase = then;
}

// Returns whether one that is due must wait for a free connection.
static int send_due(double begun, long *next) {
    while (*next < lines_n && (opt.closed || begun + lines[*next].at_s <= now())) {
        const Line *line = &lines[*next];
        int slot = http_free_slot();
        if (slot < 0) return 1; // it leaves late, and its time counts from when it was due
        double due = opt.closed ? now() : begun + line->at_s;
        if (line->stage >= 0) {
            Event *e = &events[line->number * stages_n() + line->stage];
            e->sent = due;
            e->phase = phase;
        }
        http_send(slot, line->body, line->number, line->user, due);
        ++*next;
    }
    return 0;
}

static long missing(void) {
    long frames = 0;
    for (long i = 0; i < events_n; i++) frames += events[i].expected - events[i].got;
    return frames;
}

static int tabs_away(void) { return opt.reconnect && tabs_open < opt.n; }

// Frames that a tab should have had and has not; two at one tab do not make up for none at another.
static long missing_at_tabs(void) {
    long lost = 0, everybodys = 0, *due = calloc(users_n + 1, sizeof *due);
    for (long i = 0; i < events_n; i++) {
        if (!events[i].expected) continue;
        if (events[i].user >= 0) due[events[i].user]++;
        else everybodys++;
    }
    for (int i = opt.slow; i < opt.n; i++) {
        long mine = tabs[i].user >= 0 ? due[tabs[i].user] + everybodys : 0;
        if (tabs[i].got < mine) lost += mine - tabs[i].got;
    }
    free(due);
    return lost;
}

static void report_part(const char *what, int number, Series *times) {
    char name[40];
    series_sort(times);
    snprintf(name, sizeof name, "%s%d_n", what, number);
    json_int(name, times->n);
    snprintf(name, sizeof name, "%s%d_p50_ms", what, number);
    json_num(name, series_ms(times, 0.5));
    snprintf(name, sizeof name, "%s%d_p99_ms", what, number);
    json_num(name, series_ms(times, 0.99));
}

static void report_back(void) {
    series_sort(&back_times);
    json_int("back", tabs_back);
    json_num("back_p50_ms", series_ms(&back_times, 0.5));
    json_num("back_p99_ms", series_ms(&back_times, 0.99));
    json_num("back_max_ms", series_ms(&back_times, 1));
}

static void report(double took, double elapsed, long sent, Usage before, Usage after) {
    long expected = 0;
    for (long i = 0; i < events_n; i++) expected += events[i].expected;
    series_sort(&frame_times), series_sort(&answer_times);
    json_begin();
    json_int("open", tabs_open);
    json_num("connect_s", took);
    json_int("sent", sent);
    json_int("ok", http_ok);
    json_num("rate", http_ok / elapsed);
    json_num("answer_p50_ms", series_ms(&answer_times, 0.5));
    json_num("answer_p99_ms", series_ms(&answer_times, 0.99));
    json_num("answer_max_ms", series_ms(&answer_times, 1));
    json_int("expected", expected);
    json_int("arrived", frame_times.n);
    json_num("frames_s", last_frame_at ? last_frame_at - first_sent : 0);
    json_int("lost", missing_at_tabs());
    json_int("wrong", frames_wrong);
    json_int("extra", frames_extra);
    json_int("other", frames_other);
    json_int("watched", frames_watched);
    json_int("frame_bytes", frame_bytes);
    json_num("frame_p50_ms", series_ms(&frame_times, 0.5));
    json_num("frame_p99_ms", series_ms(&frame_times, 0.99));
    json_num("frame_max_ms", series_ms(&frame_times, 1));
    for (int i = 0; stages_n() > 1 && i < stages_n(); i++) report_part("stage", i, &stage_times[i]);
    for (int i = 0; opt.slow_after && i < PHASES; i++) report_part("phase", i, &phase_times[i]);
    if (opt.reconnect) report_back();
    json_num("cpu_pct", (after.cpu_s - before.cpu_s) / elapsed * 100);
    json_num("pss_mb", after.pss_bytes / 1048576);
    json_end();
}

int run_script(void) {
    read_script();
    double took = opt.n ? tabs_connect() : 0;
    tally_start(numbers);
    for (long i = 0; i < lines_n; i++) expect(&lines[i]);
    Usage before = usage_of(opt.pids);
    http_start(opt.pubconns, NULL);
    double begun = first_sent = now() + 0.05, last = opt.closed || !lines_n ? opt.secs : lines[lines_n - 1].at_s;
    double stop = begun + last + opt.wait;
    long next = 0;
    while (now() < stop) {
        int stuck = (!opt.closed || now() < begun + opt.secs) && send_due(begun, &next);
        int sent_all = next == lines_n || (opt.closed && now() >= begun + opt.secs);
        if (sent_all && http_ok + http_bad == next && (opt.closed || !missing()) && !tabs_away()) break;
        double until_next = opt.closed || sent_all || stuck ? 0.05 : begun + lines[next].at_s - now();
        net_pump(until_next < 0.05 ? until_next : 0.05);
        keep_phase(now() - begun);
        tabs_tend();
    }
    double sending = last_answer_at - begun;
    net_pump_until(now() + opt.settle); // frames that should not come have time to come
    report(took, sending, next, before, usage_of(opt.pids));
    if (opt.n) tabs_close();
    return http_bad > 0;
}
