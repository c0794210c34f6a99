/*
 * The files that paths on a command line mean: a file as it is, "-" for standard input, a folder with everything
 * below it in the order of names.
 *
 * Inside folders names that begin with a dot are left out, and so is what is neither file nor folder.  Symbolic
 * links are followed; a link back to a folder that is being walked is not.  Bounds below.  Memory: the list
 * owns its names.
 */
#ifndef VD_EVENT_READ_PATHS_H
#define VD_EVENT_READ_PATHS_H

#include "base/arena.h"
#include "base/status.h"

#define VD_PATHS_MAX 1000000u  /* files in all */
#define VD_PATHS_MAX_DEPTH 64u /* folders inside one another */

struct vd_path {
	struct vd_str name; /* ends in NUL */
	uint64_t size;      /* bytes, 0 where it cannot be known */
	bool found;         /* in a folder; else named */
	bool waits;         /* a named pipe: opening it may wait */
};

struct vd_paths {
	struct vd_arena *arena;
	struct vd_path *at;
	size_t n, cap;
	uint64_t bad; /* reports through on_bad so far */
	/* what could not be walked or holds nothing */
	void (*on_bad)(void *owner, struct vd_str path, const char *what);
	void *owner;
};

void vd_paths_init(struct vd_paths *paths, void (*on_bad)(void *owner, struct vd_str path, const char *what),
	void *owner);
void vd_paths_fini(struct vd_paths *paths);
/*
 * VD_ENOTFOUND: nothing is called path; VD_EIO: it may not be read; VD_ELIMIT, VD_ENOMEM.  A folder below path that
 * cannot be opened goes to on_bad.
 */
enum vd_status vd_paths_add(struct vd_paths *paths, const char *path, struct vd_err *err) VD_MUST_USE;

#endif
