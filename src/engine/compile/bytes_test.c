#include "engine/compile/bytes.h"

#include "vd_test.h"

VD_TEST(a_byte_gets_one_bit_until_there_are_too_many)
{
	struct vd_bytes bytes = {0};
	assert_int_equal(vd_bytes_add(&bytes, '$'), 1);
	assert_int_equal(vd_bytes_add(&bytes, '`'), 2);
	assert_int_equal(vd_bytes_add(&bytes, '$'), 1);
	for (unsigned c = 0x80; c < 0x80 + VD_BYTES_MAX - 2; c++)
		assert_int_equal(vd_bytes_add(&bytes, (unsigned char)c), (uint64_t)1 << (c - 0x80 + 2));
	assert_int_equal(vd_bytes_add(&bytes, 'x'), 0);
}

/* Every byte value, at every place of texts up to three blocks long. */
VD_TEST(a_byte_is_found_wherever_it_stands_and_no_other)
{
	char text[3 * VD_BYTES_BLOCK];
	for (unsigned from = 0; from < 256; from += VD_BYTES_MAX) {
		struct vd_bytes bytes = {0};
		for (unsigned c = from; c < from + VD_BYTES_MAX; c++)
			assert_int_equal(vd_bytes_add(&bytes, (unsigned char)c), (uint64_t)1 << (c - from));
		for (unsigned c = 0; c < 256; c++) {
			size_t len = 1 + (c * 7 + from) % sizeof text, at = (c * 31) % len;
			unsigned other = (from + c + 5) % 256;
			memset(text, (int)other, len);
			text[at] = (char)c;
			uint64_t wanted = 0;
			if (c >= from && c < from + VD_BYTES_MAX)
				wanted |= (uint64_t)1 << (c - from);
			if (len > 1 && other >= from && other < from + VD_BYTES_MAX)
				wanted |= (uint64_t)1 << (other - from);
			struct vd_str looked_at = {text, len};
			assert_true(vd_bytes_look(&bytes, looked_at) == wanted);
			for (unsigned g = 0; g < VD_BYTES_MAX / VD_BYTES_GROUP; g++)
				assert_int_equal(vd_bytes_look_group(&bytes.groups[g], looked_at),
					(wanted >> (g * VD_BYTES_GROUP)) & 0xff);
		}
		assert_true(vd_bytes_look(&bytes, (struct vd_str){"", 0}) == 0);
	}
}

VD_TEST(the_plain_walk_says_what_this_processors_says)
{
	char text[2 * VD_BYTES_BLOCK];
	struct vd_bytes bytes = {0};
	for (unsigned c = 0; c < VD_BYTES_GROUP; c++)
		(void)vd_bytes_add(&bytes, (unsigned char)(c * 32 + 3));
	for (unsigned c = 0; c < 256; c++) {
		memset(text, (int)(c * 5 + 1) & 0xff, sizeof text);
		text[c % sizeof text] = (char)c;
		uint32_t found = vd_bytes_walk_plain(&bytes.groups[0], text, 2);
		assert_int_equal(found, vd_bytes_walk(&bytes.groups[0], text, 2));
		assert_int_equal(found != 0, c % 32 == 3 || (c * 5 + 1) % 32 == 3);
	}
}
