#include "main/diskcache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define KEY_LEN 64u
#define HEADER_LEN 64u
#define HEADER_KEY 40u /* digits of the key in the header */
#define NAME_MAX_LEN 96u
#define MAX_MAPPED 4096u /* blobs of one run */
#define MAX_FILES 65536u /* looked at when old ones are removed */
#define SUFFIX ".vdc"

struct mapping {
	void *at;
	size_t len;
};

struct vd_diskcache {
	char *folder;
	int fd; /* of the folder; -1: not used */
	uint64_t max_bytes;
	struct mapping *mapped;
	size_t n_mapped, cap_mapped;
	struct vd_blob_cache door;
	char why[VD_ERR_TEXT_MAX];
};

/* ---- the folder ---- */

static char *
join(const char *a, const char *b)
{
	struct vd_buf path;
	vd_buf_init(&path, 0);
	vd_buf_text(&path, a);
	vd_buf_text(&path, b);
	if (path.failed) {
		vd_buf_fini(&path);
		return NULL;
	}
	char *ret = vd_mem_strdup(path.at);
	vd_buf_fini(&path);
	return ret;
}

static char *
find_folder(const char *given)
{
	const char *own = getenv("VEDETTE_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	if (given != NULL)
		return join(given, "");
	if (own != NULL && own[0] != '\0')
		return join(own, "");
	if (xdg != NULL && xdg[0] == '/') /* relative paths are invalid there (XDG basedir) */
		return join(xdg, "/vedette");
	if (home != NULL && home[0] == '/')
		return join(home, "/.cache/vedette");
	return join("", "");
}

static void
make_folder(const char *folder)
{
	char path[4096];
	size_t len = strlen(folder);
	if (len >= sizeof path)
		return;
	memcpy(path, folder, len + 1);
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	(void)mkdir(path, 0700);
}

static bool
is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static void
open_folder(struct vd_diskcache *cache)
{
	struct stat st;
	cache->fd = -1;
	if (cache->folder[0] == '\0') {
		(void)snprintf(cache->why, sizeof cache->why,
			"set VEDETTE_CACHE to a folder: there is no home folder");
		return;
	}
	make_folder(cache->folder);
	int fd = open(cache->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		(void)snprintf(
			cache->why, sizeof cache->why, "%s: %s", cache->folder, strerrordesc_np(errno));
		return;
	}
	if (fstat(fd, &st) != 0 || !is_ours(&st)) {
		(void)snprintf(cache->why, sizeof cache->why,
			"%s: another user could write there; make it yours (chmod 700) or set VEDETTE_CACHE",
			cache->folder);
		close(fd);
		return;
	}
	cache->fd = fd;
}

/* ---- files ---- */

static void
put_u64(uint8_t *to, uint64_t v)
{
	for (size_t i = 0; i < 8; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

static void
make_header(uint8_t header[HEADER_LEN], const char *key, size_t len)
{
	memset(header, 0, HEADER_LEN);
	memcpy(header, "VEDCACHE", 8);
	put_u64(header + 8, VD_DISKCACHE_FORMAT);
	put_u64(header + 16, len);
	memcpy(header + 24, key, HEADER_KEY);
}

static bool
file_name(const char *key, const char *suffix, char name[NAME_MAX_LEN])
{
	if (strlen(key) != KEY_LEN || strspn(key, "0123456789abcdef") != KEY_LEN)
		return false;
	(void)snprintf(name, NAME_MAX_LEN, "%s%s", key, suffix);
	return true;
}

/* Maps the file if it is whole and ours. */
static bool
map_file(int fd, const char *key, struct mapping *ret)
{
	struct stat st;
	uint8_t header[HEADER_LEN];
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || !is_ours(&st) || st.st_size < (off_t)HEADER_LEN)
		return false;
	size_t len = (size_t)st.st_size;
	void *at = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return false;
	make_header(header, key, len - HEADER_LEN);
	if (memcmp(at, header, HEADER_LEN) != 0) {
		munmap(at, len);
		return false;
	}
	*ret = (struct mapping){at, len};
	return true;
}

static enum vd_status
get(void *owner, const char *key, struct vd_str *ret)
{
	struct vd_diskcache *cache = owner;
	char name[NAME_MAX_LEN];
	void *mapped = cache->mapped;
	struct mapping m;
	if (cache->fd < 0 || cache->n_mapped >= MAX_MAPPED || !file_name(key, SUFFIX, name))
		return VD_ENOTFOUND;
	if (!vd_mem_grow(&mapped, &cache->cap_mapped, cache->n_mapped + 1, sizeof *cache->mapped, 16))
		return VD_ENOTFOUND;
	cache->mapped = mapped;
	int fd = openat(cache->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return VD_ENOTFOUND;
	bool ok = map_file(fd, key, &m);
	if (ok)
		(void)futimens(
			fd, NULL); /* last use, for the removal of old ones; may fail on a read-only disk */
	close(fd);
	if (!ok)
		return VD_ENOTFOUND;
	cache->mapped[cache->n_mapped++] = m;
	*ret = (struct vd_str){(const char *)m.at + HEADER_LEN, m.len - HEADER_LEN};
	return VD_OK;
}

static bool
write_all(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;
	while (n > 0) {
		ssize_t done = write(fd, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		n -= (size_t)done;
	}
	return true;
}

/* ---- removal of the oldest ---- */

struct kept {
	struct timespec used;
	uint64_t bytes;
	char name[NAME_MAX_LEN];
};

static int
by_use(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;
	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

/* Our files in the folder, left-over temporary ones too. */
static struct kept *
list_files(const struct vd_diskcache *cache, size_t *ret_n, uint64_t *ret_bytes)
{
	struct kept *files = NULL;
	size_t n = 0, cap = 0;
	struct stat st;
	struct dirent *entry;
	*ret_bytes = 0;
	*ret_n = 0;
	int fd = openat(cache->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	if (folder == NULL) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	while (n < MAX_FILES && (entry = readdir(folder)) != NULL) {
		void *grown = files;
		size_t len = strlen(entry->d_name);
		if (len >= NAME_MAX_LEN || strstr(entry->d_name, SUFFIX) == NULL)
			continue;
		if (fstatat(cache->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
			continue;
		if (!vd_mem_grow(&grown, &cap, n + 1, sizeof *files, 64))
			break;
		files = grown;
		files[n] = (struct kept){.used = st.st_mtim, .bytes = (uint64_t)st.st_size};
		memcpy(files[n].name, entry->d_name, len + 1);
		*ret_bytes += files[n++].bytes;
	}
	closedir(folder);
	*ret_n = n;
	return files;
}

static void
remove_oldest(const struct vd_diskcache *cache)
{
	size_t n;
	uint64_t bytes;
	struct kept *files = list_files(cache, &n, &bytes);
	if (files == NULL)
		return;
	qsort(files, n, sizeof *files, by_use);
	for (size_t i = 0; i < n && bytes > cache->max_bytes; i++) {
		if (unlinkat(cache->fd, files[i].name, 0) == 0)
			bytes -= files[i].bytes;
	}
	vd_mem_free(files);
}

static enum vd_status
put(void *owner, const char *key, struct vd_str bytes)
{
	struct vd_diskcache *cache = owner;
	char name[NAME_MAX_LEN], temporary[NAME_MAX_LEN], suffix[32];
	uint8_t header[HEADER_LEN];
	(void)snprintf(suffix, sizeof suffix, SUFFIX ".%ld", (long)getpid());
	if (cache->fd < 0 || !file_name(key, SUFFIX, name) || !file_name(key, suffix, temporary))
		return VD_EIO;
	if (bytes.len > cache->max_bytes)
		return VD_ELIMIT;
	(void)unlinkat(cache->fd, temporary, 0);
	int fd = openat(cache->fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return VD_EIO;
	make_header(header, key, bytes.len);
	bool ok = write_all(fd, header, sizeof header) && write_all(fd, bytes.at, bytes.len);
	ok = close(fd) == 0 && ok;
	ok = ok && renameat(cache->fd, temporary, cache->fd, name) == 0;
	if (!ok) {
		(void)unlinkat(cache->fd, temporary, 0);
		return VD_EIO;
	}
	remove_oldest(cache);
	return VD_OK;
}

/* ---- the object ---- */

enum vd_status
vd_diskcache_new(const char *folder, uint64_t max_bytes, struct vd_diskcache **ret, struct vd_err *err)
{
	struct vd_diskcache *cache = vd_mem_zalloc(1, sizeof *cache);
	if (cache == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for the cache");
	cache->fd = -1;
	cache->max_bytes = max_bytes == 0 ? VD_DISKCACHE_MAX_BYTES : max_bytes;
	cache->folder = find_folder(folder);
	if (cache->folder == NULL) {
		vd_diskcache_free(cache);
		return vd_fail(err, VD_ENOMEM, "no memory for the cache");
	}
	cache->door = (struct vd_blob_cache){get, put, cache};
	open_folder(cache);
	*ret = cache;
	return VD_OK;
}

void
vd_diskcache_free(struct vd_diskcache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < cache->n_mapped; i++)
		munmap(cache->mapped[i].at, cache->mapped[i].len);
	vd_mem_free(cache->mapped);
	vd_mem_free(cache->folder);
	if (cache->fd >= 0)
		close(cache->fd);
	vd_mem_free(cache);
}

const struct vd_blob_cache *
vd_diskcache_door(const struct vd_diskcache *cache)
{
	return &cache->door;
}

const char *
vd_diskcache_why(const struct vd_diskcache *cache)
{
	return cache->why;
}
