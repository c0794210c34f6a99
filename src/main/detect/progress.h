/*
 * A progress line on stderr when that is a terminal and the work takes longer than a moment.  Also the clock of a
 * run.  Thread: main thread.
 */
#ifndef VD_MAIN_DETECT_PROGRESS_H
#define VD_MAIN_DETECT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct vd_progress {
	bool shown;      /* wanted at all */
	int64_t started; /* monotonic ms */
	int64_t drawn;   /* last time, monotonic ms; 0: never */
};

int64_t vd_clock_ms(void);  /* monotonic */
int64_t vd_clock_now(void); /* Unix ms */

void vd_progress_init(struct vd_progress *progress, bool quiet);
void vd_progress_draw(
	struct vd_progress *progress, uint64_t done, uint64_t total, uint64_t events, uint64_t findings);
double vd_progress_seconds(const struct vd_progress *progress);

#endif
