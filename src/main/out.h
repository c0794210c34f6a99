/*
 * Standard output and standard error of the command.  Results go through struct vd_out, which writes whole
 * buffers and remembers the first failure (reader gone, disk full), so that a run can end with exit code 2
 * instead of a cut result.  Thread: main thread only.
 */
#ifndef VD_MAIN_OUT_H
#define VD_MAIN_OUT_H

#include "base/str.h"

struct vd_out {
	int fd;
	int error; /* errno of the first failure, 0 none */
	struct vd_buf buf;
};

void vd_out_init(struct vd_out *out, int fd);
void vd_out_fini(struct vd_out *out);                     /* does not flush */
void vd_out_add(struct vd_out *out, struct vd_str bytes); /* written once enough came together */
bool vd_out_flush(struct vd_out *out);                    /* false: failed now or before */
/* Flushes and says on stderr what went wrong; returns exit_code, or VD_EXIT_ERROR after a failure. */
int vd_out_end(struct vd_out *out, int exit_code);

/* A line on stderr, "vedette: …"; what came from files and rules must be made safe by the caller (term.h). */
void vd_complain(const char *fmt, ...) VD_PRINTF(1, 2);
void vd_complain_err(const struct vd_err *err);
/* The same, with its place and a hint where to read on; returns VD_EXIT_ERROR. */
int vd_usage_error(const char *command, const struct vd_err *err);

/* Writes text to fd, as far as it goes: for stderr, where a failure has nobody to tell. */
void vd_out_raw(int fd, struct vd_str text);

#endif
