/* pool.c: the thread pool. All state is under one mutex; jobs are large, so it is never hot. */
#include "base/base.h"

#include <pthread.h>
#include <sched.h>

#define MAX_THREADS 256u

struct ent_pool {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* for workers: a batch began, or the pool ends */
    pthread_cond_t idle; /* for callers: the last job of the batch ended */
    enum ent_err (*job)(void *, size_t);
    void *ctx;
    size_t next, n, running;
    bool busy, ending; /* busy: a caller owns the batch */
    enum ent_err err;
    unsigned workers; /* threads besides the caller */
    pthread_t thread[MAX_THREADS];
};

/* Take and run jobs until none is left; called and returns with the lock held. */
static void work(struct ent_pool *p)
{
    while (p->next < p->n) {
        size_t i = p->next++;
        p->running++;
        (void)pthread_mutex_unlock(&p->lock);
        enum ent_err r = p->job(p->ctx, i);
        (void)pthread_mutex_lock(&p->lock);
        p->running--;
        if (r != ENT_OK && p->err == ENT_OK) {
            p->err = r;
            p->next = p->n;
        }
    }
    if (p->running == 0)
        (void)pthread_cond_broadcast(&p->idle);
}

static void *worker(void *arg)
{
    struct ent_pool *p = arg;
    (void)pthread_mutex_lock(&p->lock);
    while (!p->ending) {
        if (p->next < p->n)
            work(p);
        else
            (void)pthread_cond_wait(&p->wake, &p->lock);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return NULL;
}

static unsigned processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : (unsigned)n;
}

enum ent_err ent_pool_new(struct ent_pool **ret, unsigned threads)
{
    if (threads == 0)
        threads = processors();
    if (threads > MAX_THREADS)
        threads = MAX_THREADS;
    struct ent_pool *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return ENT_E_NOMEM;
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->wake, NULL);
    (void)pthread_cond_init(&p->idle, NULL);
    while (p->workers + 1 < threads) {
        if (pthread_create(&p->thread[p->workers], NULL, worker, p) != 0)
            break; /* fewer threads are slower, not wrong */
        p->workers++;
    }
    *ret = p;
    return ENT_OK;
}

void ent_pool_free(struct ent_pool *p)
{
    if (p == NULL)
        return;
    (void)pthread_mutex_lock(&p->lock);
    p->ending = true;
    (void)pthread_cond_broadcast(&p->wake);
    (void)pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->workers; i++)
        (void)pthread_join(p->thread[i], NULL);
    (void)pthread_cond_destroy(&p->idle);
    (void)pthread_cond_destroy(&p->wake);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

unsigned ent_pool_threads(const struct ent_pool *p)
{
    return p->workers + 1;
}

enum ent_err ent_pool_run(struct ent_pool *p, enum ent_err (*job)(void *ctx, size_t i), void *ctx,
                          size_t n)
{
    (void)pthread_mutex_lock(&p->lock);
    while (p->busy)
        (void)pthread_cond_wait(&p->idle, &p->lock);
    p->busy = true;
    p->job = job;
    p->ctx = ctx;
    p->next = 0;
    p->n = n;
    p->err = ENT_OK;
    (void)pthread_cond_broadcast(&p->wake);
    work(p);
    while (p->running > 0)
        (void)pthread_cond_wait(&p->idle, &p->lock);
    enum ent_err r = p->err;
    p->n = p->next = 0;
    p->busy = false;
    (void)pthread_cond_broadcast(&p->idle);
    (void)pthread_mutex_unlock(&p->lock);
    return r;
}
