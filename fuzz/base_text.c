/*
 * Any bytes through the readers of base: folding is stable and fits its bound, repaired text is valid, a time
 * that is read has parts and is written so that it reads back.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_fold(const char *text, size_t n)
{
	size_t bound = vd_fold_bound(n);
	char *once = vd_mem_alloc(bound), *twice = vd_mem_alloc(vd_fold_bound(bound));
	if (once != NULL && twice != NULL) {
		size_t n_once = vd_fold(once, text, n);
		must(n_once <= bound);
		size_t n_twice = vd_fold(twice, once, n_once);
		must(n_twice == n_once && memcmp(once, twice, n_once) == 0);
		must(vd_fold_eq(text, n, once, n_once));
		must(vd_utf8_valid(text, n) == vd_utf8_valid(once, n_once));
	}
	vd_mem_free(once);
	vd_mem_free(twice);
}

static void
check_repair(const char *text, size_t n)
{
	char *to = vd_mem_alloc(3 * n);
	if (to == NULL)
		return;
	size_t written = vd_utf8_repair(to, text, n);
	must(written <= 3 * n && vd_utf8_valid(to, written));
	must(!vd_utf8_valid(text, n) || (written == n && memcmp(to, text, n) == 0));
	vd_mem_free(to);
}

#define REFERENCE 1767585540000 /* 2026-01-05T03:59:00Z */
#define DAY 86400000

/* A time without a year is none of the others; its year is the latest one that is not beyond the reference. */
static void
check_yearless(struct vd_str text)
{
	int64_t ms, other;
	bool read = vd_time_parse_yearless(text, REFERENCE, &ms);
	must(!read || !vd_time_parse(text, &other));
	for (int year = 2027; year >= 2017; year--) {
		if (!vd_time_parse_bsd(text, year, &other) || other > REFERENCE + DAY)
			continue;
		must(read && ms == other);
		return;
	}
	must(!read);
}

static void
check_time(struct vd_str text)
{
	char written[VD_TIME_TEXT_MAX];
	struct vd_time_parts parts;
	int64_t ms, back;
	if (!vd_time_parse(text, &ms)) {
		must(!vd_time_parts(text, &parts));
		return;
	}
	struct vd_str out = {written, vd_time_format(ms, written)};
	must(out.len < sizeof written);
	if (written[0] >= '0' && written[0] <= '9')
		must(vd_time_parse(out, &back) && back == ms && vd_time_parts(text, &parts));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const char *text = (const char *)bytes;
	double number;
	int64_t ms;
	check_fold(text, n);
	check_repair(text, n);
	check_time((struct vd_str){text, n});
	check_yearless((struct vd_str){text, n});
	(void)vd_time_parse_audit((struct vd_str){text, n}, &ms);
	(void)vd_str_double((struct vd_str){text, n}, &number);
	return 0;
}
