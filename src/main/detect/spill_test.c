#include "main/detect/spill.h"

#include <stdlib.h>

#include "base/str.h"
#include "vd_test.h"

VD_TEST(what_is_written_is_read_back_from_any_place)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_spill_file file;
	char back[16];
	vd_spill_file_init(&file);
	struct vd_spill door = vd_spill_file_door(&file);
	assert_int_equal(door.write(door.owner, VD_S("hello "), &err), VD_OK);
	assert_int_equal(door.write(door.owner, VD_S("world"), &err), VD_OK);
	assert_int_equal(door.read(door.owner, 4, back, 4, &err), VD_OK);
	assert_memory_equal(back, "o wo", 4);
	assert_int_equal(door.read(door.owner, 0, back, 11, &err), VD_OK);
	assert_memory_equal(back, "hello world", 11);
	assert_int_equal(door.read(door.owner, 8, back, 4, &err), VD_EIO);
	vd_spill_file_fini(&file);
}

VD_TEST(a_folder_that_is_not_there_is_named_as_the_cause)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_spill_file file;
	const char *before = getenv("TMPDIR");
	assert_int_equal(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
	vd_spill_file_init(&file);
	struct vd_spill door = vd_spill_file_door(&file);
	assert_int_equal(door.write(door.owner, VD_S("x"), &err), VD_EIO);
	assert_string_equal(err.text, "cannot make a temporary file: No such file or directory; set TMPDIR");
	vd_spill_file_fini(&file);
	assert_int_equal(before == NULL ? unsetenv("TMPDIR") : setenv("TMPDIR", before, 1), 0);
}
