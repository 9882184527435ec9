/*
 * test_quorum_work_wire.c: what the ledger sends to a process that computes a quorum: each request
 * has one form, and no other length is one.
 */
#include "tests/support/t.h"

#include "node/node.h"

#define START INT64_C(1766332800)

static struct ent_quorum_offer an_offer(void)
{
    return (struct ent_quorum_offer){
        .window = START,
        .seconds = 3600,
        .types = ENT_OBS_BIT(ENT_OBS_IPV4),
        .shape = {.members = 2, .threshold = 2, .items = 32, .tables = 20},
        .padding = ENT_QUORUM_PAD_FULL,
        .participant = {"alice", "bob"},
        .holders = 2,
        .holder = {"alice", "bob"},
        .collector = "erin",
        .accept_by = START + 7200,
        .keys_by = START + 7300,
        .upload_by = START + 7400,
        .result_by = START + 7500,
        .nonce = {{5}},
    };
}

static void test_requests_have_one_form(void **state)
{
    static const uint8_t bytes[ENT_QUORUM_EVALUATE_MAX + 1] = {7};
    const struct ent_quorum_offer o = an_offer();
    struct ent_qwork_request r, back;
    struct ent_buf a, b;
    (void)state;
    ent_buf_init(&a, 2 * ENT_QWORK_REQUEST_MAX);
    ent_buf_init(&b, 2 * ENT_QWORK_REQUEST_MAX);
    const struct ent_protocol p = {ent_qwork_rows, ENT_QWORK_ROWS, 1, 1u << 20};
    assert_true(ent_protocol_is_sound(&p));
    for (int type = ENT_QWORK_JOIN; type <= ENT_QWORK_EVALUATE; type++) {
        const struct ent_msg_row *row = ent_msg_row(&p, (uint16_t)type, ENT_MSG_CALL);
        r = (struct ent_qwork_request){.type = (enum ent_qwork_type)type,
                                       .hash = {{9}},
                                       .offer = o,
                                       .index = 2,
                                       .number = 3,
                                       .bytes = ent_slice(bytes, ENT_QUORUM_PIECE_MAX + 1)};
        ent_buf_clear(&a);
        ent_buf_clear(&b);
        assert_ok(ent_qwork_request_encode(&a, &r));
        assert_true(a.n >= row->min && a.n <= row->max);
        assert_ok(ent_qwork_request_parse(&back, (uint16_t)type, ent_buf_slice(&a)));
        assert_ok(ent_qwork_request_encode(&b, &back));
        assert_true(ent_slice_eq(ent_buf_slice(&a), ent_buf_slice(&b)));
        for (size_t n = 0; n < row->min; n++)
            assert_err(ent_qwork_request_parse(&back, (uint16_t)type, ent_slice(a.p, n)),
                       ENT_E_FORMAT);
        while (a.n <= row->max)
            assert_ok(ent_buf_putc(&a, 0));
        assert_err(ent_qwork_request_parse(&back, (uint16_t)type, ent_buf_slice(&a)), ENT_E_FORMAT);
    }
    r = (struct ent_qwork_request){.type = ENT_QWORK_AGAIN, .index = 65};
    assert_err(ent_qwork_request_encode(&a, &r), ENT_E_FORMAT);
    r.index = 0;
    assert_err(ent_qwork_request_encode(&a, &r), ENT_E_FORMAT);
    r = (struct ent_qwork_request){.type = ENT_QWORK_ANSWER, .index = ENT_QUORUM_HOLDERS + 1};
    assert_err(ent_qwork_request_encode(&a, &r), ENT_E_FORMAT);
    assert_err(ent_qwork_request_parse(&back, ENT_MSG_QUORUM, ent_slice(NULL, 0)), ENT_E_FORMAT);
    assert_err(ent_qwork_request_parse(&back, ENT_QWORK_EVALUATE + 1, ent_slice(NULL, 0)),
               ENT_E_FORMAT);
    ent_buf_release(&a);
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_have_one_form),
    };
    return ent_t_run("quorum_work_wire", tests);
}
