/*
 * test_peer_runs.c: inside a run that a node has accepted: partners who ask something else, mix up
 * the order, touch the runs of others or fall silent; and what a run leaves behind.
 */
#include "tests/support/partners.h"

#include <ftw.h>

/* --- inside a run -------------------------------------------------------------------------------
 */

static void test_a_run_belongs_to_one_key(void **state)
{
    struct holder *f = holder_start(5, 60);
    struct ent_lookup_batch *b = run_batch_memory();
    struct ent_buf ask;
    struct run r;
    (void)state;
    run_begin(&r, f, &node_alice, 5);
    run_wait_ready(&r);
    run_question(&r, b, &ask, 0);
    r.who = &node_carol;
    run_assert_dead(&r);
    assert_int_equal(run_say(&r, "POST", "evaluate", ent_buf_slice(&ask)), 409);
    r.who = &node_alice;
    assert_int_equal(holder_events(f), 1);
    run_complete(&r, 5, 5); /* and none of it was felt by alice */
    ent_buf_release(&ask);
    ent_wipe(b, sizeof(*b));
    free(b);
    run_end(&r);
    holder_stop(f);
}

enum spoil { BATCH_NUMBER, NO_NUMBER, TOO_SHORT, TOO_LONG, NO_POINT, IDENTITY, TWICE, SPOILS };

static void spoil(struct ent_buf *ask, enum spoil how)
{
    switch (how) {
    case BATCH_NUMBER:
        ask->p[0] = 1;
        break;
    case NO_NUMBER:
        ask->n = 3;
        break;
    case TOO_SHORT:
        ask->n -= 32;
        break;
    case TOO_LONG:
        assert_ok(ent_buf_put(ask, ask->p + 4, 32));
        break;
    case NO_POINT:
        memset(ask->p + 4, 0xFF, 32);
        break;
    case IDENTITY:
        memset(ask->p + 4, 0, 32);
        break;
    case TWICE: /* the same batch with its questions in another order: more than was paid for */
        memcpy(ask->p + 4, ask->p + 36, 32);
        break;
    case SPOILS:
        break;
    }
}

/* What breaks off a run is told to its owner, not to the partner: status and body are the same. */
static void test_a_wrong_batch_ends_the_run(void **state)
{
    static const enum ent_err why[SPOILS] = {
        [BATCH_NUMBER] = ENT_E_FORMAT, [NO_NUMBER] = ENT_E_STATE, [TOO_SHORT] = ENT_E_FORMAT,
        [TOO_LONG] = ENT_E_FORMAT,     [NO_POINT] = ENT_E_FORMAT, [IDENTITY] = ENT_E_FORMAT,
        [TWICE] = ENT_E_STATE};
    struct ent_lookup_batch *b = run_batch_memory();
    (void)state;
    for (int building = 0; building < 2; building++) {
        struct holder *f = holder_start(5, 60);
        struct run r[SPOILS];
        for (int how = 0; how < SPOILS; how++) {
            struct ent_buf ask;
            if (building != 0)
                holder_block(f);
            run_begin(&r[how], f, &node_alice, 5);
            if (building == 0)
                run_wait_ready(&r[how]);
            run_question(&r[how], b, &ask, 0);
            if (how == TWICE)
                assert_int_equal(run_say(&r[how], "POST", "evaluate", ent_buf_slice(&ask)), 200);
            spoil(&ask, (enum spoil)how);
            assert_int_equal(run_say(&r[how], "POST", "evaluate", ent_buf_slice(&ask)), 409);
            holder_assert_event(f, ENT_PEER_ABORTED, "alice", r[how].id, 5);
            assert_int_equal(f->event[holder_events(f) - 1].e.err, why[how]);
            run_assert_dead(&r[how]);
            ent_buf_release(&ask);
            if (building != 0)
                holder_unblock(f);
        }
        assert_int_equal(holder_events(f), 2 * SPOILS);
        run_whole(f, &node_alice, 5, 5);
        for (int how = 0; how < SPOILS; how++)
            run_end(&r[how]);
        holder_stop(f);
    }
    ent_wipe(b, sizeof(*b));
    free(b);
}

