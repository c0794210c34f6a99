/*
 * The bytes of a file descriptor, gunzipped or un-zstd-ed where its first bytes say so.
 *
 * Several gzip members or zstd frames one after another are one stream, as their tools have it.  What was
 * decoded before damaged bytes is handed out before the damage is reported.
 *
 * Memory: owns the descriptor and its buffers, zstd windows up to 128 MiB.  Thread: one owner.
 */
#ifndef VD_EVENT_DECOMPRESS_H
#define VD_EVENT_DECOMPRESS_H

#include "base/status.h"
#include "base/str.h"

struct vd_inflow;

/* Takes fd over, also when it fails. */
enum vd_status vd_inflow_new(int fd, struct vd_inflow **ret, struct vd_err *err) VD_MUST_USE;
void vd_inflow_free(struct vd_inflow *in);

/*
 * Reads 1 to room bytes.  VD_END: no more.  VD_EINPUT: compressed data that is damaged or cut off; VD_EIO: the
 * system failed.  After a failure the stream stays at its end.
 */
enum vd_status vd_inflow_read(
	struct vd_inflow *in, char *to, size_t room, size_t *ret_n, struct vd_err *err) VD_MUST_USE;

/*
 * on_wait is called before a read that waits: a pipe or terminal has given nothing for VD_INFLOW_PAUSE_MS.  A writer
 * that is merely slower than the reader is not meant.
 */
#define VD_INFLOW_PAUSE_MS 50
void vd_inflow_on_wait(struct vd_inflow *in, void (*on_wait)(void *owner), void *owner);

#define VD_INFLOW_HEAD 16u /* at least, unless the content is shorter or begins like JSON */
#define VD_INFLOW_HEAD_MAX 512u
/*
 * The first bytes of the content, without taking them: VD_INFLOW_HEAD_MAX of them where no read has to wait for them.
 * Fails as vd_inflow_read if there is not one.
 */
enum vd_status vd_inflow_head(struct vd_inflow *in, struct vd_str *ret, struct vd_err *err) VD_MUST_USE;

/* False: a read would wait, for a pipe or terminal has nothing more to give at the moment. */
bool vd_inflow_ready(const struct vd_inflow *in);

uint64_t vd_inflow_taken(const struct vd_inflow *in); /* bytes read from the descriptor */

VD_AUTO_DEFINE(vd_inflow, vd_inflow_free)

#endif
