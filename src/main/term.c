#include "main/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.h"
#include "main/out.h"

static bool progress_shown;

bool
vd_term_is(int fd)
{
	return isatty(fd) == 1;
}

size_t
vd_term_columns(int fd)
{
	struct winsize size;
	uint64_t columns = 0;
	if (vd_term_is(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	const char *env = getenv("COLUMNS");
	if (env != NULL && vd_str_u64(vd_str_from(env), &columns) && columns >= 20 && columns <= 10000)
		return (size_t)columns;
	return vd_term_is(fd) ? 80 : 0;
}

bool
vd_term_colours(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	return vd_term_is(fd) && (no == NULL || no[0] == '\0') && (term == NULL || strcmp(term, "dumb") != 0);
}

/* ---- safe text ---- */

struct range {
	uint32_t first, last;
};

/* Controls, and marks that reorder or hide what stands around them. */
static const struct range unsafe[] = {{0x00, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x200b, 0x200f},
	{0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xe0000, 0xe007f}};

/* Combining marks: no column of their own. */
static const struct range combining[] = {
	{0x300, 0x36f}, {0x1ab0, 0x1aff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}};

/* East Asian wide characters and emoji: two columns. */
static const struct range wide[] = {{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xac00, 0xd7a3},
	{0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff},
	{0x20000, 0x3fffd}};

static bool
is_in(const struct range ranges[], size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

static size_t
columns_of(uint32_t c)
{
	if (is_in(combining, VD_ARRAY_LEN(combining), c))
		return 0;
	return is_in(wide, VD_ARRAY_LEN(wide), c) ? 2 : 1;
}

/* One step of s from i: bytes it takes, columns it shows, whether it must be escaped. */
static size_t
step(struct vd_str s, size_t i, size_t *ret_columns, bool *ret_escape)
{
	size_t n = vd_utf8_valid_at(s.at + i, s.len - i);
	size_t taken = n;
	bool escape = n == 0;
	if (n > 0) {
		uint32_t c = vd_utf8_decode(s.at + i, s.len - i, &taken);
		escape = is_in(unsafe, VD_ARRAY_LEN(unsafe), c);
		*ret_columns = escape ? 4 * taken : columns_of(c);
	} else {
		taken = 1;
		*ret_columns = 4;
	}
	*ret_escape = escape;
	return taken;
}

static void
add_step(struct vd_buf *buf, struct vd_str s, size_t i, size_t n, bool escape)
{
	if (!escape) {
		vd_buf_add(buf, s.at + i, n);
		return;
	}
	for (size_t k = 0; k < n; k++)
		vd_buf_printf(buf, "\\x%02X", (unsigned)(unsigned char)s.at[i + k]);
}

void
vd_term_safe(struct vd_buf *buf, struct vd_str s)
{
	for (size_t i = 0; i < s.len;) {
		size_t columns;
		bool escape;
		size_t n = step(s, i, &columns, &escape);
		add_step(buf, s, i, n, escape);
		i += n;
	}
}

size_t
vd_term_width(struct vd_str s)
{
	size_t width = 0;
	for (size_t i = 0; i < s.len;) {
		size_t columns;
		bool escape;
		i += step(s, i, &columns, &escape);
		width += columns;
	}
	return width;
}

/* True when s takes more than width columns; reads no further than needed. */
static bool
is_wider(struct vd_str s, size_t width)
{
	size_t used = 0;
	for (size_t i = 0; i < s.len;) {
		size_t columns;
		bool escape;
		i += step(s, i, &columns, &escape);
		used += columns;
		if (used > width)
			return true;
	}
	return false;
}

void
vd_term_cell(struct vd_buf *buf, struct vd_str s, size_t width, bool pad)
{
	bool cut = is_wider(s, width);
	size_t room = cut && width > 0 ? width - 1 : width;
	size_t used = 0;
	for (size_t i = 0; i < s.len && width > 0;) {
		size_t columns;
		bool escape;
		size_t n = step(s, i, &columns, &escape);
		if (used + columns > room)
			break;
		add_step(buf, s, i, n, escape);
		used += columns;
		i += n;
	}
	if (cut && width > 0) {
		vd_buf_text(buf, "…");
		used++;
	}
	for (; pad && used < width; used++)
		vd_buf_char(buf, ' ');
}

void
vd_term_end(struct vd_buf *buf, struct vd_str s, size_t width)
{
	if (!is_wider(s, width)) {
		vd_term_safe(buf, s);
		return;
	}
	size_t longest = 4 * width; /* bytes that width columns can take, but for marks that take none */
	size_t at = s.len > longest ? s.len - longest : 0;
	while (at < s.len && (((unsigned char)s.at[at] & 0xc0) == 0x80 ||
				     vd_term_width((struct vd_str){s.at + at, s.len - at}) >= width))
		at++;
	vd_buf_text(buf, width > 0 ? "…" : "");
	vd_term_safe(buf, (struct vd_str){s.at + at, s.len - at});
}

/* Bytes of s that take at most width columns. */
static size_t
fit(struct vd_str s, size_t width)
{
	size_t used = 0, i = 0;
	while (i < s.len) {
		size_t columns;
		bool escape;
		size_t n = step(s, i, &columns, &escape);
		if (used + columns > width)
			break;
		used += columns;
		i += n;
	}
	return i;
}

void
vd_term_middle(struct vd_buf *buf, struct vd_str s, size_t width, bool pad)
{
	if (!is_wider(s, width)) {
		vd_term_cell(buf, s, width, pad);
		return;
	}
	struct vd_buf text;
	vd_buf_init(&text, 0);
	struct vd_str head = {s.at, fit(s, width / 3)};
	vd_term_safe(&text, head);
	vd_term_end(&text, (struct vd_str){s.at + head.len, s.len - head.len}, width - vd_term_width(head));
	buf->failed = buf->failed || text.failed;
	vd_term_cell(buf, vd_buf_view(&text), width, pad);
	vd_buf_fini(&text);
}

void
vd_term_wrap(struct vd_buf *buf, struct vd_str s, size_t indent, size_t width, size_t most)
{
	for (size_t line = 1; s.len > 0 && line <= most; line++) {
		size_t n = fit(s, width), at = n;
		for (size_t i = 0; i < indent; i++)
			vd_buf_char(buf, ' ');
		if (line == most || n == s.len || n == 0) {
			vd_term_cell(buf, s, width, false);
			vd_buf_char(buf, '\n');
			return;
		}
		while (at > 0 && s.at[at] != ' ')
			at--;
		at = at > 0 ? at : n; /* a word longer than a line */
		vd_term_safe(buf, (struct vd_str){s.at, at});
		vd_buf_char(buf, '\n');
		while (at < s.len && s.at[at] == ' ')
			at++;
		s = (struct vd_str){s.at + at, s.len - at};
	}
}

/* ---- progress ---- */

void
vd_term_progress(const char *line)
{
	struct vd_buf buf;
	vd_buf_init(&buf, 0);
	vd_buf_text(&buf, "\r\x1b[K");
	if (line != NULL)
		vd_term_cell(&buf, vd_str_from(line), VD_MAX(vd_term_columns(STDERR_FILENO), (size_t)20) - 1,
			false);
	vd_out_raw(STDERR_FILENO, vd_buf_view(&buf));
	vd_buf_fini(&buf);
	progress_shown = line != NULL;
}

void
vd_term_clear_progress(void)
{
	if (progress_shown)
		vd_term_progress(NULL);
}
