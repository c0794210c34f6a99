#include "main/detect/pool.h"

#include <pthread.h>

#include "base/mem.h"

/*
 * Jobs are numbered as they are submitted; number i sits in slot i % n_jobs.  collected <= taken <= submitted <=
 * collected + n_jobs.
 */
struct vd_pool {
	struct vd_job **jobs;
	size_t n_jobs;
	struct vd_worker **workers;
	size_t n_workers;
	pthread_t *threads;
	size_t n_threads;     /* started */
	pthread_mutex_t lock; /* guards the numbers below and the jobs' done flags */
	pthread_cond_t work, done;
	uint64_t submitted, taken, collected;
	size_t n_started; /* threads that have found their worker */
	bool stop;
};

static void *
work(void *owner)
{
	struct vd_pool *pool = owner;
	pthread_mutex_lock(&pool->lock);
	struct vd_worker *worker = pool->workers[pool->n_started++];
	for (;;) {
		while (pool->taken == pool->submitted && !pool->stop)
			pthread_cond_wait(&pool->work, &pool->lock);
		if (pool->stop)
			break;
		struct vd_job *job = pool->jobs[pool->taken++ % pool->n_jobs];
		pthread_mutex_unlock(&pool->lock);
		vd_worker_run(worker, job);
		pthread_mutex_lock(&pool->lock);
		job->done = true;
		pthread_cond_signal(&pool->done);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static enum vd_status
start(struct vd_pool *pool, struct vd_err *err)
{
	if (pool->n_workers == 1)
		return VD_OK;
	for (; pool->n_threads < pool->n_workers; pool->n_threads++) {
		int error = pthread_create(&pool->threads[pool->n_threads], NULL, work, pool);
		if (error != 0)
			return vd_fail(err, VD_EIO, "cannot start thread %zu: %s; give fewer --threads",
				pool->n_threads + 1, strerrordesc_np(error));
	}
	return VD_OK;
}

static enum vd_status
fill(struct vd_pool *pool, const struct vd_job_shared *shared, size_t threads, struct vd_err *err)
{
	pool->n_jobs = 2 * threads + 2;
	pool->jobs = vd_mem_zalloc(pool->n_jobs, sizeof *pool->jobs);
	pool->workers = vd_mem_zalloc(threads, sizeof(struct vd_worker *));
	pool->threads = vd_mem_zalloc(threads, sizeof *pool->threads);
	if (pool->jobs == NULL || pool->workers == NULL || pool->threads == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for %zu threads", threads);
	for (size_t i = 0; i < pool->n_jobs; i++) {
		pool->jobs[i] = vd_job_new();
		if (pool->jobs[i] == NULL)
			return vd_fail(err, VD_ENOMEM, "no memory for %zu threads", threads);
	}
	for (; pool->n_workers < threads; pool->n_workers++) {
		enum vd_status st = vd_worker_new(shared, &pool->workers[pool->n_workers], err);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

enum vd_status
vd_pool_new(const struct vd_job_shared *shared, size_t threads, struct vd_pool **ret, struct vd_err *err)
{
	VD_AUTO(vd_pool) pool = vd_mem_zalloc(1, sizeof *pool);
	if (pool == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for %zu threads", threads);
	/* on Linux these cannot fail with default attributes */
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->work, NULL);
	(void)pthread_cond_init(&pool->done, NULL);
	enum vd_status st = fill(pool, shared, threads, err);
	if (st == VD_OK)
		st = start(pool, err);
	if (st != VD_OK)
		return st;
	*ret = vd_pool_take(&pool);
	return VD_OK;
}

void
vd_pool_free(struct vd_pool *pool)
{
	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (size_t i = 0; i < pool->n_threads; i++)
		pthread_join(pool->threads[i], NULL);
	for (size_t i = 0; i < pool->n_workers; i++)
		vd_worker_free(pool->workers[i]);
	for (size_t i = 0; pool->jobs != NULL && i < pool->n_jobs; i++)
		vd_job_free(pool->jobs[i]);
	pthread_cond_destroy(&pool->work);
	pthread_cond_destroy(&pool->done);
	pthread_mutex_destroy(&pool->lock);
	vd_mem_free(pool->jobs);
	vd_mem_free(pool->workers);
	vd_mem_free(pool->threads);
	vd_mem_free(pool);
}

struct vd_job *
vd_pool_spare(struct vd_pool *pool)
{
	/* submitted and collected are changed by the owner alone */
	if (pool->submitted - pool->collected == pool->n_jobs)
		return NULL;
	return pool->jobs[pool->submitted % pool->n_jobs];
}

void
vd_pool_submit(struct vd_pool *pool)
{
	struct vd_job *job = pool->jobs[pool->submitted % pool->n_jobs];
	if (pool->n_workers == 1) {
		vd_worker_run(pool->workers[0], job);
		job->done = true;
		pool->submitted++;
		pool->taken++;
		return;
	}
	pthread_mutex_lock(&pool->lock);
	job->done = false;
	pool->submitted++;
	pthread_cond_signal(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}

struct vd_job *
vd_pool_collect(struct vd_pool *pool, bool wait)
{
	if (pool->collected == pool->submitted)
		return NULL;
	struct vd_job *job = pool->jobs[pool->collected % pool->n_jobs];
	pthread_mutex_lock(&pool->lock);
	while (wait && !job->done)
		pthread_cond_wait(&pool->done, &pool->lock);
	bool done = job->done;
	pthread_mutex_unlock(&pool->lock);
	return done ? job : NULL;
}

void
vd_pool_release(struct vd_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->collected++;
	pthread_mutex_unlock(&pool->lock);
}
