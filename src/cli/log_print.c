/* log_print.c: statements and what they are worth, for people and for programs. */
#include "cli/log.h"

void cli_print_standing(const struct ent_standing *st, size_t panel, const char *indent)
{
    char time[ENT_TIME_TEXT];
    /* The panel of an older version is not at hand; two cosignatures prevent nothing in any. */
    bool few = st->version == 0 ? panel <= 3 : st->k <= 2;
    (void)printf("%s%s: cosigned by %u others, %u needed%s\n", indent,
                 st->accepted ? "accepted" : "received", st->cosigned, st->k,
                 few ? "; so few detect, and do not prevent" : "");
    if (st->version != 0)
        (void)printf("%sby version %llu of the pact; the newest asks for other witnesses\n", indent,
                     (unsigned long long)st->version);
    if (st->not_later == 0)
        return;
    ent_time_format(time, st->not_later);
    (void)printf("%snot later than %s, the median of their times\n", indent, time);
}

void cli_json_standing(struct ent_json *j, const struct ent_standing *st)
{
    ent_json_cstr(j, "standing", st->accepted ? "accepted" : "received");
    ent_json_u64(j, "cosigned", st->cosigned);
    ent_json_u64(j, "needed", st->k);
    if (st->version != 0)
        ent_json_u64(j, "by_version", st->version);
    if (st->not_later != 0)
        ent_json_time(j, "not_later_than", st->not_later);
}

void cli_print_statement(const struct ent_statement *st, const char *indent)
{
    char time[ENT_TIME_TEXT], hex[ENT_HEX_LEN(32)], n[ENT_NUM_TEXT];
    ent_time_format(time, st->time);
    (void)printf("%s%s, number %llu of %s, under version %llu of the pact\n"
                 "%sat %s, as it claims itself; marked %s\n",
                 indent, ent_statement_type_name(st->type), (unsigned long long)st->sequence,
                 st->author, (unsigned long long)st->pact_version, indent, time, st->tlp);
    for (size_t i = 0; i < st->refs; i++) {
        ent_hex_encode(hex, st->ref[i].b, 32);
        (void)printf("%son %s\n", indent, hex);
    }
    char media[ENT_SHOW_MAX];
    (void)printf("%sbody: %s bytes of %s\n", indent, ent_show_count(n, st->body_n),
                 ent_show(media, ent_slice_str(st->media)));
}

void cli_json_statement(struct ent_json *j, const struct ent_statement *st)
{
    char hex[ENT_HEX_LEN(32)];
    ent_json_cstr(j, "author", st->author);
    ent_json_u64(j, "sequence", st->sequence);
    ent_json_cstr(j, "type", ent_statement_type_name(st->type));
    ent_json_time(j, "claimed_time", st->time);
    ent_json_u64(j, "pact_version", st->pact_version);
    ent_json_arr(j, "refs");
    for (size_t i = 0; i < st->refs; i++) {
        ent_hex_encode(hex, st->ref[i].b, 32);
        ent_json_cstr(j, NULL, hex);
    }
    ent_json_arr_end(j);
    ent_json_cstr(j, "tlp", st->tlp);
    ent_json_cstr(j, "media", st->media);
    ent_json_u64(j, "body_bytes", st->body_n);
}

#define BODY_SHOWN 4096u

void cli_print_body(struct ent_slice body, const char *indent)
{
    struct ent_buf b;
    struct ent_cur c = ent_cur(ent_slice(body.p, body.n < BODY_SHOWN ? body.n : BODY_SHOWN));
    if (body.n == 0 || !ent_utf8_valid(body, NULL)) {
        (void)printf("%s(no text)\n", indent);
        return;
    }
    ent_buf_init(&b, 64u << 10);
    while (c.n > 0) {
        struct ent_slice line = ent_slice(c.p, c.n);
        if (ent_cur_line(&c, &line) != ENT_OK)
            c.n = 0;
        ent_buf_clear(&b);
        if (ent_escape(&b, line, BODY_SHOWN) != ENT_OK)
            break;
        (void)printf("%s%.*s\n", indent, (int)b.n, (const char *)b.p);
    }
    if (body.n > BODY_SHOWN)
        (void)printf("%s... (%zu bytes more)\n", indent, body.n - BODY_SHOWN);
    ent_buf_release(&b);
}
