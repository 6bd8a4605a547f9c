// What was published, who got it and when; and what the server's processes used meanwhile.
#include "load.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Event *events;
long events_n, current = -1;
Series frame_times, answer_times, stage_times[STAGES_MAX], phase_times[PHASES];
long frames_stray, frames_wrong, frames_extra, frames_other, frames_watched, frame_bytes;
double last_frame_at;

static char *stage[STAGES_MAX];
static int stage_count;

static void split_stages(void) {
    if (!opt.stages) return;
    char *rest = strdup(opt.stages);
    for (char *part; (part = strsep(&rest, "|")) && stage_count < STAGES_MAX;) stage[stage_count++] = part;
}

int stages_n(void) { return stage_count ? stage_count : 1; }

// Events are numbered `number * stages_n() + stage`.
void tally_start(long count) {
    split_stages();
    events_n = count * stages_n();
    events = calloc(events_n, sizeof *events);
}

static long number_after(const char *mark, const char *end) {
    long number = 0;
    mark += strlen(opt.marker);
    if (mark + 9 > end) return -1;
    for (int i = 0; i < 9; i++) {
        if (mark[i] < '0' || mark[i] > '9') return -1;
        number = number * 10 + mark[i] - '0';
    }
    return number;
}

static int stage_of(const char *payload, long size) {
    for (int i = 0; i < stage_count; i++)
        if (memmem(payload, size, stage[i], strlen(stage[i]))) return i;
    return stage_count ? -1 : 0;
}

// A frame of a number that belongs to another user is wrong, whatever its stage.
long tally_frame(const char *payload, long size, long user, double at) {
    long which = current;
    int at_stage = 0;
    if (opt.marker) {
        const char *mark = memmem(payload, size, opt.marker, strlen(opt.marker));
        long number = mark ? number_after(mark, payload + size) : -1;
        if (!mark || number < 0 || number * stages_n() >= events_n) return frames_other++, -1;
        Event *any = &events[number * stages_n()];
        if (opt.script && user >= 0 && any->user >= 0 && any->user != user) return frames_wrong++, -1;
        at_stage = stage_of(payload, size);
        if (at_stage < 0) return frames_other++, -1;
        which = number * stages_n() + at_stage;
    }
    if (which < 0 || which >= events_n || !events[which].sent) return frames_stray++, -1;
    Event *e = &events[which];
    if (e->got >= e->expected) return frames_extra++, -1;
    if (!e->got++) e->first = at;
    e->last = last_frame_at = at;
    frame_bytes = size;
    series_add(&frame_times, at - e->sent);
    series_add(&stage_times[at_stage], at - e->sent);
    series_add(&phase_times[e->phase], at - e->sent);
    return which;
}

void series_add(Series *s, double value) {
    if (s->n == s->cap) s->at = realloc(s->at, (s->cap = s->cap ? s->cap * 2 : 65536) * sizeof *s->at);
    s->at[s->n++] = value;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

void series_sort(Series *s) {
    if (s->n) qsort(s->at, s->n, sizeof *s->at, by_value);
}

double series_ms(const Series *s, double share) {
    if (!s->n) return NAN;
    long place = (long)ceil(share * s->n) - 1;
    return s->at[place < 0 ? 0 : place] * 1e3;
}

static double cpu_of(const char *pid) {
    char path[64], line[2048];
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    char *rest = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
    fclose(f);
    unsigned long user, system;
    const char *format = "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu";
    if (!rest || sscanf(rest + 2, format, &user, &system) != 2) return 0;
    return (user + system) / (double)sysconf(_SC_CLK_TCK);
}

// Proportional: pages that processes share are not counted twice.
static double pss_of(const char *pid) {
    char path[64], line[256];
    double bytes = 0;
    snprintf(path, sizeof path, "/proc/%s/smaps_rollup", pid);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, "Pss:", 4)) bytes = atof(line + 4) * 1024;
    fclose(f);
    return bytes;
}

Usage usage_of(const char *pids) {
    Usage sum = {0};
    char *list = strdup(pids), *rest = list;
    for (char *pid; (pid = strsep(&rest, ","));) {
        if (!*pid) continue;
        sum.cpu_s += cpu_of(pid);
        sum.pss_bytes += pss_of(pid);
    }
    free(list);
    return sum;
}
