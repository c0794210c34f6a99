/*
 * The few types every public header shares: status, error words, borrowed byte strings.
 */
#ifndef VEDETTE_TYPES_H
#define VEDETTE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VD_API __attribute__((visibility("default")))

/* What the caller should do next. */
enum vd_status {
	VD_OK = 0,    /* done */
	VD_EINPUT,    /* the input is wrong: mend it, the words say where */
	VD_ENOTFOUND, /* what was named does not exist */
	VD_EEXIST,    /* what was to be made exists */
	VD_ELIMIT,    /* a stated bound was reached: raise it or send less */
	VD_EAGAIN,    /* not now: try again later */
	VD_EDENIED,   /* not allowed */
	VD_EIO,       /* the system or a peer failed: the words hold its own message */
	VD_ENOMEM,    /* out of memory: give up this piece of work */
	VD_EVERSION,  /* written by a version this build does not read */
	VD_END,       /* nothing more to give: not an error */
};

#define VD_ERR_TEXT_MAX 512u

/* Owned by the caller, usually on its stack; zero it before use. */
struct vd_err {
	enum vd_status status;
	uint32_t line;   /* 1-based place in the input, 0 where there is none */
	uint32_t column; /* 1-based, in bytes */
	char text[VD_ERR_TEXT_MAX];
};

/* Borrowed bytes; need not end in NUL. */
struct vd_str {
	const char *at;
	size_t len;
};

#ifdef __cplusplus
}
#endif

#endif