static void test_blocks_that_are_not_there(void **state)
{
    static const char *const names[] = {"filter/1", "filter/100000000", "labels/1"};
    struct holder *f = holder_start(5, 60);
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct run r;
        run_begin(&r, f, &node_alice, 5);
        run_wait_ready(&r);
        assert_int_equal(run_get(&r, names[i]), 409);
        holder_assert_event(f, ENT_PEER_ABORTED, "alice", r.id, 5);
        run_assert_dead(&r);
        run_end(&r);
    }
    holder_stop(f);
}

static void send_bad_result(struct run *r, struct ent_buf *result)
{
    assert_int_equal(run_say(r, "POST", "result", ent_buf_slice(result)), 409);
    holder_assert_event(r->f, ENT_PEER_ABORTED, "alice", r->id, r->offer.items);
    run_assert_dead(r);
    ent_buf_release(result);
    run_end(r);
}

static void test_no_result_before_all_was_asked(void **state)
{
    struct holder *f = holder_start(5, 60);
    struct ent_lookup_batch *b = run_batch_memory();
    struct ent_buf result, ask;
    struct run r;
    (void)state;
    run_begin(&r, f, &node_alice, 5); /* nothing asked */
    run_wait_ready(&r);
    run_make_result(&r, &node_alice.author, &result, ENT_ST_RESULT, &r.answered.act.leaf, 5);
    send_bad_result(&r, &result);

    run_begin(&r, f, &node_alice, ENT_LOOKUP_BATCH + 1); /* the second of two batches asked */
    run_wait_ready(&r);
    run_question(&r, b, &ask, 1);
    assert_int_equal(run_say(&r, "POST", "evaluate", ent_buf_slice(&ask)), 200);
    run_make_result(&r, &node_alice.author, &result, ENT_ST_RESULT, &r.answered.act.leaf,
                    r.offer.items);
    send_bad_result(&r, &result);

    holder_block(f); /* all asked, but the filter is not there yet: nothing could be signed */
    run_begin(&r, f, &node_alice, 5);
    run_ask_all(&r, NULL);
    run_make_result(&r, &node_alice.author, &result, ENT_ST_RESULT, &r.answered.act.leaf, 5);
    send_bad_result(&r, &result);
    holder_unblock(f);
    ent_buf_release(&ask);
    ent_wipe(b, sizeof(*b));
    free(b);
    holder_stop(f);
}

static void test_results_that_are_no_results(void **state)
{
    struct holder *f = holder_start(5, 60);
    (void)state;
    for (int how = 0; how < 6; how++) {
        struct ent_buf result;
        struct run r;
        run_begin(&r, f, &node_alice, 5);
        run_ask_all(&r, NULL);
        run_wait_ready(&r);
        const struct ent_hash32 *ref = how == 0   ? &r.offer_act.leaf
                                       : how == 1 ? NULL
                                                  : &r.answered.act.leaf;
        run_make_result(&r, how == 2 ? &node_carol.author : &node_alice.author, &result,
                        how == 3 ? ENT_ST_ACCEPT : ENT_ST_RESULT, ref, how == 4 ? 4 : 5);
        if (how == 5)
            result.n--;
        send_bad_result(&r, &result);
    }
    holder_stop(f);
}

/* A run whose partner fell silent is forgotten, and so is one that is done; only the first is worth
 * an event. */
static void test_silent_runs_are_forgotten(void **state)
{
    struct holder *f = holder_start(5, 1);
    struct run done, silent;
    struct timespec until;
    int timed_out = 0;
    (void)state;
    run_begin(&done, f, &node_carol, 5);
    run_complete(&done, 5, 5);
    run_begin(&silent, f, &node_alice, 5);
    run_wait_ready(&silent);
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &until), 0);
    until.tv_sec += 20;
    (void)pthread_mutex_lock(&f->lock);
    while (f->events < 4 && timed_out == 0)
        timed_out = pthread_cond_timedwait(&f->changed, &f->lock, &until);
    (void)pthread_mutex_unlock(&f->lock);
    assert_int_equal(timed_out, 0);
    holder_assert_event(f, ENT_PEER_EXPIRED, "alice", silent.id, 5);
    assert_int_equal(f->event[3].e.err, ENT_E_TIMEOUT);
    run_assert_dead(&silent);
    run_assert_dead(&done);
    run_refused(&silent, ENT_DENIED_STALE);
    assert_int_equal(holder_events(f), 5);
    run_end(&done);
    run_end(&silent);
    holder_stop(f);
}

