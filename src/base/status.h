/*
 * What a call came to, and the words that say why.
 *
 * enum vd_status tells the caller what to do next; the words go into a struct vd_err that the caller owns,
 * usually on its stack (VD_ERR_INIT), and gain context on the way up with vd_fail_in.  Library code never
 * logs, prints or exits.  Thread: a struct vd_err has one owner.
 */
#ifndef VD_BASE_STATUS_H
#define VD_BASE_STATUS_H

#include "base/defs.h"
#include "vedette/types.h"

#define VD_ERR_INIT                                                                                          \
	(struct vd_err)                                                                                      \
	{                                                                                                    \
		.status = VD_OK                                                                              \
	}

/* Both take err == NULL and return st.  vd_fail starts the words, vd_fail_in puts context and ": " before. */
enum vd_status vd_fail(struct vd_err *err, enum vd_status st, const char *fmt, ...) VD_PRINTF(3, 4) VD_COLD;
enum vd_status vd_fail_in(struct vd_err *err, enum vd_status st, const char *fmt, ...)
	VD_PRINTF(3, 4) VD_COLD;
enum vd_status vd_fail_at(struct vd_err *err, enum vd_status st, uint32_t line, uint32_t column,
	const char *fmt, ...) VD_PRINTF(5, 6);

const char *vd_status_name(enum vd_status st);

#endif
