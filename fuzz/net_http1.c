/*
 * Any bytes as requests of HTTP/1.1: at once, byte by byte and in other pieces they give the same requests and the
 * same refusal.  What was taken as headers, the writer takes too, and what it writes has as many lines as it should.
 * The first byte sets the size of the pieces and, by its top bit, small limits.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "net/http1_play.h"
#include "net/http1_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define EVERY_CUT_MAX 300u /* bytes up to which each cut in two is tried */

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
same(struct vd_str bytes, const struct vd_http1_limits *limits, struct vd_http1_cuts cuts, struct vd_str want)
{
	VD_AUTO_FINI(vd_buf) got = {0};
	vd_http1_play(bytes, limits, cuts, &got);
	must(vd_str_eq(vd_buf_view(&got), want));
}

static size_t
lines(struct vd_str text)
{
	size_t n = 0;
	for (size_t i = 0; i + 1 < text.len; i++)
		n += text.at[i] == '\r' && text.at[i + 1] == '\n';
	for (size_t i = 0; i < text.len; i++)
		must(text.at[i] != '\n' || (i > 0 && text.at[i - 1] == '\r'));
	return n;
}

/* The headers of the first request go out again, each alone: it comes out as one line, or is refused. */
static void
check_write(struct vd_str bytes)
{
	struct vd_http1 http;
	size_t used;
	char *copy = vd_mem_alloc(bytes.len);
	must(copy != NULL);
	if (bytes.len != 0)
		memcpy(copy, bytes.at, bytes.len);
	vd_http1_init(&http, &VD_HTTP1_LIMITS);
	if (vd_http1_head(&http, copy, bytes.len, &used, NULL) == VD_OK) {
		must(used <= bytes.len && http.n_headers <= VD_HTTP1_LIMITS.fields);
		for (size_t i = 0; i < http.n_headers; i++) {
			VD_AUTO_FINI(vd_buf) out = {0};
			struct vd_http1_header header = {vd_http1_str(&http, http.fields[i].name),
				vd_http1_str(&http, http.fields[i].value)};
			struct vd_http1_answer answer = {
				.status = 200, .body = VD_HTTP1_BYTES, .headers = &header, .n = 1};
			if (vd_http1_write_head(&answer, &out, NULL) == VD_OK)
				must(lines(vd_buf_view(&out)) == 4);
			else
				must(out.len == 0);
		}
	}
	vd_mem_free(copy);
	/* any bytes at all as a value */
	VD_AUTO_FINI(vd_buf) out = {0};
	struct vd_http1_header header = {VD_S("x"), bytes};
	struct vd_http1_answer answer = {.status = 204, .headers = &header, .n = 1};
	if (vd_http1_write_head(&answer, &out, NULL) == VD_OK)
		must(lines(vd_buf_view(&out)) == 3);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (n == 0)
		return 0;
	struct vd_str text = {(const char *)bytes + 1, n - 1};
	struct vd_http1_limits limits = VD_HTTP1_LIMITS;
	if (bytes[0] & 0x80)
		limits = (struct vd_http1_limits){
			.head = 160, .line = 40, .target = 24, .fields = 5, .trailer = 50, .body = 60};
	VD_AUTO_FINI(vd_buf) whole = {0};
	vd_http1_play(text, &limits, (struct vd_http1_cuts){0, 0}, &whole);
	struct vd_str want = vd_buf_view(&whole);
	same(text, &limits, (struct vd_http1_cuts){1, 1}, want);
	same(text, &limits, (struct vd_http1_cuts){(bytes[0] & 0x7fu) + 1, (bytes[0] & 0x0fu) + 2}, want);
	for (size_t cut = 1; cut < text.len && text.len <= EVERY_CUT_MAX; cut++)
		same(text, &limits, (struct vd_http1_cuts){cut, 0}, want);
	check_write(text);
	return 0;
}
