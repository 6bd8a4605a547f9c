// The one line of JSON that a run prints.
#include "load.h"
#include <ctype.h>
#include <math.h>
#include <string.h>

static char first_bad[121];
static int fields;

// The first answer that was not what it should be, kept readable.
void first_bad_note(const char *text, int size) {
    if (first_bad[0]) return;
    if (size > 120) size = 120;
    for (int i = 0; i < size && text[i] && text[i] != '\r' && text[i] != '\n'; i++)
        first_bad[i] = isprint((unsigned char)text[i]) && text[i] != '"' && text[i] != '\\' ? text[i] : '?';
}

static void name_field(const char *name) { printf("%s\"%s\":", fields++ ? "," : "", name); }

void json_text(const char *name, const char *value) {
    name_field(name);
    printf("\"%s\"", value);
}

void json_int(const char *name, long value) {
    name_field(name);
    printf("%ld", value);
}

void json_num(const char *name, double value) {
    name_field(name);
    if (isnan(value)) printf("null");
    else printf("%.3f", value);
}

void json_begin(void) {
    printf("{");
    json_text("mode", opt.mode);
    json_text("tag", opt.tag);
}

void json_end(void) {
    json_int("died", tabs_died);
    json_int("bad", http_bad);
    json_int("refused", http_refused);
    json_int("cut", http_cut);
    json_text("first_bad", first_bad);
    printf("}\n");
    fflush(NULL);
}
