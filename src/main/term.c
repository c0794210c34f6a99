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

/* Controls, and marks that reorder or hide what stands around them. */
static bool
is_unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xe0000 && c <= 0xe007f) || c == 0xad;
}

/* Columns of a printable character: combining marks none, East Asian wide ones and emoji two. */
static size_t
columns_of(uint32_t c)
{
	if ((c >= 0x300 && c <= 0x36f) || (c >= 0x1ab0 && c <= 0x1aff) || (c >= 0x20d0 && c <= 0x20ff) ||
		(c >= 0xfe00 && c <= 0xfe0f))
		return 0;
	if ((c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0x303e) || (c >= 0x3041 && c <= 0xa4cf) ||
		(c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
		(c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
		(c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) ||
		(c >= 0x20000 && c <= 0x3fffd))
		return 2;
	return 1;
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
		escape = is_unsafe(c);
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
