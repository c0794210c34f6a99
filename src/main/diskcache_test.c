#include "main/diskcache.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vd_test.h"

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* A folder of its own for each test; returned in a buffer that the next call writes again. */
static const char *
fresh_folder(void)
{
	static char folder[64];
	(void)snprintf(folder, sizeof folder, "/tmp/vedette-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return folder;
}

static const char *
path_of(const char *folder, const char *key)
{
	static char path[256];
	(void)snprintf(path, sizeof path, "%s/%s.vdc", folder, key);
	return path;
}

static void
clean(const char *folder)
{
	(void)unlink(path_of(folder, KEY_A));
	(void)unlink(path_of(folder, KEY_B));
	(void)rmdir(folder);
}

static struct vd_diskcache *
open_cache(const char *folder, uint64_t max_bytes)
{
	struct vd_diskcache *cache = NULL;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_diskcache_new(folder, max_bytes, &cache, &err), VD_OK);
	return cache;
}

static enum vd_status
get(struct vd_diskcache *cache, const char *key, struct vd_str *ret)
{
	const struct vd_blob_cache *door = vd_diskcache_door(cache);
	return door->get(door->owner, key, ret);
}

static enum vd_status
put(struct vd_diskcache *cache, const char *key, struct vd_str bytes)
{
	const struct vd_blob_cache *door = vd_diskcache_door(cache);
	return door->put(door->owner, key, bytes);
}

VD_TEST(what_was_put_is_found_by_the_next_run)
{
	const char *folder = fresh_folder();
	struct vd_str bytes;
	struct stat st;
	struct vd_diskcache *cache = open_cache(folder, 0);
	assert_int_equal(get(cache, KEY_A, &bytes), VD_ENOTFOUND);
	assert_int_equal(put(cache, KEY_A, VD_S("compiled")), VD_OK);
	vd_diskcache_free(cache);
	cache = open_cache(folder, 0);
	assert_int_equal(get(cache, KEY_A, &bytes), VD_OK);
	assert_true(vd_str_is(bytes, "compiled"));
	assert_int_equal(get(cache, KEY_B, &bytes), VD_ENOTFOUND);
	assert_int_equal(stat(path_of(folder, KEY_A), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	vd_diskcache_free(cache);
	clean(folder);
}

VD_TEST(a_folder_that_others_may_write_is_not_used)
{
	const char *folder = fresh_folder();
	struct vd_str bytes;
	assert_int_equal(chmod(folder, 0777), 0);
	struct vd_diskcache *cache = open_cache(folder, 0);
	assert_non_null(strstr(vd_diskcache_why(cache), "another user could write there"));
	assert_int_not_equal(put(cache, KEY_A, VD_S("x")), VD_OK);
	assert_int_equal(get(cache, KEY_A, &bytes), VD_ENOTFOUND);
	vd_diskcache_free(cache);
	clean(folder);
}

VD_TEST(a_file_that_others_may_write_is_not_used)
{
	const char *folder = fresh_folder();
	struct vd_str bytes;
	struct vd_diskcache *cache = open_cache(folder, 0);
	assert_int_equal(put(cache, KEY_A, VD_S("x")), VD_OK);
	assert_int_equal(chmod(path_of(folder, KEY_A), 0666), 0);
	assert_int_equal(get(cache, KEY_A, &bytes), VD_ENOTFOUND);
	vd_diskcache_free(cache);
	clean(folder);
}

VD_TEST(a_cut_or_renamed_file_is_not_used)
{
	const char *folder = fresh_folder();
	char from[256];
	struct vd_str bytes;
	struct vd_diskcache *cache = open_cache(folder, 0);
	assert_int_equal(put(cache, KEY_A, VD_S("compiled")), VD_OK);
	(void)snprintf(from, sizeof from, "%s", path_of(folder, KEY_A));
	assert_int_equal(rename(from, path_of(folder, KEY_B)), 0);
	assert_int_equal(get(cache, KEY_B, &bytes), VD_ENOTFOUND);
	assert_int_equal(put(cache, KEY_A, VD_S("compiled")), VD_OK);
	assert_int_equal(truncate(path_of(folder, KEY_A), 70), 0);
	assert_int_equal(get(cache, KEY_A, &bytes), VD_ENOTFOUND);
	assert_int_equal(truncate(path_of(folder, KEY_A), 3), 0);
	assert_int_equal(get(cache, KEY_A, &bytes), VD_ENOTFOUND);
	vd_diskcache_free(cache);
	clean(folder);
}

VD_TEST(a_link_is_not_followed)
{
	const char *folder = fresh_folder();
	char target[128];
	struct vd_str bytes;
	struct vd_diskcache *cache = open_cache(folder, 0);
	assert_int_equal(put(cache, KEY_A, VD_S("compiled")), VD_OK);
	(void)snprintf(target, sizeof target, "%s/elsewhere", folder);
	assert_int_equal(rename(path_of(folder, KEY_A), target), 0);
	assert_int_equal(symlink(target, path_of(folder, KEY_A)), 0);
	assert_int_equal(get(cache, KEY_A, &bytes), VD_ENOTFOUND);
	vd_diskcache_free(cache);
	(void)unlink(target);
	clean(folder);
}

VD_TEST(the_one_used_longest_ago_is_removed_first)
{
	const char *folder = fresh_folder();
	static char big[4096];
	struct vd_str bytes;
	struct timespec old[2] = {{1000, 0}, {1000, 0}};
	memset(big, 'x', sizeof big);
	struct vd_diskcache *cache = open_cache(folder, 6000);
	assert_int_equal(put(cache, KEY_A, (struct vd_str){big, sizeof big}), VD_OK);
	assert_int_equal(utimensat(AT_FDCWD, path_of(folder, KEY_A), old, 0), 0);
	assert_int_equal(put(cache, KEY_B, (struct vd_str){big, sizeof big}), VD_OK);
	assert_int_equal(get(cache, KEY_A, &bytes), VD_ENOTFOUND);
	assert_int_equal(get(cache, KEY_B, &bytes), VD_OK);
	vd_diskcache_free(cache);
	clean(folder);
}

VD_TEST(a_key_that_is_no_key_names_no_file)
{
	const char *folder = fresh_folder();
	struct vd_str bytes;
	struct vd_diskcache *cache = open_cache(folder, 0);
	assert_int_not_equal(put(cache, "../../etc/passwd", VD_S("x")), VD_OK);
	assert_int_equal(get(cache, "../../etc/passwd", &bytes), VD_ENOTFOUND);
	vd_diskcache_free(cache);
	clean(folder);
}

VD_TEST(a_cache_survives_every_out_of_memory)
{
	const char *folder = fresh_folder();
	VD_TORTURE
	{
		struct vd_err err = VD_ERR_INIT;
		struct vd_diskcache *cache = NULL;
		struct vd_str bytes;
		if (vd_diskcache_new(folder, 0, &cache, &err) != VD_OK)
			continue;
		(void)put(cache, KEY_A, VD_S("x"));
		(void)get(cache, KEY_A, &bytes);
		vd_diskcache_free(cache);
	}
	clean(folder);
}
