/*
 * Configuration text: what is taken reads back the same from what is shown, and a refused text changes nothing.
 */
#include <stdlib.h>

#include "base/conf.h"

#define ROWS(X)                                                                                              \
	X(count, COUNT, "", "3", "1", "100000", LIVE, "")                                                    \
	X(size, SIZE, "", "4KiB", "", "4GiB", LIVE, "")                                                      \
	X(span, DURATION, "", "5s", "0ms", "1d", LIVE, "")                                                   \
	X(strict, BOOL, "", "no", "", "", LIVE, "")                                                          \
	X(share, RATIO, "", "0.5", "0", "1", LIVE, "")                                                       \
	X(words, WORDS, "", "a", "0", "64", LIVE, "")                                                        \
	X(choice, CHOICE, "a|b|ab", "a", "", "", LIVE, "")

struct conf {
#define MEMBER(name, type, ...) VD_CONF_C_##type name;
	ROWS(MEMBER)
};

#define ROW(name, type, ...) VD_CONF_ROW(struct conf, name, type, __VA_ARGS__)
static const struct vd_conf_row rows[] = {ROWS(ROW)};
static const struct vd_conf_table table = VD_CONF_TABLE("fuzz", struct conf, rows);

static void
show(const struct conf *conf, struct vd_buf *to)
{
	vd_buf_reset(to);
	vd_conf_show(&table, conf, to);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO_FINI(vd_buf) before = {0}, after = {0};
	struct vd_str text = {(const char *)bytes, n};
	struct conf conf;
	if (arena == NULL || vd_conf_init(&table, &conf, arena, NULL) != VD_OK)
		abort();
	show(&conf, &before);
	bool taken = vd_conf_read(&table, &conf, text, arena, &VD_ERR_INIT) == VD_OK;
	show(&conf, &after);
	if (!taken) {
		if (!vd_str_eq(vd_buf_view(&before), vd_buf_view(&after)))
			abort();
		return 0;
	}
	if (vd_conf_read(&table, &conf, vd_buf_view(&after), arena, NULL) != VD_OK)
		abort();
	show(&conf, &before);
	if (!vd_str_eq(vd_buf_view(&before), vd_buf_view(&after)))
		abort();
	return 0;
}
