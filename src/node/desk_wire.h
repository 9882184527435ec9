/*
 * desk_wire.h: requests to the desk (desk.h) and what it answers, as bytes.
 *
 *     advance   text member, u32 generation, u64 sequence        -> nothing
 *     spent     text member, u8 direction, u64 period            -> u64 items
 *     charge    text member, u64 period, u64 items, u64 most     -> nothing
 *     asked     text member, u64 period, u64 items               -> nothing
 *     known     u32 types, u64 time                              -> u64 items, u64 unreleased, u8
 * pad items     a note before the answer to known: one after another u16 n, n key of an observable,
 * u8 tlp, u8 confidence or 255, text kind, u16 n, n text
 *
 * Numbers are little-endian, at most INT64_MAX; a text is u8 length and so many bytes; in those
 * of an item is no 0. One form for each: encode(parse(x)) == x or ENT_E_FORMAT.
 */
#ifndef ENT_NODE_DESK_WIRE_H
#define ENT_NODE_DESK_WIRE_H

#include "match/match.h"
#include "store/store.h"

#include "node/service.h"

enum ent_desk_type {
    ENT_DESK_ADVANCE = ENT_MSG_DESK + 1,
    ENT_DESK_SPENT,
    ENT_DESK_CHARGE,
    ENT_DESK_KNOWN,
    ENT_DESK_ITEMS, /* the note */
    ENT_DESK_ASKED,
    /* desk_quorum.h */
    ENT_DESK_QUORUM,
    ENT_DESK_QUORUM_OVER,
    ENT_DESK_SEED,
    ENT_DESK_SET,
    ENT_DESK_FOUND
};

#define ENT_DESK_REQUEST_MAX (1u + ENT_NAME_MAX + 3u * 8u)
#define ENT_DESK_KNOWN_BYTES 17u
#define ENT_DESK_ANSWER_MAX  32u /* the longest: a seed */
#define ENT_DESK_ITEMS_MAX   (256u << 10)
#define ENT_DESK_ITEM_MAX    (7u + ENT_OBS_KEY_MAX + ENT_LABEL_KIND + ENT_LABEL_TEXT)

struct ent_desk_request {
    enum ent_desk_type type;
    char member[ENT_NAME_MAX + 1]; /* but for known */
    uint32_t generation;           /* advance: of its log, from 1 */
    uint64_t sequence;
    enum ent_direction direction; /* spent */
    uint64_t period;              /* spent, charge, asked */
    uint64_t items, most; /* charge, and items of asked; items from 1 to ENT_MATCH_ITEMS_MOST */
    uint32_t types;       /* known: ENT_OBS_BIT()s, at least one */
    int64_t at;           /* known: from 1 */
};

/* Appended. ENT_E_FORMAT for fields that have no such form. */
ENT_MUST_USE enum ent_err ent_desk_request_encode(struct ent_buf *b,
                                                  const struct ent_desk_request *q);
ENT_MUST_USE enum ent_err ent_desk_request_parse(struct ent_desk_request *ret, uint16_t type,
                                                 struct ent_slice bytes);

struct ent_desk_known {
    uint64_t items, unreleased; /* sent; not sent because their sources are held */
    bool pad;                   /* the exact number is nobody's business */
};
ENT_MUST_USE enum ent_err ent_desk_known_encode(struct ent_buf *b, const struct ent_desk_known *k);
ENT_MUST_USE enum ent_err ent_desk_known_parse(struct ent_desk_known *ret, struct ent_slice bytes);

/* One item, as it is compared. ret_key points into the bytes. */
ENT_MUST_USE enum ent_err ent_desk_item_encode(struct ent_buf *b, struct ent_slice key,
                                               const struct ent_label *l);
ENT_MUST_USE enum ent_err ent_desk_item_parse(struct ent_slice *ret_key, struct ent_label *ret,
                                              struct ent_cur *c);

#endif
