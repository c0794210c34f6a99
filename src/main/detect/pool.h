/*
 * Worker threads over a ring of jobs.  The owner takes a spare job, fills its batch, submits it, and gets jobs back
 * in the order it submitted them.  With one thread the work is done inside submit and no thread exists.
 *
 * The ring holds 2 * threads + 2 jobs, which bounds memory.  Thread: one owner for all calls.
 */
#ifndef VD_MAIN_DETECT_POOL_H
#define VD_MAIN_DETECT_POOL_H

#include "main/detect/job.h"

struct vd_pool;

enum vd_status vd_pool_new(const struct vd_job_shared *shared, size_t threads, struct vd_pool **ret,
	struct vd_err *err) VD_MUST_USE;
void vd_pool_free(struct vd_pool *pool); /* waits for running jobs */
/* A job to fill, NULL while all are under way: collect one first.  The same one until it is submitted. */
struct vd_job *vd_pool_spare(struct vd_pool *pool);
void vd_pool_submit(struct vd_pool *pool);
/* The oldest submitted job once it is done; NULL: none is submitted, or (wait false) it is not done yet. */
struct vd_job *vd_pool_collect(struct vd_pool *pool, bool wait);
/* Gives the collected job back. */
void vd_pool_release(struct vd_pool *pool);

VD_AUTO_DEFINE(vd_pool, vd_pool_free)

#endif
