#include "main/detect/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "main/term.h"

#define FIRST_AFTER_MS 1000
#define EVERY_MS 200
#define BAR_WIDTH 24u

static int64_t
read_clock(clockid_t clock)
{
	struct timespec now;
	(void)clock_gettime(clock, &now); /* cannot fail for these clocks */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
vd_clock_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t
vd_clock_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

void
vd_progress_init(struct vd_progress *progress, bool quiet)
{
	*progress = (struct vd_progress){!quiet && vd_term_is(STDERR_FILENO), vd_clock_ms(), 0};
}

double
vd_progress_seconds(const struct vd_progress *progress)
{
	return (double)(vd_clock_ms() - progress->started) / 1000.0;
}

void
vd_progress_draw(
	struct vd_progress *progress, uint64_t done, uint64_t total, uint64_t events, uint64_t findings)
{
	char line[160], bar[BAR_WIDTH + 1];
	int64_t now = vd_clock_ms();
	if (!progress->shown || now - progress->started < FIRST_AFTER_MS || now - progress->drawn < EVERY_MS)
		return;
	progress->drawn = now;
	double rate = (double)events * 1000.0 / (double)(now - progress->started);
	double part = total == 0 ? 0.0 : VD_MIN((double)done / (double)total, 1.0);
	size_t filled = (size_t)(part * BAR_WIDTH);
	for (size_t i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < filled ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	if (total == 0)
		(void)snprintf(line, sizeof line, "%llu event%s, %.0f/s, %llu finding%s",
			(unsigned long long)events, events == 1 ? "" : "s", rate,
			(unsigned long long)findings, findings == 1 ? "" : "s");
	else
		(void)snprintf(line, sizeof line, "[%s] %3.0f %%  %llu event%s, %.0f/s, %llu finding%s", bar,
			part * 100.0, (unsigned long long)events, events == 1 ? "" : "s", rate,
			(unsigned long long)findings, findings == 1 ? "" : "s");
	vd_term_progress(line);
}
