#include "main/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "main/args.h"
#include "main/term.h"

#define FLUSH_AT (1u << 16) /* bytes */

void
vd_out_init(struct vd_out *out, int fd)
{
	*out = (struct vd_out){.fd = fd};
	vd_buf_init(&out->buf, 0);
}

void
vd_out_fini(struct vd_out *out)
{
	vd_buf_fini(&out->buf);
}

/* Returns 0 or the errno of the failure. */
static int
write_all(int fd, struct vd_str bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.at, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		bytes.at += n;
		bytes.len -= (size_t)n;
	}
	return 0;
}

void
vd_out_raw(int fd, struct vd_str text)
{
	(void)write_all(fd, text);
}

bool
vd_out_flush(struct vd_out *out)
{
	if (out->buf.failed && out->error == 0)
		out->error = ENOMEM;
	if (out->error == 0 && out->buf.len > 0)
		out->error = write_all(out->fd, vd_buf_view(&out->buf));
	vd_buf_reset(&out->buf);
	return out->error == 0;
}

void
vd_out_add(struct vd_out *out, struct vd_str bytes)
{
	vd_buf_str(&out->buf, bytes);
	if (out->buf.len >= FLUSH_AT || out->buf.failed)
		(void)vd_out_flush(out);
}

int
vd_out_end(struct vd_out *out, int exit_code)
{
	if (vd_out_flush(out))
		return exit_code;
	if (out->error == EPIPE)
		vd_complain("standard output was closed before all results were written");
	else
		vd_complain("cannot write results to standard output: %s", strerrordesc_np(out->error));
	return VD_EXIT_ERROR;
}

void
vd_complain(const char *fmt, ...)
{
	struct vd_buf line;
	va_list ap;
	char text[2048];
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	vd_buf_init(&line, 0);
	vd_buf_text(&line, "vedette: ");
	vd_term_safe(&line, vd_str_from(text));
	vd_buf_char(&line, '\n');
	vd_term_clear_progress();
	vd_out_raw(STDERR_FILENO, vd_buf_view(&line));
	vd_buf_fini(&line);
}

void
vd_complain_err(const struct vd_err *err)
{
	if (err->line > 0)
		vd_complain("%s (line %u, column %u)", err->text, err->line, err->column);
	else
		vd_complain("%s", err->text);
}

int
vd_usage_error(const char *command, const struct vd_err *err)
{
	vd_complain("%s: %s", command, err->text);
	return VD_EXIT_ERROR;
}
