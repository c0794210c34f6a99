#include "rpc/text.h"

#include "vd_test.h"

typedef void (*writer)(struct vd_buf *buf, struct vd_str text);

/* write(from) is to, behind what was there. */
static void
writes(writer write, struct vd_str from, struct vd_str to)
{
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	vd_buf_char(&buf, '>');
	write(&buf, from);
	assert_false(buf.failed);
	assert_int_equal(buf.len, to.len + 1);
	assert_int_equal(buf.at[0], '>');
	assert_memory_equal(buf.at + 1, to.at, to.len);
}

VD_TEST(printable_ascii_but_the_percent_sign_goes_as_it_is)
{
	char from[0x7f - 0x20], to[sizeof from + 2];
	size_t n = 0;
	for (unsigned c = 0x20; c < 0x7f; c++) {
		from[c - 0x20] = (char)c;
		to[n++] = (char)c;
		if (c == '%') {
			to[n++] = '2';
			to[n++] = '5';
		}
	}
	writes(vd_percent_encode, (struct vd_str){from, sizeof from}, (struct vd_str){to, n});
	writes(vd_percent_decode, (struct vd_str){to, n}, (struct vd_str){from, sizeof from});
}

VD_TEST(all_else_is_percent_encoded_and_comes_back)
{
	const struct {
		struct vd_str raw, wire;
	} rows[] = {
		{VD_S(""), VD_S("")},
		{VD_S("a\nb\x7f"), VD_S("a%0Ab%7F")},
		{VD_S("\0"), VD_S("%00")},
		{VD_S("größer"), VD_S("gr%C3%B6%C3%9Fer")},
		{VD_S("日本 😀"), VD_S("%E6%97%A5%E6%9C%AC %F0%9F%98%80")},
		{VD_S("100%25"), VD_S("100%2525")},
	};
	for (unsigned i = 0; i < VD_ARRAY_LEN(rows); i++) {
		writes(vd_percent_encode, rows[i].raw, rows[i].wire);
		writes(vd_percent_decode, rows[i].wire, rows[i].raw);
	}
}

VD_TEST(bytes_that_are_no_utf8_go_out_as_the_replacement_character)
{
	writes(vd_percent_encode, VD_S("a\xff\xc3z\xed\xa0\x80"),
		VD_S("a%EF%BF%BD%EF%BF%BDz%EF%BF%BD%EF%BF%BD%EF%BF%BD"));
}

VD_TEST(broken_percent_signs_are_kept)
{
	const struct {
		struct vd_str wire, raw;
	} rows[] = {
		{VD_S("%"), VD_S("%")},
		{VD_S("%4"), VD_S("%4")},
		{VD_S("%zz"), VD_S("%zz")},
		{VD_S("%4g%41"), VD_S("%4gA")},
		{VD_S("%%41"), VD_S("%A")},
		{VD_S("50% off"), VD_S("50% off")},
		{VD_S("%c3%B6"), VD_S("ö")},
		{VD_S("%FF%fe"), VD_S("\xff\xfe")},
		{VD_S("\xc3\xb6"), VD_S("ö")},
		{VD_S("%+1%-1% 1"), VD_S("%+1%-1% 1")},
	};
	for (unsigned i = 0; i < VD_ARRAY_LEN(rows); i++)
		writes(vd_percent_decode, rows[i].wire, rows[i].raw);
}

VD_TEST(a_long_message_is_cut_where_a_character_ends)
{
	char text[3 * VD_RPC_MESSAGE_MAX];
	for (size_t i = 0; i < sizeof text; i += 3)
		memcpy(text + i, "日", 3);
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	vd_percent_encode(&buf, (struct vd_str){text, sizeof text});
	assert_int_equal(buf.len, VD_RPC_MESSAGE_MAX / 3 * 9);
	memset(text, 'a', sizeof text);
	vd_buf_reset(&buf);
	vd_percent_encode(&buf, (struct vd_str){text, sizeof text});
	assert_int_equal(buf.len, VD_RPC_MESSAGE_MAX);
}

static void
decode(struct vd_buf *buf, struct vd_str text)
{
	assert_true(vd_base64_decode(buf, text));
}

VD_TEST(base64_is_that_of_rfc_4648_without_padding)
{
	const struct {
		struct vd_str raw, plain, padded;
	} rows[] = {
		{VD_S(""), VD_S(""), VD_S("")},
		{VD_S("f"), VD_S("Zg"), VD_S("Zg==")},
		{VD_S("fo"), VD_S("Zm8"), VD_S("Zm8=")},
		{VD_S("foo"), VD_S("Zm9v"), VD_S("Zm9v")},
		{VD_S("foob"), VD_S("Zm9vYg"), VD_S("Zm9vYg==")},
		{VD_S("fooba"), VD_S("Zm9vYmE"), VD_S("Zm9vYmE=")},
		{VD_S("foobar"), VD_S("Zm9vYmFy"), VD_S("Zm9vYmFy")},
		{VD_S("\0\xff\xfe\xfb\xf0"), VD_S("AP/++/A"), VD_S("AP/++/A=")},
	};
	for (unsigned i = 0; i < VD_ARRAY_LEN(rows); i++) {
		writes(vd_base64_encode, rows[i].raw, rows[i].plain);
		writes(decode, rows[i].plain, rows[i].raw);
		writes(decode, rows[i].padded, rows[i].raw);
	}
}

VD_TEST(bits_that_belong_to_no_byte_are_not_looked_at)
{
	writes(decode, VD_S("Zh"), VD_S("f"));
	writes(decode, VD_S("Zm9="), VD_S("fo"));
}

VD_TEST(what_is_no_base64_leaves_the_buffer_as_it_was)
{
	static const char *const bad[] = {"Z", "Zm9vY", "Zg=", "Zm8==", "Zm9v=", "Zm9v==", "Zg===", "=",
		"==", "====", "Zg==Zg==", "Z=g=", "Zm9v\n", "Zm 9", "Zm-_", "Zm9v,Zm9v", "Zg=a", "Zm9vZ==="};
	for (unsigned i = 0; i < VD_ARRAY_LEN(bad); i++) {
		VD_AUTO_FINI(vd_buf) buf;
		vd_buf_init(&buf, 0);
		vd_buf_text(&buf, "before");
		assert_false(vd_base64_decode(&buf, vd_str_from(bad[i])));
		assert_string_equal(buf.at, "before");
		assert_int_equal(buf.len, 6);
		assert_false(buf.failed);
	}
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO_FINI(vd_buf) buf;
		vd_buf_init(&buf, 0);
		vd_percent_encode(&buf, VD_S("größer"));
		bool read = vd_base64_decode(&buf, VD_S("Zm9vYmFy"));
		assert_int_equal(read, !buf.failed);
	}
}