/* Who was killed twice in the middle does not wait until it is forgotten; and nobody else's run
 * gives way. */
static void test_silent_runs_give_way(void **state)
{
    struct holder *f = holder_start(5, ENT_PEER_YIELDS);
    struct run r[4], fifth, hers;
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 1000000};
    (void)state;
    run_begin(&hers, f, &node_carol, 5);
    run_wait_ready(&hers);
    for (int i = 0; i < 4; i++) {
        run_begin(&r[i], f, &node_alice, 5);
        run_wait_ready(&r[i]);
    }
    run_prepare(&fifth, f, &node_alice, 5);
    run_refused(&fifth, ENT_DENIED_BUSY);
    run_end(&fifth);
    (void)nanosleep(&second, NULL);
    run_whole(f, &node_alice, 5, 5);
    run_assert_dead(&r[0]); /* the oldest */
    for (int i = 1; i < 4; i++)
        run_complete(&r[i], 5, 5);
    run_complete(&hers, 5, 5);
    for (int i = 0; i < 4; i++)
        run_end(&r[i]);
    run_end(&hers);
    holder_stop(f);
}

/* --- what stays ---------------------------------------------------------------------------------
 */

static struct ent_slice needle;
static unsigned files_seen, files_with;

static int look_into(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    struct ent_buf b;
    (void)st, (void)ftw;
    if (kind != FTW_F)
        return 0;
    ent_buf_init(&b, 64u << 20);
    assert_ok(ent_file_read(&b, NULL, path));
    files_seen++;
    files_with += b.n > 0 && memmem(b.p, b.n, needle.p, needle.n) != NULL;
    ent_buf_release(&b);
    return 0;
}

static unsigned search(const char *folder, struct ent_slice what)
{
    char path[ENT_PATH_MAX];
    needle = what;
    files_seen = files_with = 0;
    assert_ok(ent_home_path(node_bob.home, path, folder));
    assert_int_equal(nftw(path, look_into, 16, FTW_PHYS), 0);
    return files_with;
}

/* The holder keeps acts and its own seed. What was asked, it never had; not even the blinded
 * questions stay. */
static void test_nothing_of_what_was_asked_stays(void **state)
{
    static const char *const folders[] = {"runs", "log"};
    struct holder *f = holder_start(5, 60);
    struct ent_hash32 served;
    struct ent_buf ask;
    struct run r;
    (void)state;
    run_begin(&r, f, &node_alice, 12);
    run_ask_all(&r, &ask);
    run_wait_ready(&r);
    run_receive_all(&r, &served);
    run_exchange_results(&r, &served);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(search(folders[i], ENT_SLICE_LIT(OBS)), 0);
        assert_true(files_seen > 3);
        assert_int_equal(search(folders[i], ent_slice(ask.p + 4, 32)), 0);
        /* The search does find what is there. */
        assert_true(search(folders[i], ENT_SLICE_LIT("entente/match-result@v1")) > 0);
    }
    assert_true(search("runs", ent_buf_slice(&r.offer_bytes)) == 1);
    assert_true(search("runs", ENT_SLICE_LIT("entente/run@v1\nrole holder\n")) > 0);
    ent_buf_release(&ask);
    run_end(&r);
    holder_stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_belongs_to_one_key),
        cmocka_unit_test(test_a_wrong_batch_ends_the_run),
        cmocka_unit_test(test_blocks_that_are_not_there),
        cmocka_unit_test(test_no_result_before_all_was_asked),
        cmocka_unit_test(test_results_that_are_no_results),
        cmocka_unit_test(test_silent_runs_are_forgotten),
        cmocka_unit_test(test_silent_runs_give_way),
        cmocka_unit_test(test_nothing_of_what_was_asked_stays),
    };
    ent_t_start("peer_runs");
    return cmocka_run_group_tests_name("peer_runs", tests, node_make_all, node_free_all);
}
