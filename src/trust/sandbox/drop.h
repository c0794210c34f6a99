/*
 * What a process gives up before rules come: descriptors, capabilities, limits, new privileges.
 *
 * Memory: none.  Thread: the process's only one.
 */
#ifndef VD_TRUST_SANDBOX_DROP_H
#define VD_TRUST_SANDBOX_DROP_H

#include <stdbool.h>

#include "base/status.h"

/* VD_EINPUT: this process has other threads. */
enum vd_status vd_drop_check_alone(struct vd_err *err) VD_MUST_USE;

/* Closes all but 0, 1, 2 and those named; the list is sorted in place. */
enum vd_status vd_drop_descriptors(int keep[], size_t n, struct vd_err *err) VD_MUST_USE;

/* Permitted capabilities, 1 << CAP_…. */
uint64_t vd_drop_capabilities_held(void);
/* All capabilities but those named, from every set; the bounding set only with CAP_SETPCAP. */
enum vd_status vd_drop_capabilities(uint64_t keeps, struct vd_err *err) VD_MUST_USE;

/* No core files; at most nofile descriptors (0: as it is); *ret_nofile is what holds. */
enum vd_status vd_drop_limits(uint64_t nofile, uint64_t *ret_nofile, struct vd_err *err) VD_MUST_USE;

enum vd_status vd_drop_new_privileges(bool hidden, struct vd_err *err) VD_MUST_USE;

#endif
