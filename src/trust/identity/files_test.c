#include "trust/identity/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust/identity/identity_fixture.h"
#include "vd_test.h"

static enum vd_status
read_it(const char *path, size_t max, enum vd_file_care care, struct vd_err *err)
{
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	return vd_file_read(AT_FDCWD, path, max, care, &text, err);
}

VD_TEST(a_secret_that_others_could_read_is_refused)
{
	VD_AUTO_FINI(fixture_folder) folder;
	char path[256];
	struct vd_err err = VD_ERR_INIT;
	fixture_folder_init(&folder);
	fixture_path(&folder, "key", path);
	static const struct {
		unsigned mode;
		bool secret, public;
	} modes[] = {{0600, true, true}, {0400, true, true}, {0640, false, true}, {0604, false, true},
		{0644, false, true}, {0620, false, true}, {0602, false, false}, {0666, false, false}};
	for (size_t i = 0; i < VD_ARRAY_LEN(modes); i++) {
		fixture_write(path, "secret", modes[i].mode);
		assert_int_equal(
			read_it(path, 64, VD_FILE_SECRET, &err), modes[i].secret ? VD_OK : VD_EDENIED);
		if (!modes[i].secret)
			assert_non_null(strstr(err.text, "chmod 600"));
		assert_int_equal(
			read_it(path, 64, VD_FILE_PUBLIC, &err), modes[i].public ? VD_OK : VD_EDENIED);
	}
	fixture_write(path, "secret", 0640);
	assert_int_equal(read_it(path, 64, VD_FILE_MOUNTED, &err), geteuid() == 0 ? VD_OK : VD_EDENIED);
	fixture_write(path, "secret", 0644);
	assert_int_equal(read_it(path, 64, VD_FILE_MOUNTED, &err), VD_EDENIED);
}

VD_TEST(only_regular_files_of_a_bounded_size_are_read)
{
	VD_AUTO_FINI(fixture_folder) folder;
	char path[256];
	struct vd_err err = VD_ERR_INIT;
	fixture_folder_init(&folder);
	fixture_path(&folder, "file", path);
	assert_int_equal(read_it(path, 64, VD_FILE_SECRET, &err), VD_ENOTFOUND);
	fixture_write(path, "12345", 0600);
	assert_int_equal(read_it(path, 5, VD_FILE_SECRET, &err), VD_OK);
	assert_int_equal(read_it(path, 4, VD_FILE_SECRET, &err), VD_ELIMIT);
	assert_int_equal(read_it(folder.path, 64, VD_FILE_SECRET, &err), VD_EINPUT);
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(read_it(path, 64, VD_FILE_SECRET, &err), VD_EINPUT); /* and does not wait */
}

VD_TEST(writing_replaces_in_one_step_and_leaves_nothing_beside)
{
	VD_AUTO_FINI(fixture_folder) folder;
	char path[256], beside[256];
	struct vd_file_stamp before, after;
	struct stat st;
	fixture_folder_init(&folder);
	fixture_path(&folder, "file", path);
	fixture_path(&folder, "file.new", beside);
	fixture_write(beside, "of a run that was killed", 0600);
	VD_AUTO_FD fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mode_t mask = umask(0777); /* asks for more than the mode that was given */
	assert_int_equal(vd_file_write(fd, "file", VD_S("one"), 0640, NULL), VD_OK);
	(void)umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(vd_file_stamp(fd, "file", &before, NULL), VD_OK);
	assert_int_equal(vd_file_write(fd, "file", VD_S("two"), 0600, NULL), VD_OK);
	assert_int_equal(vd_file_stamp(fd, "file", &after, NULL), VD_OK);
	assert_false(vd_file_stamp_eq(&before, &after));
	assert_int_not_equal(before.inode, after.inode);
	assert_int_not_equal(access(beside, F_OK), 0);
	assert_int_equal(vd_file_write_path(path, VD_S("three"), 0600, NULL), VD_OK);
	assert_int_equal(read_it(path, 5, VD_FILE_SECRET, NULL), VD_OK);
	fixture_path(&folder, "none/file", beside);
	assert_int_equal(vd_file_write_path(beside, VD_S(""), 0600, NULL), VD_ENOTFOUND);
	assert_int_equal(mkdirat(fd, "folder", 0700), 0);
	assert_int_equal(vd_file_write(fd, "folder", VD_S("x"), 0600, NULL), VD_EIO);
	fixture_path(&folder, "folder.new", beside);
	assert_int_not_equal(access(beside, F_OK), 0);
}

VD_TEST(a_folder_is_closed_to_others)
{
	VD_AUTO_FINI(fixture_folder) folder;
	char path[256];
	int fd = -1;
	struct vd_err err = VD_ERR_INIT;
	struct stat st;
	fixture_folder_init(&folder);
	fixture_path(&folder, "a/b/c", path);
	assert_int_equal(vd_folder_open(path, false, &fd, &err), VD_ENOTFOUND);
	assert_int_equal(vd_folder_open(path, true, &fd, &err), VD_OK);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	(void)close(fd);
	assert_int_equal(chmod(path, 0750), 0);
	assert_int_equal(vd_folder_open(path, true, &fd, &err), VD_EDENIED);
	assert_non_null(strstr(err.text, "chmod 700"));
}

VD_TEST(survives_every_out_of_memory)
{
	VD_AUTO_FINI(fixture_folder) folder;
	char path[256];
	fixture_folder_init(&folder);
	fixture_path(&folder, "file", path);
	fixture_write(path, "12345", 0600);
	VD_TORTURE
	{
		enum vd_status st = read_it(path, 64, VD_FILE_SECRET, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
	}
}
