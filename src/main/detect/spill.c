#include "main/detect/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

void
vd_spill_file_init(struct vd_spill_file *file)
{
	*file = (struct vd_spill_file){.fd = -1};
}

void
vd_spill_file_fini(struct vd_spill_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
}

static int
open_unlinked(void)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	if (folder == NULL || folder[0] != '/')
		folder = "/tmp";
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	/* a file system without O_TMPFILE */
	int n = snprintf(path, sizeof path, "%s/vedette-XXXXXX", folder);
	if (n < 0 || (size_t)n >= sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(path);
	return fd;
}

static enum vd_status
failed(const char *what, struct vd_err *err)
{
	return vd_fail(
		err, VD_EIO, "cannot %s a temporary file: %s; set TMPDIR", what, strerrordesc_np(errno));
}

static enum vd_status
append(void *owner, struct vd_str bytes, struct vd_err *err)
{
	struct vd_spill_file *file = owner;
	if (file->fd < 0 && (file->fd = open_unlinked()) < 0)
		return failed("make", err);
	while (bytes.len > 0) {
		ssize_t n = pwrite(file->fd, bytes.at, bytes.len, (off_t)file->written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed("write", err);
		file->written += (uint64_t)n;
		bytes.at += n;
		bytes.len -= (size_t)n;
	}
	return VD_OK;
}

static enum vd_status
read_back(void *owner, uint64_t at, char *to, size_t n, struct vd_err *err)
{
	const struct vd_spill_file *file = owner;
	while (n > 0) {
		ssize_t got = pread(file->fd, to, n, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = EIO; /* shorter than what was written */
		if (got <= 0)
			return failed("read", err);
		at += (uint64_t)got;
		to += got;
		n -= (size_t)got;
	}
	return VD_OK;
}

struct vd_spill
vd_spill_file_door(struct vd_spill_file *file)
{
	return (struct vd_spill){append, read_back, file};
}
