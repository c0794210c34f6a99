/*
 * Where matches that wait for correlation go when they are more than memory should hold: an unlinked file in
 * $TMPDIR (or /tmp), made at the first write.
 *
 * Memory: nothing is kept but the descriptor.  Thread: one owner.
 */
#ifndef VD_MAIN_DETECT_SPILL_H
#define VD_MAIN_DETECT_SPILL_H

#include "base/status.h"
#include "vedette/engine.h"

struct vd_spill_file {
	int fd; /* -1: none yet */
	uint64_t written;
};

void vd_spill_file_init(struct vd_spill_file *file);
void vd_spill_file_fini(struct vd_spill_file *file);
/* Callbacks on the file, which must stay where it is. */
struct vd_spill vd_spill_file_door(struct vd_spill_file *file);

#endif
