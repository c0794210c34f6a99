/* docs/verdicts.md and the source name the same codes. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "vd_test.h"

static const char folder[] = "src/engine/sigma";

/* Calls whose first literal that looks like a code is one. */
static const char *const markers[] = {"VD_BUILD_REJECT(", "VD_BUILD_DEGRADE(", "vd_rule_reject(",
	"vd_rule_degrade(", "reject_later(docs, ", "return add_broken("};

static bool
looks_like_code(struct vd_str text)
{
	bool hyphen = false;
	for (size_t i = 0; i < text.len; i++) {
		hyphen = hyphen || text.at[i] == '-';
		if (text.at[i] != '-' && (text.at[i] < 'a' || text.at[i] > 'z'))
			return false;
	}
	return hyphen || vd_str_is(text, "limit") || vd_str_is(text, "yaml");
}

/* The next string literal at or behind *at; false: there is none. */
static bool
next_literal(const char **at, struct vd_str *ret)
{
	const char *open = strchr(*at, '"');
	const char *close = open == NULL ? NULL : strchr(open + 1, '"');
	if (close == NULL)
		return false;
	*ret = (struct vd_str){open + 1, (size_t)(close - open - 1)};
	*at = close + 1;
	return true;
}

static size_t
check_file(const char *source, const char *page)
{
	size_t n = 0;
	for (size_t m = 0; m < VD_ARRAY_LEN(markers); m++)
		for (const char *p = source; (p = strstr(p, markers[m])) != NULL; p += strlen(markers[m])) {
			const char *at = p, *end = strchr(p, ';');
			struct vd_str text = {0};
			while (next_literal(&at, &text) && !looks_like_code(text))
				;
			/* macros and declarations have no code of their own */
			if (end == NULL || text.at == NULL || text.at > end || !looks_like_code(text))
				continue;
			char row[80];
			(void)snprintf(row, sizeof row, "\n| `%.*s` |", (int)text.len, text.at);
			if (strstr(page, row) == NULL)
				fail_msg("%.*s is not in docs/verdicts.md", (int)text.len, text.at);
			n++;
		}
	return n;
}

static char *
every_source(void)
{
	const char *root = getenv("VD_SOURCE_ROOT");
	char path[4096];
	struct vd_buf all;
	vd_buf_init(&all, 0);
	(void)snprintf(path, sizeof path, "%s/%s", root == NULL ? "." : root, folder);
	DIR *dir = opendir(path);
	if (dir == NULL)
		fail_msg("cannot open %s", path);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		struct vd_str name = vd_str_from(entry->d_name);
		if (!vd_str_ends(name, ".c") || vd_str_ends(name, "_test.c") ||
			vd_str_ends(name, "_fixture.c"))
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		size_t len;
		char *text = vd_test_file(path, &len);
		vd_buf_text(&all, text);
		vd_mem_free(text);
	}
	(void)closedir(dir);
	assert_false(all.failed);
	return all.at;
}

VD_TEST(every_code_in_the_source_is_in_the_page)
{
	size_t len;
	char *page = vd_test_file("docs/verdicts.md", &len), *source = every_source();
	assert_true(check_file(source, page) > 100);
	vd_mem_free(page);
	vd_mem_free(source);
}

VD_TEST(every_code_in_the_page_is_in_the_source)
{
	size_t len, n = 0;
	char *page = vd_test_file("docs/verdicts.md", &len), *source = every_source();
	for (const char *p = page; (p = strstr(p, "\n| `")) != NULL; p += 4) {
		const char *end = strchr(p + 4, '`');
		char literal[80];
		assert_non_null(end);
		(void)snprintf(literal, sizeof literal, "\"%.*s\"", (int)(end - p - 4), p + 4);
		if (strstr(source, literal) == NULL)
			fail_msg("the page names %s, which no source uses", literal);
		n++;
	}
	assert_true(n > 60);
	vd_mem_free(page);
	vd_mem_free(source);
}
