#include "net/http1_parse.h"

#include <stdio.h>

#include "base/mem.h"
#include "net/http1_chars.h"
#include "net/http1_play.h"
#include "vd_test.h"

static void
equal(struct vd_str got, struct vd_str want)
{
	if (!vd_str_eq(got, want))
		fail_msg("got\n%.*s\nbut wanted\n%.*s", (int)got.len, got.at, (int)want.len, want.at);
}

/* What comes of text, which is the same at once, byte by byte, in pieces and for every cut in two. */
static void
play(struct vd_str text, const struct vd_http1_limits *limits, struct vd_buf *to)
{
	VD_AUTO_FINI(vd_buf) cut = {0};
	size_t every = text.len <= 600 ? 1 : text.len / 97;
	vd_http1_play(text, limits, (struct vd_http1_cuts){0, 0}, to);
	for (size_t i = 1; i < text.len; i += every) {
		vd_buf_reset(&cut);
		vd_http1_play(text, limits, (struct vd_http1_cuts){i, 0}, &cut);
		equal(vd_buf_view(&cut), vd_buf_view(to));
	}
	for (size_t step = 1; step < 8; step += 2) {
		vd_buf_reset(&cut);
		vd_http1_play(text, limits, (struct vd_http1_cuts){step, step}, &cut);
		equal(vd_buf_view(&cut), vd_buf_view(to));
	}
}

static void
plays_within(struct vd_str text, const struct vd_http1_limits *limits, const char *want)
{
	VD_AUTO_FINI(vd_buf) got = {0};
	play(text, limits, &got);
	equal(vd_buf_view(&got), vd_str_from(want));
}

#define PLAYS(text, want) plays_within(VD_S(text), &VD_HTTP1_LIMITS, want)

/* The refusal is the last that comes of it. */
static void
refuses_within(struct vd_str text, const struct vd_http1_limits *limits, unsigned answer, bool limit,
	const char *words)
{
	VD_AUTO_FINI(vd_buf) got = {0};
	char begin[32];
	play(text, limits, &got);
	(void)snprintf(begin, sizeof begin, "refused %u%s line ", answer, limit ? " limit" : "");
	const char *at = got.len == 0 ? NULL : strstr(got.at, begin);
	if (at == NULL || strstr(at, words) == NULL)
		fail_msg("of\n%.*s\ncame\n%.*sbut wanted\n%s… %s", (int)text.len, text.at, (int)got.len,
			got.at, begin, words);
}

#define REFUSES(text, answer, words) refuses_within(VD_S(text), &VD_HTTP1_LIMITS, answer, false, words)

struct refused {
	struct vd_str text;
	unsigned answer;
	const char *words;
};

#define LINE(text, answer, words)                                                                            \
	{                                                                                                    \
		{"" text, sizeof(text) - 1}, answer, words                                                   \
	}

/* Each text between before and after. */
static void
all_refused(const char *before, const struct refused *cases, size_t n, const char *after)
{
	for (size_t i = 0; i < n; i++) {
		VD_AUTO_FINI(vd_buf) text = {0};
		vd_buf_text(&text, before);
		vd_buf_str(&text, cases[i].text);
		vd_buf_text(&text, after);
		refuses_within(vd_buf_view(&text), &VD_HTTP1_LIMITS, cases[i].answer, false, cases[i].words);
	}
}

#define HEAD "POST /x HTTP/1.1\r\nHost: a\r\n"
#define SAID "POST /x HTTP/1.1 host=a keep-alive "

/* ---- what is served ---- */

VD_TEST(a_request_comes_out_with_its_parts)
{
	PLAYS("GET /v1/events?limit=10&next=a%2Fb HTTP/1.1\r\nHost: vedette.example:8443\r\nUser-Agent: "
	      "curl/7.88.1\r\n"
	      "Accept:*/*\r\nX-Empty:\r\nX-Blanks: \t a  b \t\r\nX-\xc3: no\r\n\r\n",
		"refused 400 line 7: a byte in a name that no name has\n");
	PLAYS("GET /v1/events?limit=10&next=a%2Fb HTTP/1.1\r\nHost: vedette.example:8443\r\nUser-Agent: "
	      "curl/7.88.1\r\n"
	      "Accept:*/*\r\nX-Empty:\r\nX-Blanks: \t a  b \t\r\nX-High: \xc3\xa4\r\n\r\n",
		"GET /v1/events ?limit=10&next=a%2Fb HTTP/1.1 host=vedette.example:8443 keep-alive no-body\n"
		"  host: vedette.example:8443\n  user-agent: curl/7.88.1\n  accept: */*\n  x-empty: \n"
		"  x-blanks: a  b\n  x-high: \xc3\xa4\nbody \n");
}

