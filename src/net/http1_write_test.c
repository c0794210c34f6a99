#include "net/http1_write.h"

#include <stdio.h>

#include "vd_test.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static void
writes(struct vd_http1_answer answer, const char *want)
{
	VD_AUTO_FINI(vd_buf) to = {0};
	vd_buf_text(&to, "before");
	assert_int_equal(vd_http1_write_head(&answer, &to, NULL), VD_OK);
	assert_string_equal(to.at + 6, want);
}

static void
refuses(struct vd_http1_answer answer, const char *words)
{
	VD_AUTO_FINI(vd_buf) to = {0};
	struct vd_err err = VD_ERR_INIT;
	vd_buf_text(&to, "before");
	assert_int_equal(vd_http1_write_head(&answer, &to, &err), VD_EINPUT);
	if (strstr(err.text, words) == NULL)
		fail_msg("got: %s\nwanted: %s", err.text, words);
	assert_string_equal(to.at, "before");
	assert_false(to.failed);
}

VD_TEST(a_head_has_its_status_its_headers_and_its_framing)
{
	struct vd_http1_header headers[] = {{VD_S("content-type"), VD_S("application/json")},
		{VD_S("x-empty"), VD_S("")}, {VD_S("x"), VD_S("\xc3\xa4\t")}};
	writes((struct vd_http1_answer){.status = 200,
		       .body = VD_HTTP1_BYTES,
		       .length = 1234567890123456789u,
		       .date = VD_S(DATE),
		       .headers = headers,
		       .n = 3},
		"HTTP/1.1 200 OK\r\ndate: " DATE
		"\r\ncontent-type: application/json\r\nx-empty: \r\nx: \xc3\xa4\t\r\n"
		"content-length: 1234567890123456789\r\n\r\n");
	writes((struct vd_http1_answer){.status = 404, .body = VD_HTTP1_BYTES, .close = true},
		"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
	writes((struct vd_http1_answer){.status = 200, .body = VD_HTTP1_CHUNKS},
		"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
	writes((struct vd_http1_answer){.status = 200, .body = VD_HTTP1_UNTIL_CLOSE},
		"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
	writes((struct vd_http1_answer){.status = 204, .body = VD_HTTP1_NOTHING},
		"HTTP/1.1 204 No Content\r\n\r\n");
	writes((struct vd_http1_answer){.status = 100, .body = VD_HTTP1_NOTHING}, VD_HTTP1_CONTINUE);
	writes((struct vd_http1_answer){.status = 101, .upgrade = VD_S("websocket")},
		"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n");
	writes(
		(struct vd_http1_answer){
			.status = 426, .body = VD_HTTP1_BYTES, .close = true, .upgrade = VD_S("websocket")},
		"HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\nupgrade: websocket\r\n"
		"connection: upgrade, close\r\n\r\n");
	writes((struct vd_http1_answer){.status = 599, .body = VD_HTTP1_BYTES},
		"HTTP/1.1 599 Status\r\ncontent-length: 0\r\n\r\n");
}

VD_TEST(no_value_begins_a_header_of_its_own)
{
	for (int c = 0; c < 256; c++) {
		char value[] = "0123456789?0123456789";
		value[10] = (char)c;
		struct vd_http1_header header = {VD_S("x-a"), {value, sizeof value - 1}};
		struct vd_http1_answer answer = {.status = 204, .headers = &header, .n = 1};
		if ((c < 0x20 && c != '\t') || c == 0x7f) {
			refuses(answer, "x-a: a control character");
			answer = (struct vd_http1_answer){.status = 204, .date = header.value};
			refuses(answer, "in its date");
		} else {
			VD_AUTO_FINI(vd_buf) to = {0};
			assert_int_equal(vd_http1_write_head(&answer, &to, NULL), VD_OK);
		}
	}
}

VD_TEST(a_name_is_a_token_and_not_one_of_the_writer_s)
{
	struct vd_http1_header headers[2] = {{VD_S("x"), VD_S("y")}, {VD_S(""), VD_S("y")}};
	struct vd_http1_answer answer = {.status = 204, .headers = headers, .n = 2};
	static const char *const bad[] = {"", " ", "a b", "a:", "a\r\nb", "a\n", "\xc3\xa4", "a\t", "(a)"};
	static const char *const own[] = {
		"Connection", "content-length", "DATE", "keep-alive", "Transfer-Encoding", "upgrade"};
	for (size_t i = 0; i < VD_ARRAY_LEN(bad); i++) {
		headers[1].name = vd_str_from(bad[i]);
		refuses(answer, "the name of header 2 is none");
	}
	headers[1].name = (struct vd_str){"a\0b", 3};
	refuses(answer, "the name of header 2 is none");
	for (size_t i = 0; i < VD_ARRAY_LEN(own); i++) {
		headers[1].name = vd_str_from(own[i]);
		refuses(answer, "is not the caller's to write");
	}
}

VD_TEST(a_body_has_a_length_where_its_status_allows_one)
{
	refuses((struct vd_http1_answer){.status = 204, .body = VD_HTTP1_BYTES}, "has no body");
	refuses((struct vd_http1_answer){.status = 304, .body = VD_HTTP1_CHUNKS}, "has no body");
	refuses((struct vd_http1_answer){.status = 100, .body = VD_HTTP1_UNTIL_CLOSE}, "has no body");
	refuses((struct vd_http1_answer){.status = 200, .body = VD_HTTP1_NOTHING}, "needs a length");
	refuses((struct vd_http1_answer){.status = 99, .body = VD_HTTP1_BYTES}, "no status 99");
	refuses((struct vd_http1_answer){.status = 600, .body = VD_HTTP1_BYTES}, "no status 600");
	refuses((struct vd_http1_answer){.status = 101}, "name a protocol");
	refuses((struct vd_http1_answer){.status = 204, .upgrade = VD_S("x")}, "name a protocol");
	refuses((struct vd_http1_answer){.status = 101, .upgrade = VD_S("a\r\nb: c")}, "name a protocol");
}

VD_TEST(statuses_have_their_words)
{
	assert_string_equal(vd_http1_reason(200), "OK");
	assert_string_equal(vd_http1_reason(100), "Continue");
	assert_string_equal(vd_http1_reason(431), "Request Header Fields Too Large");
	assert_string_equal(vd_http1_reason(505), "HTTP Version Not Supported");
	assert_string_equal(vd_http1_reason(299), "Status");
}

VD_TEST(a_chunk_has_its_size_in_hexadecimal)
{
	static const uint64_t sizes[] = {1, 9, 10, 15, 16, 17, 255, 256, 4095, 4096, 65536, UINT32_MAX,
		(uint64_t)UINT32_MAX + 1, INT64_MAX, UINT64_MAX};
	for (size_t i = 0; i < VD_ARRAY_LEN(sizes); i++) {
		char to[VD_HTTP1_CHUNK_HEAD_MAX + 1], want[VD_HTTP1_CHUNK_HEAD_MAX + 1];
		size_t n = vd_http1_chunk_head(sizes[i], to);
		to[n] = '\0';
		(void)snprintf(want, sizeof want, "%llx\r\n", (unsigned long long)sizes[i]);
		assert_string_equal(to, want);
	}
	VD_AUTO_FINI(vd_buf) to = {0};
	vd_http1_write_chunk(VD_S("hello, world"), &to);
	vd_http1_write_chunk(VD_S(""), &to);
	vd_http1_write_chunk(VD_S("x"), &to);
	vd_buf_text(&to, VD_HTTP1_LAST_CHUNK);
	assert_string_equal(to.at, "c\r\nhello, world\r\n1\r\nx\r\n0\r\n\r\n");
}

VD_TEST(a_head_without_room_is_not_begun)
{
	struct vd_http1_answer answer = {.status = 200, .body = VD_HTTP1_CHUNKS};
	for (size_t limit = 6; limit < 60; limit++) {
		VD_AUTO_FINI(vd_buf) to = {.limit = limit};
		vd_buf_text(&to, "before");
		enum vd_status st = vd_http1_write_head(&answer, &to, NULL);
		assert_int_equal(st, limit < 53 ? VD_ELIMIT : VD_OK);
		assert_int_equal(to.failed, st != VD_OK);
		assert_int_equal(to.len, st == VD_OK ? 53 : 6);
		assert_int_equal(strlen(to.at), to.len);
	}
}

VD_TEST(survives_every_out_of_memory)
{
	struct vd_http1_answer answer = {.status = 200, .body = VD_HTTP1_CHUNKS};
	VD_TORTURE
	{
		VD_AUTO_FINI(vd_buf) to = {0};
		struct vd_err err = VD_ERR_INIT;
		enum vd_status st = vd_http1_write_head(&answer, &to, &err);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		assert_int_equal(to.failed, st != VD_OK);
		assert_int_equal(to.len, st == VD_OK ? 47 : 0);
	}
}