VD_TEST(every_method_that_is_served_is_known)
{
	static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
	for (size_t i = 0; i < VD_ARRAY_LEN(names); i++) {
		VD_AUTO_FINI(vd_buf) text = {0}, want = {0};
		vd_buf_printf(&text, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", names[i]);
		vd_buf_printf(&want, "%s / HTTP/1.1 host=a keep-alive no-body\n  host: a\nbody \n", names[i]);
		plays_within(vd_buf_view(&text), &VD_HTTP1_LIMITS, want.at);
	}
	PLAYS("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"OPTIONS * HTTP/1.1 host=a keep-alive no-body\n  host: a\nbody \n");
}

VD_TEST(requests_follow_each_other)
{
	PLAYS(HEAD "Content-Length: 3\r\n\r\nabc\r\nGET /?? HTTP/1.1\r\nHost: b\r\n\r\n" HEAD
		   "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nGET / HTTP/1.1\r\nHo",
		SAID "sized=3\n  host: a\n  content-length: 3\nbody abc\n"
		     "GET / ?? HTTP/1.1 host=b keep-alive no-body\n  host: b\nbody \n" SAID
		     "chunked\n  host: a\n  transfer-encoding (hop): chunked\nbody ab\nmore 18\n");
}

VD_TEST(a_body_of_a_stated_size_comes_whole)
{
	PLAYS(HEAD "content-length: 0\r\n\r\n", SAID "sized=0\n  host: a\n  content-length: 0\nbody \n");
	PLAYS(HEAD "content-length:  11\r\n\r\nab\r\n\r\n0\r\n\r\n",
		SAID "sized=11\n  host: a\n  content-length: 11\nbody ab\r\n\r\n0\r\n\r\n\n");
	PLAYS(HEAD "content-length: 5\r\n\r\nab",
		SAID "sized=5\n  host: a\n  content-length: 5\nbody ab\nmore 0\n");
}

#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define SAID_CHUNKED SAID "chunked\n  host: a\n  transfer-encoding (hop): chunked\n"

VD_TEST(a_body_in_chunks_comes_without_its_framing)
{
	PLAYS(CHUNKED "5\r\nhello\r\n00000009\r\n123456789\r\n0000000000000001\r\n\r\r\nA;n=v;q=\"a;\\\"b\";"
		      "x\r\n0123456789\r\n00\r\n\r\n",
		SAID_CHUNKED "body hello123456789\r0123456789\n");
	PLAYS(CHUNKED "0\r\n\r\n", SAID_CHUNKED "body \n");
	PLAYS(CHUNKED "a\r\n01234", SAID_CHUNKED "body 01234\nmore 0\n");
	PLAYS(CHUNKED "2\r\nab\r", SAID_CHUNKED "body ab\nmore 1\n");
	PLAYS(CHUNKED "2\r\nab\r\n", SAID_CHUNKED "body ab\nmore 0\n");
	PLAYS(CHUNKED "2\r\nab\r\n1f", SAID_CHUNKED "body ab\nmore 2\n");
}

VD_TEST(trailers_are_read_and_stay_apart_from_headers)
{
	PLAYS(CHUNKED "1\r\nx\r\n0\r\nX-Sum: 5 \r\nx-host:\tno\r\n\r\nGET",
		SAID_CHUNKED "body x\n  x-sum: 5\n  x-host: no\nmore 3\n");
	PLAYS(CHUNKED "1\r\nx\r\n0\r\nX-Sum: 5\r\n\r", SAID_CHUNKED "body x\nmore 11\n");
}

VD_TEST(http_1_0_is_served_once)
{
	PLAYS("GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0 host= close no-body\nbody \nclosed\n");
	PLAYS("POST / HTTP/1.0\r\nHost: [::1]\r\nConnection: keep-alive, upgrade\r\nUpgrade: x\r\nExpect: "
	      "100-continue\r\nContent-Length: 1\r\n\r\na",
		"POST / HTTP/1.0 host=[::1] close sized=1\n  host: [::1]\n  connection (hop): keep-alive, "
		"upgrade\n"
		"  upgrade (hop): x\n  expect: 100-continue\n  content-length: 1\nbody a\nclosed\n");
	REFUSES("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
		"Transfer-Encoding in HTTP/1.0");
}

VD_TEST(connection_says_what_is_for_this_hop)
{
	PLAYS("GET / HTTP/1.1\r\nX-A: 1\r\nHost: a\r\nConnection: ,Keep-Alive,\t X-a , \r\nX-a: 2\r\nX-b: "
	      "3\r\n"
	      "connection: CLOSE\r\nTE: trailers\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n\r\n",
		"GET / HTTP/1.1 host=a close no-body\n  x-a (hop): 1\n  host: a\n"
		"  connection (hop): ,Keep-Alive,\t X-a ,\n  x-a (hop): 2\n  x-b: 3\n  connection (hop): "
		"CLOSE\n"
		"  te (hop): trailers\n  keep-alive (hop): 5\n  proxy-connection (hop): x\nbody \nclosed\n");
	static const struct refused cases[] = {
		LINE("Connection: close, hOst", 400, "every reader needs"),
		LINE("Connection: Content-length", 400, "every reader needs"),
		LINE("Connection: transfer-encoding", 400, "every reader needs"),
		LINE("Connection: clo se", 400, "no token"),
		LINE("Connection: \"close\"", 400, "no token"),
		LINE("Connection: close;x", 400, "no token"),
		LINE("Connection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", 400, "too many words"),
		LINE("Connection: ,,,,,,,\r\nConnection: ,,,,,,,,", 400, "too many words"),
	};
	all_refused(HEAD, cases, VD_ARRAY_LEN(cases), "\r\n\r\n");
	PLAYS(HEAD "Connection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p\r\n\r\n",
		SAID "no-body\n  host: a\n  connection (hop): a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p\nbody \n");
}

VD_TEST(an_upgrade_is_told_but_never_one_to_h2c)
{
	PLAYS(HEAD "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		SAID "no-body upgrade\n  host: a\n  connection (hop): Upgrade\n  upgrade (hop): "
		     "websocket\nbody \n");
	PLAYS(HEAD "Upgrade: websocket\r\n\r\n",
		SAID "no-body\n  host: a\n  upgrade (hop): websocket\nbody \n");
	PLAYS(HEAD "Connection: Upgrade\r\n\r\n",
		SAID "no-body\n  host: a\n  connection (hop): Upgrade\nbody \n");
	PLAYS(HEAD "Connection: Upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n\r\n", SAID
		"no-body\n  host: a\n  connection (hop): Upgrade\n  upgrade (hop): a\n  upgrade (hop): b\n"
		"body \n");
	PLAYS(HEAD
		"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: H2C\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n",
		SAID "no-body\n  host: a\n  connection (hop): Upgrade, HTTP2-Settings\n  upgrade (hop): H2C\n"
		     "  http2-settings (hop): AAMAAABkAAQ\nbody \n");
}

VD_TEST(only_100_continue_is_expected)
{
	PLAYS(HEAD "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\na",
		SAID "sized=1 continue\n  host: a\n  expect: 100-Continue\n  content-length: 1\nbody a\n");
	static const struct refused cases[] = {
		LINE("Expect: 200-ok", 417, "an Expect other"),
		LINE("Expect:", 417, "an Expect other"),
		LINE("Expect: 100-continue, x", 417, "an Expect other"),
		LINE("Expect: 100-continue\r\nExpect: 100-continue", 417, "an Expect other"),
	};
	all_refused(HEAD, cases, VD_ARRAY_LEN(cases), "\r\n\r\n");
}

VD_TEST(one_empty_line_before_a_request_is_dropped)
{
	PLAYS("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1 host=a keep-alive no-body\n  host: a\nbody \n");
	REFUSES("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "2: empty lines");
	REFUSES("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "LF without CR");
	PLAYS("\r\n", "more 2\n");
}

/* ---- what is refused ---- */

VD_TEST(lines_end_in_cr_lf_alone)
{
	static const struct refused cases[] = {
		LINE("GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "1: a line ends in LF without CR"),
		LINE("GET / HTTP/1.1\r\nHost: a\n\r\n", 400, "2: a line ends in LF without CR"),
		LINE("GET / HTTP/1.1\r\nHost: a\n\n", 400, "2: a line ends in LF without CR"),
		LINE("GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "3: a line ends in LF without CR"),
		LINE("GET / HTTP/1.1\rHost: a\r\n\r\n", 400, "1: a CR without LF"),
		LINE("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400, "3: a CR without LF"),
		LINE("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400, "1: a CR without LF"),
		LINE("GET / HTTP/1.1\r\nHost: a\r\n\rX", 400, "3: a CR without LF"),
	};
	all_refused("", cases, VD_ARRAY_LEN(cases), "");
}

VD_TEST(control_characters_are_refused_wherever_they_stand)
{
	for (int c = 0; c < 0x80; c++) {
		if ((c >= 0x20 && c != 0x7f) || c == '\t' || c == '\r' || c == '\n')
			continue;
		static const char *const places[] = {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
			"GET /@ HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @HTTP/1.1\r\nHost: a\r\n\r\n",
			HEAD "X@: a\r\n\r\n", HEAD "X: abcdefgh@abc\r\n\r\n", HEAD "X: a@\r\n\r\n",
			CHUNKED "1;a@\r\nx\r\n0\r\n\r\n", CHUNKED "0\r\na: b@\r\n\r\n"};
		for (size_t i = 0; i < VD_ARRAY_LEN(places); i++) {
			char text[256];
			size_t n = strlen(places[i]);
			assert_true(n < sizeof text);
			memcpy(text, places[i], n);
			*(char *)memchr(text, '@', n) = (char)c;
			refuses_within((struct vd_str){text, n}, &VD_HTTP1_LIMITS, 400, false,
				"a control character");
		}
	}
}

VD_TEST(the_request_line_has_three_parts_and_two_spaces)
{
	static const struct refused cases[] = {
		LINE(" GET / HTTP/1.1", 400, "does not begin with a method"),
		LINE("GET", 400, "does not begin with a method"),
		LINE("GET\t/ HTTP/1.1", 400, "does not begin with a method"),
		LINE("G@T / HTTP/1.1", 400, "does not begin with a method"),
		LINE("\"GET\" / HTTP/1.1", 400, "does not begin with a method"),
		LINE("G\xc4T / HTTP/1.1", 400, "does not begin with a method"),
		LINE("GET  / HTTP/1.1", 400, "more than one space"),
		LINE("GET /  HTTP/1.1", 400, "one space and a version"),
		LINE("GET / HTTP/1.1 ", 400, "one space and a version"),
		LINE("GET /\tHTTP/1.1", 400, "a byte in the target"),
		LINE("GET / HTTP/1.1\t", 400, "one space and a version"),
		LINE("GET /", 400, "no version"),
		LINE("GET ", 400, "no version"),
		LINE("GET / ", 400, "one space and a version"),
		LINE("GET /a b HTTP/1.1", 400, "one space and a version"),
		LINE("GET / http/1.1", 400, "one space and a version"),
		LINE("GET / HTTP/1", 400, "one space and a version"),
		LINE("GET / HTTP/1.10", 400, "one space and a version"),
		LINE("GET / HTTP/11.1", 400, "one space and a version"),
		LINE("GET / HTTP/1.a", 400, "one space and a version"),
		LINE("GET / HTTP/a.1", 400, "one space and a version"),
		LINE("GET / HTTP/1,1", 400, "one space and a version"),
		LINE("GET / HTTPS1.1", 400, "one space and a version"),
		LINE("GET / HTTP/1.2", 505, "a version other"),
		LINE("GET / HTTP/2.0", 505, "a version other"),
		LINE("GET / HTTP/0.9", 505, "a version other"),
		LINE("GET / HTTP/3.1", 505, "a version other"),
		LINE("GET / HTTP/9.9", 505, "a version other"),
		LINE("CONNECT a:443 HTTP/1.1", 501, "a method that is not served"),
		LINE("TRACE / HTTP/1.1", 501, "a method that is not served"),
		LINE("get / HTTP/1.1", 501, "a method that is not served"),
		LINE("GETX / HTTP/1.1", 501, "a method that is not served"),
		LINE("PROPFIND / HTTP/1.1", 501, "a method that is not served"),
	};
	all_refused("", cases, VD_ARRAY_LEN(cases), "\r\nHost: a\r\n\r\n");
}

VD_TEST(a_target_is_a_path_with_its_query)
{
	static const struct refused cases[] = {
		LINE("http://a/", 400, "the target is no path"),
		LINE("https://a/x?y", 400, "the target is no path"),
		LINE("*", 400, "the target is no path"),
		LINE("a:80", 400, "the target is no path"),
		LINE("x", 400, "the target is no path"),
		LINE("?x", 400, "the target is no path"),
		LINE("/a#b", 400, "a fragment"),
		LINE("/a%00", 400, "an escape"),
		LINE("/?a%00b", 400, "an escape"),
		LINE("/%", 400, "an escape"),
		LINE("/%4", 400, "an escape"),
		LINE("/%4 1", 400, "an escape"),
		LINE("/%g1", 400, "an escape"),
		LINE("/%1g", 400, "an escape"),
		LINE("/%%41", 400, "an escape"),
		LINE("/\x80", 400, "a byte in the target"),
		LINE("/\xc3\xa4", 400, "a byte in the target"),
		LINE("/\"", 400, "a byte in the target"),
		LINE("/<", 400, "a byte in the target"),
		LINE("/>", 400, "a byte in the target"),
		LINE("/\\", 400, "a byte in the target"),
		LINE("/^", 400, "a byte in the target"),
		LINE("/`", 400, "a byte in the target"),
		LINE("/{", 400, "a byte in the target"),
		LINE("/|", 400, "a byte in the target"),
		LINE("/}", 400, "a byte in the target"),
		LINE("/?a[]=1", 400, "a byte in the target"),
		LINE("/\\4141", 400, "a byte in the target"),
		LINE("/\xff"
		     "4141",
			400, "a byte in the target"),
		LINE("/#4141", 400, "a fragment"),
	};
	all_refused("GET ", cases, VD_ARRAY_LEN(cases), " HTTP/1.1\r\nHost: a\r\n\r\n");
	REFUSES("OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "the target is no path");
	PLAYS("GET //a/..;b=c/%2e%2F%99%fF%0a/:@!$&'()*+,;=-._~?/?:@!$&'()*+,;=-._~%01 HTTP/1.1\r\nHost: "
	      "a\r\n\r\n",
		"GET //a/..;b=c/%2e%2F%99%fF%0a/:@!$&'()*+,;=-._~ ?/?:@!$&'()*+,;=-._~%01 HTTP/1.1 host=a "
		"keep-alive "
		"no-body\n  host: a\nbody \n");
	PLAYS("GET /? HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / ? HTTP/1.1 host=a keep-alive no-body\n  host: a\nbody \n");
}

VD_TEST(the_preface_of_http_2_is_told_apart)
{
	struct vd_http1 http;
	struct vd_err err = VD_ERR_INIT;
	char text[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	size_t used;
	vd_http1_init(&http, &VD_HTTP1_LIMITS);
	assert_int_equal(vd_http1_head(&http, text, sizeof text - 1, &used, &err), VD_EINPUT);
	assert_int_equal(http.answer, 505);
	assert_true(http.preface);
	assert_non_null(strstr(err.text, "HTTP/2 where HTTP/1.1"));
	REFUSES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/2 where HTTP/1.1");
	REFUSES("PRI * HTTP/1.1\r\nHost: a\r\n\r\n", 501, "a method that is not served");
	char other[] = "GET / HTTP/2.0\r\n";
	vd_http1_init(&http, &VD_HTTP1_LIMITS);
	assert_int_equal(vd_http1_head(&http, other, sizeof other - 1, &used, &err), VD_EINPUT);
	assert_false(http.preface);
}

VD_TEST(header_lines_keep_to_their_form)
{
	static const struct refused cases[] = {
		LINE("X: a\r\n b", 400, "4: a line that begins with a blank"),
		LINE("X: a\r\n\tb", 400, "4: a line that begins with a blank"),
		LINE("X: a\r\n ", 400, "4: a line that begins with a blank"),
		LINE(" X: a", 400, "3: a line that begins with a blank"),
		LINE("X : a", 400, "a blank before the colon"),
		LINE("X\t: a", 400, "a blank before the colon"),
		LINE("X Y: a", 400, "a blank before the colon"),
		LINE("X", 400, "a line without a colon"),
		LINE(": a", 400, "a header without a name"),
		LINE("X(: a", 400, "a byte in a name"),
		LINE("X/Y: a", 400, "a byte in a name"),
		LINE("\"X\": a", 400, "a byte in a name"),
		LINE("X\xc3\xa4: a", 400, "a byte in a name"),
		LINE("X;Y: a", 400, "a byte in a name"),
		LINE("X\x80: a", 400, "a byte in a name"),
	};
	all_refused(HEAD, cases, VD_ARRAY_LEN(cases), "\r\n\r\n");
	REFUSES("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "2: a line that begins with a blank");
	PLAYS(HEAD "!#$%&'*+-.^_`|~09azAZ: a:b\r\n\r\n",
		SAID "no-body\n  host: a\n  !#$%&'*+-.^_`|~09azaz: a:b\nbody \n");
}

VD_TEST(host_comes_once_and_well_formed)
{
	static const char *const good[] = {"a", "a.b", "a.b.", "1.2.3.4", "1.2.3.4:1", "my_host-1:65535",
		"[::]", "[::1]:443", "[2001:db8::ffff:1.2.3.4]", "xn--bcher-kva.example", "A.B",
		"a123456789b123456789c123456789d123456789e123456789f123456789g12.x"};
	static const char *const bad[] = {"", "a:", "a:0", "a:65536", "a:+1", "a:080808", "a:8o", "a:1:2",
		":80", ".", "a..b", ".a", "a b", "a,b", "a/b", "u@a", "a?b", "a%41", "a\xc3\xa4", "::1",
		"[::1", "::1]", "[]", "[1]", "[::1]x", "[::1]:", "[::1%25eth0]", "[v1.x]", "[1.2.3.4]",
		"[:::1]", "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc]", "http://a", "a\tb",
		"[1111:2222:3333:4444:5555:6666:7777:8888:9999:aa]",
		"[1111:2222:3333:4444:5555:6666:7777:8888:9999:a]",
		"a123456789b123456789c123456789d123456789e123456789f123456789g123"};
	for (size_t i = 0; i < VD_ARRAY_LEN(good); i++) {
		VD_AUTO_FINI(vd_buf) text = {0}, want = {0};
		vd_buf_printf(&text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]);
		vd_buf_printf(&want, "GET / HTTP/1.1 host=%s keep-alive no-body\n  host: %s\nbody \n",
			good[i], good[i]);
		plays_within(vd_buf_view(&text), &VD_HTTP1_LIMITS, want.at);
	}
	for (size_t i = 0; i < VD_ARRAY_LEN(bad); i++) {
		VD_AUTO_FINI(vd_buf) text = {0};
		vd_buf_printf(&text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", bad[i]);
		refuses_within(
			vd_buf_view(&text), &VD_HTTP1_LIMITS, 400, false, "Host is no name or address");
	}
	REFUSES("GET / HTTP/1.1\r\n\r\n", 400, "no Host");
	REFUSES("GET / HTTP/1.1\r\nX-Host: a\r\n\r\n", 400, "no Host");
	REFUSES("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "more than one Host");
	REFUSES("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", 400, "more than one Host");
	VD_AUTO_FINI(vd_buf) longest = {0}, longer = {0};
	for (size_t i = 0; i < 127; i++)
		vd_buf_text(&longest, "a.");
	vd_buf_printf(&longer, "GET / HTTP/1.1\r\nHost: %saa\r\n\r\n", longest.at);
	refuses_within(vd_buf_view(&longer), &VD_HTTP1_LIMITS, 400, false, "Host is no name or address");
	vd_buf_reset(&longer);
	vd_buf_printf(&longer, "GET / HTTP/1.1\r\nHost: %sa\r\n", longest.at);
	plays_within(vd_buf_view(&longer), &VD_HTTP1_LIMITS, "more 279\n");
}

VD_TEST(content_length_is_one_plain_number)
{
	static const struct refused cases[] = {
		LINE("Content-Length: +5", 400, "no plain decimal"),
		LINE("Content-Length: -5", 400, "no plain decimal"),
		LINE("Content-Length: -0", 400, "no plain decimal"),
		LINE("Content-Length: 5,5", 400, "no plain decimal"),
		LINE("Content-Length: 5, 5", 400, "no plain decimal"),
		LINE("Content-Length: 5 5", 400, "no plain decimal"),
		LINE("Content-Length: 0x5", 400, "no plain decimal"),
		LINE("Content-Length: 5h", 400, "no plain decimal"),
		LINE("Content-Length: a", 400, "no plain decimal"),
		LINE("Content-Length: 05", 400, "no plain decimal"),
		LINE("Content-Length: 00", 400, "no plain decimal"),
		LINE("Content-Length: 5.0", 400, "no plain decimal"),
		LINE("Content-Length: 5e0", 400, "no plain decimal"),
		LINE("Content-Length: 1_0", 400, "no plain decimal"),
		LINE("Content-Length: \"5\"", 400, "no plain decimal"),
		LINE("Content-Length:", 400, "no plain decimal"),
		LINE("Content-Length:\t5", 400, "no plain decimal"),
		LINE("Content-Length: 5\t", 400, "no plain decimal"),
		LINE("Content-Length: 5;", 400, "no plain decimal"),
		LINE("Content-Length: \xef\xbc\x95", 400, "no plain decimal"),
		LINE("Content-Length: 18446744073709551616", 400, "no plain decimal"),
		LINE("Content-Length: 18446744073709551621", 400, "no plain decimal"),
		LINE("Content-Length: 99999999999999999999999999999999999", 400, "no plain decimal"),
		LINE("Content-Length: 5\r\nContent-Length: 5", 400, "more than one Content-Length"),
		LINE("Content-Length: 5\r\nX: y\r\ncontent-length: 6", 400, "more than one Content-Length"),
		LINE("Content-Length: 0\r\nContent-Length:", 400, "more than one Content-Length"),
	};
	all_refused(HEAD, cases, VD_ARRAY_LEN(cases), "\r\n\r\nabcde");
	refuses_within(VD_S(HEAD "Content-Length: 18446744073709551615\r\n\r\n"), &VD_HTTP1_LIMITS, 413, true,
		"the body is longer");
}

/* The table of tricks that make two servers read different requests (CL.TE, TE.CL, TE.TE and their kin). */
VD_TEST(no_trick_that_smuggles_requests_is_taken)
{
	static const struct refused cases[] = {
		LINE("Content-Length: 5\r\nTransfer-Encoding: chunked", 400, "both"),
		LINE("Transfer-Encoding: chunked\r\nContent-Length: 5", 400, "both"),
		LINE("Transfer-Encoding: chunked\r\nContent-Length: 0", 400, "both"),
		LINE("Transfer-Encoding : chunked", 400, "a blank before the colon"),
		LINE("Transfer-Encoding\t: chunked", 400, "a blank before the colon"),
		LINE("Transfer-Encoding\x0b: chunked", 400, "a control character"),
		LINE("Transfer-Encoding:\tchunked", 400, "a tab around"),
		LINE("Transfer-Encoding: \tchunked", 400, "a tab around"),
		LINE("Transfer-Encoding: chunked\t", 400, "a tab around"),
		LINE("Transfer-Encoding:\x0b"
		     "chunked",
			400, "a control character"),
		LINE("Transfer-Encoding: \x0b"
		     "chunked",
			400, "a control character"),
		LINE("Transfer-Encoding:\x0c"
		     "chunked",
			400, "a control character"),
		LINE("Transfer-Encoding: chunked\x0b", 400, "a control character"),
		LINE("Transfer-Encoding:\0chunked", 400, "a control character"),
		LINE("Transfer-Encoding: chunked\0", 400, "a control character"),
		LINE("Transfer-Encoding: \x7f"
		     "chunked",
			400, "a control character"),
		LINE("Transfer-Encoding: xchunked", 501, "other than chunked"),
		LINE("Transfer-Encoding: chunkedx", 501, "other than chunked"),
		LINE("Transfer-Encoding: chunke", 501, "other than chunked"),
		LINE("Transfer-Encoding: x chunked", 501, "other than chunked"),
		LINE("Transfer-Encoding: chunked x", 501, "other than chunked"),
		LINE("Transfer-Encoding: Chunked", 501, "other than chunked"),
		LINE("Transfer-Encoding: CHUNKED", 501, "other than chunked"),
		LINE("Transfer-Encoding: \"chunked\"", 501, "other than chunked"),
		LINE("Transfer-Encoding: 'chunked'", 501, "other than chunked"),
		LINE("Transfer-Encoding: chunked, identity", 501, "other than chunked"),
		LINE("Transfer-Encoding: identity, chunked", 501, "other than chunked"),
		LINE("Transfer-Encoding: chunked, chunked", 501, "other than chunked"),
		LINE("Transfer-Encoding: chunked,", 501, "other than chunked"),
		LINE("Transfer-Encoding: ,chunked", 501, "other than chunked"),
		LINE("Transfer-Encoding: chunked;x=y", 501, "other than chunked"),
		LINE("Transfer-Encoding: chunked;", 501, "other than chunked"),
		LINE("Transfer-Encoding: gzip, chunked", 501, "other than chunked"),
		LINE("Transfer-Encoding: gzip", 501, "other than chunked"),
		LINE("Transfer-Encoding: identity", 501, "other than chunked"),
		LINE("Transfer-Encoding:", 501, "other than chunked"),
		LINE("Transfer-Encoding: \xff"
		     "chunked",
			501, "other than chunked"),
		LINE("Transfer-Encoding: \xc2\xa0"
		     "chunked",
			501, "other than chunked"),
		LINE("Transfer-Encoding: chun\xc5\xbf"
		     "ked",
			501, "other than chunked"),
		LINE("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400, "more than one"),
		LINE("Transfer-Encoding: chunked\r\nTransfer-encoding: x", 400, "more than one"),
		LINE("Transfer-Encoding: chunked\r\ntransfer-encoding: identity", 400, "more than one"),
		LINE("Transfer-Encoding: x\r\nTransfer-Encoding: chunked", 501, "other than chunked"),
		LINE("Transfer-Encoding:\r\n chunked", 501, "other than chunked"),
		LINE("X: y\r\n Transfer-Encoding: chunked", 400, "begins with a blank"),
		LINE(" Transfer-Encoding: chunked", 400, "begins with a blank"),
		LINE("\tTransfer-Encoding: chunked", 400, "begins with a blank"),
		LINE("X: y\nTransfer-Encoding: chunked", 400, "LF without CR"),
		LINE("X: y\rTransfer-Encoding: chunked", 400, "a CR without LF"),
		LINE("X:\n\n\nTransfer-Encoding: chunked", 400, "LF without CR"),
		LINE("Transfer-Encoding: chunked\nX: y", 400, "LF without CR"),
		LINE("Transfer-Encoding\n: chunked", 400, "LF without CR"),
		LINE("Transfer-Encoding\r\n: chunked", 400, "a line without a colon"),
		LINE("Transfer Encoding: chunked", 400, "a blank before the colon"),
		LINE("Transfer-Encoding\xa0: chunked", 400, "a byte in a name"),
		LINE("Transfer-\xc3\x8b"
		     "ncoding: chunked",
			400, "a byte in a name"),
		LINE("\xef\xbb\xbfTransfer-Encoding: chunked", 400, "a byte in a name"),
		LINE("Content-Length : 5", 400, "a blank before the colon"),
		LINE("Content-Length\t: 5", 400, "a blank before the colon"),
		LINE(" Content-Length: 5", 400, "begins with a blank"),
		LINE("Content-Length:\r\n 5", 400, "no plain decimal"),
		LINE("Content-Length: 5\r\n 6", 400, "begins with a blank"),
		LINE("Content-Length: \x0b"
		     "5",
			400, "a control character"),
		LINE("Content-Length: 5\0"
		     "0",
			400, "a control character"),
		LINE("Content-Length: 5\r\nConnection: Content-Length", 400, "every reader needs"),
		LINE("Transfer-Encoding: chunked\r\nConnection: close, Transfer-Encoding", 400,
			"every reader needs"),
		LINE("Host: b", 400, "more than one Host"),
		LINE("Host : b", 400, "a blank before the colon"),
		LINE(" Host: b", 400, "begins with a blank"),
	};
	all_refused(HEAD, cases, VD_ARRAY_LEN(cases), "\r\n\r\n0\r\n\r\n");
}

/* Names that only look like those of framing are other headers: they frame nothing. */
VD_TEST(what_only_resembles_a_framing_header_is_none)
{
	PLAYS(HEAD
		"Transfer_Encoding: chunked\r\nX-Content-Length: 5\r\nContent-Length2: 5\r\nContent_Length: "
		"5\r\n\r\n",
		SAID "no-body\n  host: a\n  transfer_encoding: chunked\n  x-content-length: 5\n"
		     "  content-length2: 5\n  content_length: 5\nbody \n");
}

VD_TEST(chunks_keep_to_their_form)
{
	static const struct refused cases[] = {
		LINE("\r\n", 400, "hexadecimal size"),
		LINE(";a\r\n", 400, "hexadecimal size"),
		LINE("g\r\n", 400, "hexadecimal size"),
		LINE("0x5\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("+5\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("-5\r\nhello\r\n", 400, "hexadecimal size"),
		LINE(" 5\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5 \r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5\t\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5 ;a\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5; a\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5;\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5;a;\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5;a=\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5;=a\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5;a=\"b\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5;a=\"b\\\"\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5;a=\"b\"c\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5;a=b c\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5;a=(b\"\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5;a,b\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5;a\"b\"\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5;a=b=c\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("5,5\r\nhello\r\n", 400, "hexadecimal size"),
		LINE("00000000000000005\r\nhello\r\n", 400, "16 digits"),
		LINE("10000000000000005\r\nhello\r\n", 400, "16 digits"),
		LINE("5\nhello\r\n", 400, "LF without CR"),
		LINE("5\rhello\r\n", 400, "a CR without LF"),
		LINE("5;a\nhello\r\n", 400, "LF without CR"),
		LINE("5;\nhello\r\n", 400, "LF without CR"),
		LINE("5\r\nhello\n0\r\n", 400, "a chunk is longer"),
		LINE("5\r\nhello\rX", 400, "a chunk is longer"),
		LINE("5\r\nhello0\r\n", 400, "a chunk is longer"),
		LINE("5\r\nhello!\r\n", 400, "a chunk is longer"),
		LINE("5\r\nhello\r\r\n", 400, "a chunk is longer"),
		LINE("5\r\nhell\r\n0\r\n", 400, "a chunk is longer"),
		LINE("0\r\nX", 400, "a line without a colon"),
		LINE("0\n", 400, "LF without CR"),
		LINE("0\r\n\n", 400, "LF without CR"),
		LINE("0\r\n\rX", 400, "a CR without LF"),
	};
	all_refused(CHUNKED, cases, VD_ARRAY_LEN(cases), "0\r\n\r\n"); /* so that nothing else is wrong */
	static const char *const bounds[] = {"ffffffffffffffff\r\n", "FFFFFFFFFFFFFFF0\r\n",
		"5\r\nhello\r\nfffffffffffffffb\r\n", "5\r\nhello\r\nffffffffffffffff\r\n"};
	for (size_t i = 0; i < VD_ARRAY_LEN(bounds); i++) {
		VD_AUTO_FINI(vd_buf) text = {0};
		vd_buf_text(&text, CHUNKED);
		vd_buf_text(&text, bounds[i]);
		refuses_within(vd_buf_view(&text), &VD_HTTP1_LIMITS, 413, true, "the body is longer");
	}
}

VD_TEST(trailers_keep_to_their_form_and_their_names)
{
	static const struct refused cases[] = {
		LINE("X : a", 400, "1: a blank before the colon"),
		LINE("X: a\r\n b", 400, "2: a line that begins with a blank"),
		LINE("X: a\nb: c", 400, "1: a line ends in LF without CR"),
		LINE("Content-Length: 5", 400, "a trailer that must be a header"),
		LINE("transfer-encoding: chunked", 400, "a trailer that must be a header"),
		LINE("X: y\r\nHost: b", 400, "2: a trailer that must be a header"),
		LINE("Authorization: x", 400, "a trailer that must be a header"),
		LINE("Cookie: x", 400, "a trailer that must be a header"),
		LINE("Connection: close", 400, "a trailer that must be a header"),
		LINE("Content-Type: x", 400, "a trailer that must be a header"),
		LINE("Content-Encoding: x", 400, "a trailer that must be a header"),
		LINE("Expect: 100-continue", 400, "a trailer that must be a header"),
		LINE("Trailer: x", 400, "a trailer that must be a header"),
		LINE("Idempotency-Key: x", 400, "a trailer that must be a header"),
		LINE("If-Match: x", 400, "a trailer that must be a header"),
		LINE("X-Forwarded-For: x", 400, "a trailer that must be a header"),
	};
	all_refused(CHUNKED "0\r\n", cases, VD_ARRAY_LEN(cases), "\r\n\r\n");
}

/* ---- bounds ---- */

static void
fill(struct vd_buf *to, char c, size_t n)
{
	while (n-- > 0)
		vd_buf_char(to, c);
}

/* before, n bytes, after: refused with answer, which is 0 if it comes out whole. */
static void
bounded(const struct vd_http1_limits *limits, const char *before, size_t n, const char *after,
	unsigned answer)
{
	VD_AUTO_FINI(vd_buf) text = {0}, got = {0};
	vd_buf_text(&text, before);
	fill(&text, 'a', n);
	vd_buf_text(&text, after);
	if (answer != 0) {
		refuses_within(vd_buf_view(&text), limits, answer, true, "allowed");
		return;
	}
	play(vd_buf_view(&text), limits, &got);
	if (strstr(got.at, "refused") != NULL || strstr(got.at, "more") != NULL)
		fail_msg("of %zu bytes came\n%s", text.len, got.at);
}

VD_TEST(every_bound_holds_to_the_byte)
{
	struct vd_http1_limits limits = {
		.head = 200, .line = 50, .target = 60, .fields = 4, .trailer = 70, .body = 10};
	/* target: 414 */
	bounded(&limits, "GET /", 59, " HTTP/1.1\r\nHost: a\r\n\r\n", 0);
	bounded(&limits, "GET /", 60, " HTTP/1.1\r\nHost: a\r\n\r\n", 414);
	bounded(&limits, "GET /", 160, " HTTP/1.1\r\nHost: a\r\n\r\n", 414);
	bounded(&limits, "GET /", 160, "", 414);
	bounded(&limits, "", 103, "", 414);
	/* a line */
	bounded(&limits, HEAD "X: ", 47, "\r\n\r\n", 0);
	bounded(&limits, HEAD "X: ", 48, "\r\n\r\n", 431);
	bounded(&limits, HEAD "X: ", 48, "", 431);
	bounded(&limits, HEAD "", 51, "", 431);
	bounded(&limits, "GET / HTTP/1.1\r\nHost: ", 45, "\r\n\r\n", 431);
	/* the head: 27 + 52 + 52 + 3 + n + 4 */
#define TWO_LINES                                                                                            \
	HEAD "X: 01234567890123456789012345678901234567890123456\r\n"                                        \
	     "X: 01234567890123456789012345678901234567890123456\r\n"
	limits.head = 184;
	bounded(&limits, TWO_LINES "X: ", 46, "\r\n\r\n", 0);
	bounded(&limits, TWO_LINES "X: ", 47, "\r\n\r\n", 431);
	limits.head = 27 + 52 + 1; /* no room for the empty line */
	bounded(&limits, HEAD "X: ", 47, "\r\n", 431);
	limits.head = 27 + 52 + 2;
	bounded(&limits, HEAD "X: ", 47, "\r\n\r\n", 0);
	limits.head = 200;
	/* how many */
	bounded(&limits, HEAD "X:1\r\nX:2\r\nX:", 1, "\r\n\r\n", 0);
	bounded(&limits, HEAD "X:1\r\nX:2\r\nX:3\r\nX:", 1, "\r\n\r\n", 431);
	/* the body */
	bounded(&limits, HEAD "Content-Length: 10\r\n\r\n", 10, "", 0);
	bounded(&limits, HEAD "Content-Length: 11\r\n\r\n", 11, "", 413);
	bounded(&limits, CHUNKED "3\r\nabc\r\n7\r\n", 7, "\r\n0\r\n\r\n", 0);
	bounded(&limits, CHUNKED "3\r\nabc\r\n8\r\n", 8, "\r\n0\r\n\r\n", 413);
	/* trailers: 3 + n + 2 + 2 * 2 + … */
	bounded(&limits, CHUNKED "0\r\nX: ", 47, "\r\n\r\n", 0);
	bounded(&limits, CHUNKED "0\r\nX: ", 48, "\r\n\r\n", 431);
	bounded(&limits, CHUNKED "0\r\nX: ", 47, "\r\nY: aaaaaaaaaaa\r\n\r\n", 0);
	bounded(&limits, CHUNKED "0\r\nX: ", 47, "\r\nY: aaaaaaaaaaaa\r\n\r\n", 431);
	bounded(&limits, CHUNKED "0\r\nX: 1\r\nY: ", 1, "\r\n\r\n", 0);
	bounded(&limits, CHUNKED "0\r\nX: 1\r\nY: 2\r\nZ: ", 1, "\r\n\r\n", 431);
}

VD_TEST(chunk_extensions_are_bounded_by_line_and_together)
{
	bounded(&VD_HTTP1_LIMITS, CHUNKED "1;", VD_HTTP1_CHUNK_LINE - 2, "\r\nx\r\n0\r\n\r\n", 0);
	bounded(&VD_HTTP1_LIMITS, CHUNKED "1;", VD_HTTP1_CHUNK_LINE - 1, "\r\nx\r\n0\r\n\r\n", 413);
	bounded(&VD_HTTP1_LIMITS, CHUNKED "1;", VD_HTTP1_CHUNK_LINE - 1, "", 413);
	VD_AUTO_FINI(vd_buf) text = {0}, line = {0};
	fill(&line, 'a', 127);
	vd_buf_text(&text, CHUNKED);
	for (size_t i = 0; i < VD_HTTP1_EXTENSIONS / 128; i++)
		vd_buf_printf(&text, "1;%s\r\nx\r\n", line.at);
	size_t most = text.len;
	vd_buf_text(&text, "0\r\n\r\n");
	bounded(&VD_HTTP1_LIMITS, text.at, 0, "", 0);
	text.len = most;
	text.at[most] = '\0';
	bounded(&VD_HTTP1_LIMITS, text.at, 0, "1;a\r\nx\r\n0\r\n\r\n", 413);
}

VD_TEST(the_defaults_are_those_of_the_header)
{
	struct vd_http1_limits limits = VD_HTTP1_LIMITS;
	bounded(&limits, "GET /", 8191, " HTTP/1.1\r\nHost: a\r\n\r\n", 0);
	bounded(&limits, "GET /", 8192, " HTTP/1.1\r\nHost: a\r\n\r\n", 414);
	bounded(&limits, HEAD "X: ", 8189, "\r\n\r\n", 0);
	bounded(&limits, HEAD "X: ", 8190, "\r\n\r\n", 431);
	bounded(&limits, CHUNKED "0\r\nX: ", 4089, "\r\n\r\n", 0);
	bounded(&limits, CHUNKED "0\r\nX: ", 4090, "\r\n\r\n", 431);
	VD_AUTO_FINI(vd_buf) text = {0};
	vd_buf_text(&text, HEAD);
	for (size_t i = 0; i < 99; i++)
		vd_buf_text(&text, "X:\r\n");
	bounded(&limits, text.at, 0, "\r\n", 0);
	bounded(&limits, text.at, 0, "X:\r\n\r\n", 431);
}

VD_TEST(limits_beyond_the_parser_s_own_are_taken_as_these)
{
	struct vd_http1_limits limits = {
		UINT32_MAX, UINT32_MAX, UINT32_MAX / 2, UINT32_MAX, UINT32_MAX, UINT64_MAX};
	VD_AUTO_FINI(vd_buf) text = {0};
	vd_buf_text(&text, HEAD);
	for (size_t i = 1; i < VD_HTTP1_FIELDS_MAX; i++)
		vd_buf_text(&text, "X:\r\n");
	bounded(&limits, text.at, 0, "\r\n", 0);
	bounded(&limits, text.at, 0, "X:\r\n\r\n", 431);
	bounded(&limits, HEAD "X: ", UINT16_MAX - 34, "\r\n\r\n", 0);
	bounded(&limits, HEAD "X: ", UINT16_MAX - 33, "\r\n\r\n", 431);
	/* no sum of sizes goes beyond 64 bits */
	refuses_within(
		VD_S(CHUNKED "5\r\nhello\r\nfffffffffffffffb\r\n"), &limits, 413, true, "the body is longer");
	plays_within(VD_S(CHUNKED "5\r\nhello\r\nfffffffffffffffa\r\nx"), &limits,
		SAID_CHUNKED "body hellox\nmore 0\n");
}

VD_TEST(a_route_sets_a_bound_of_its_own)
{
	struct vd_http1 http;
	struct vd_err err = VD_ERR_INIT;
	struct vd_str piece;
	size_t used;
	char sized[] = HEAD "Content-Length: 100\r\n\r\n", chunked[] = CHUNKED "64\r\n";
	vd_http1_init(&http, &VD_HTTP1_LIMITS);
	assert_int_equal(vd_http1_head(&http, sized, sizeof sized - 1, &used, &err), VD_OK);
	assert_int_equal(vd_http1_limit_body(&http, 100, &err), VD_OK);
	assert_int_equal(vd_http1_limit_body(&http, 99, &err), VD_ELIMIT);
	assert_int_equal(http.answer, 413);
	assert_int_equal(vd_http1_limit_body(&http, 100, &err), VD_EINPUT);
	vd_http1_init(&http, &VD_HTTP1_LIMITS);
	assert_int_equal(vd_http1_head(&http, chunked, sizeof chunked - 1, &used, &err), VD_OK);
	assert_int_equal(vd_http1_limit_body(&http, 99, &err), VD_OK);
	assert_int_equal(vd_http1_body(&http, chunked + used, sizeof chunked - 1 - used, &piece, &used, &err),
		VD_ELIMIT);
	/* and the next request has the connection's again */
	char two[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	vd_http1_init(&http, &VD_HTTP1_LIMITS);
	assert_int_equal(vd_http1_head(&http, two, sizeof two - 1, &used, &err), VD_OK);
	assert_int_equal(vd_http1_limit_body(&http, 0, &err), VD_OK);
	assert_int_equal(vd_http1_body(&http, two + used, 0, &piece, &used, &err), VD_END);
	vd_http1_next(&http);
	assert_int_equal(vd_http1_head(&http, sized, sizeof sized - 1, &used, &err), VD_OK);
}

/* ---- looking up ---- */

VD_TEST(a_header_is_found_by_name_unless_there_are_several)
{
	struct vd_http1 http;
	struct vd_str value;
	size_t used;
	char text[] = HEAD "X-One: 1\r\nX-Two: a\r\nx-two: b\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "0\r\nX-Late: 9\r\nX-One: 2\r\n\r\n";
	vd_http1_init(&http, &VD_HTTP1_LIMITS);
	assert_int_equal(vd_http1_head(&http, text, sizeof text - 1, &used, NULL), VD_OK);
	assert_int_equal(vd_http1_find_header(&http, VD_S("x-one"), &value), VD_OK);
	assert_true(vd_str_is(value, "1"));
	assert_int_equal(vd_http1_find_header(&http, VD_S("x-two"), &value), VD_EINPUT);
	assert_int_equal(vd_http1_find_header(&http, VD_S("x-on"), &value), VD_ENOTFOUND);
	assert_int_equal(vd_http1_find_header(&http, VD_S("x-late"), &value), VD_ENOTFOUND);
	size_t first = vd_http1_find_from(&http, VD_S("x-two"), 0);
	size_t second = vd_http1_find_from(&http, VD_S("x-two"), first + 1);
	assert_true(vd_str_is(vd_http1_str(&http, http.fields[first].value), "a"));
	assert_true(vd_str_is(vd_http1_str(&http, http.fields[second].value), "b"));
	assert_int_equal(vd_http1_find_from(&http, VD_S("x-two"), second + 1), http.n_headers);
	/* the head may go elsewhere while the body comes */
	char moved[sizeof text];
	memcpy(moved, text, sizeof text);
	http.base = moved;
	struct vd_str piece;
	size_t body = used;
	assert_int_equal(
		vd_http1_body(&http, text + body, sizeof text - 1 - body, &piece, &used, NULL), VD_END);
	memset(text, 'x', body);
	assert_int_equal(vd_http1_find_header(&http, VD_S("x-one"), &value), VD_OK);
	assert_true(vd_str_is(value, "1"));
	assert_int_equal(vd_http1_find_trailer(&http, VD_S("x-late"), &value), VD_OK);
	assert_true(vd_str_is(value, "9"));
	assert_int_equal(vd_http1_find_trailer(&http, VD_S("x-two"), &value), VD_ENOTFOUND);
}

VD_TEST(nothing_is_asked_of_no_bytes)
{
	struct vd_http1 http;
	struct vd_str piece;
	size_t used = 7;
	char text[] = CHUNKED;
	vd_http1_init(&http, &VD_HTTP1_LIMITS);
	assert_int_equal(vd_http1_head(&http, NULL, 0, &used, NULL), VD_EAGAIN);
	assert_int_equal(used, 7);
	assert_int_equal(vd_http1_head(&http, text, sizeof text - 1, &used, NULL), VD_OK);
	assert_int_equal(vd_http1_body(&http, NULL, 0, &piece, &used, NULL), VD_EAGAIN);
	assert_int_equal(used, 0);
}

VD_TEST(nothing_is_allocated)
{
	struct vd_http1 http;
	struct vd_str piece;
	size_t used, at;
	char text[] = CHUNKED "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n";
	uint64_t before = vd_mem_count();
	vd_http1_init(&http, &VD_HTTP1_LIMITS);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(vd_http1_head(&http, text, sizeof text - 1, &at, NULL), VD_OK);
		enum vd_status st;
		while ((st = vd_http1_body(&http, text + at, sizeof text - 1 - at, &piece, &used, NULL)) ==
			VD_OK)
			at += used;
		assert_int_equal(st, VD_END);
		vd_http1_next(&http);
	}
	assert_int_equal(vd_mem_count(), before);
}

/* ---- which bytes may stand where ---- */

static bool
is_one_of(const char *set, int c)
{
	return c != 0 && strchr(set, c) != NULL;
}

VD_TEST(the_kinds_of_bytes_are_those_of_the_standards)
{
	for (int c = 0; c < 256; c++) {
		bool upper = c >= 'A' && c <= 'Z';
		bool alnum = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		unsigned want = alnum || is_one_of("!#$%&'*+-.^_`|~", c) ? VD_HTTP1_TOKEN : 0;
		want |= alnum || is_one_of("-._~!$&'()*+,;=:@/?", c) ? VD_HTTP1_TARGET : 0;
		want |= alnum || is_one_of("-_", c) ? VD_HTTP1_NAME : 0;
		want |= upper ? VD_HTTP1_UPPER : 0;
		assert_int_equal(vd_http1_kind((char)c), want);
	}
}

VD_TEST(the_first_control_character_is_found_wherever_it_stands)
{
	char text[40];
	for (int c = 0; c < 256; c++) {
		bool control = (c < 0x20 && c != '\t') || c == 0x7f;
		for (size_t at = 0; at < sizeof text; at++) {
			for (size_t i = 0; i < sizeof text; i++)
				text[i] = (char)(i % 3 == 0 ? '\t' : i % 3 == 1 ? 0x80 : ' ');
			text[at] = (char)c;
			if (at + 9 < sizeof text)
				text[at + 9] = '\n';
			size_t next = at + 9 < sizeof text ? at + 9 : sizeof text;
			assert_int_equal(vd_http1_plain(text, sizeof text), control ? at : next);
			assert_int_equal(vd_http1_plain(text, at), at);
		}
	}
}
