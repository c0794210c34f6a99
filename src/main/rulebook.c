#include "main/rulebook.h"

#include "base/mem.h"
#include "main/diskcache.h"
#include "main/out.h"
#include "main/texts.h"

struct vd_rulebook {
	struct vd_texts *rules, *pipelines, *values;
	struct vd_ruleset *set;
};

typedef enum vd_status (*add_fn)(
	struct vd_texts *list, const char *const paths[], size_t n, struct vd_err *err);

static enum vd_status
read_texts(add_fn add, const char *const paths[], size_t n, struct vd_texts **ret, struct vd_err *err)
{
	*ret = vd_texts_new();
	if (*ret == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for rules");
	return add(*ret, paths, n, err);
}

static enum vd_status
read_all(const struct vd_rule_paths *paths, struct vd_rulebook *book, struct vd_err *err)
{
	size_t unreadable;
	enum vd_status st = read_texts(vd_texts_add_rules, paths->rules, paths->n_rules, &book->rules, err);
	if (st == VD_OK)
		st = read_texts(vd_texts_add, paths->pipelines, paths->n_pipelines, &book->pipelines, err);
	if (st == VD_OK)
		st = read_texts(vd_texts_add, paths->values, paths->n_values, &book->values, err);
	if (st != VD_OK)
		return st;
	(void)vd_texts_unreadable(book->rules, &unreadable);
	if (vd_texts_count(book->rules) + unreadable == 0)
		return vd_fail(err, VD_ENOTFOUND,
			"%s: no rule files; a folder is searched for *.yml and *.yaml",
			paths->n_rules > 0 ? paths->rules[0] : "--rules");
	return VD_OK;
}

static enum vd_status
build(const struct vd_rule_paths *paths, struct vd_rulebook *book, struct vd_err *err)
{
	VD_AUTO(vd_diskcache) cache = NULL; /* what it maps is not needed once the set is built */
	if (!paths->no_cache) {
		enum vd_status st = vd_diskcache_new(NULL, 0, &cache, err);
		if (st != VD_OK)
			return st;
		if (!paths->quiet && vd_diskcache_why(cache)[0] != '\0')
			vd_complain("compiled rules are not cached: %s", vd_diskcache_why(cache));
	}
	struct vd_ruleset_input input = {
		.rules = vd_texts_all(book->rules),
		.n_rules = vd_texts_count(book->rules),
		.pipelines = vd_texts_all(book->pipelines),
		.n_pipelines = vd_texts_count(book->pipelines),
		.placeholders = vd_texts_all(book->values),
		.n_placeholders = vd_texts_count(book->values),
		.no_routing = paths->no_routing,
		.cache = cache == NULL ? NULL : vd_diskcache_door(cache),
	};
	input.unreadable = vd_texts_unreadable(book->rules, &input.n_unreadable);
	return vd_ruleset_new(&input, &book->set, err);
}

enum vd_status
vd_rulebook_new(const struct vd_rule_paths *paths, struct vd_rulebook **ret, struct vd_err *err)
{
	VD_AUTO(vd_rulebook) book = vd_mem_zalloc(1, sizeof *book);
	if (book == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for rules");
	enum vd_status st = read_all(paths, book, err);
	if (st == VD_OK)
		st = build(paths, book, err);
	if (st != VD_OK)
		return st;
	*ret = vd_rulebook_take(&book);
	return VD_OK;
}

void
vd_rulebook_free(struct vd_rulebook *book)
{
	if (book == NULL)
		return;
	vd_ruleset_unref(book->set);
	vd_texts_free(book->rules);
	vd_texts_free(book->pipelines);
	vd_texts_free(book->values);
	vd_mem_free(book);
}

struct vd_ruleset *
vd_rulebook_set(const struct vd_rulebook *book)
{
	return book->set;
}

void
vd_rulebook_say_unreadable(const struct vd_rulebook *book)
{
	size_t n;
	const struct vd_text *texts = vd_texts_unreadable(book->rules, &n);
	for (size_t i = 0; i < n; i++)
		vd_complain("%.*s: %.*s; its rules are left out",
			(int)VD_MIN(texts[i].name.len, (size_t)1024), texts[i].name.at,
			(int)VD_MIN(texts[i].text.len, (size_t)512), texts[i].text.at);
}

void
vd_rulebook_say_notes(const struct vd_rulebook *book)
{
	const struct vd_str *notes;
	size_t n = vd_ruleset_notes(book->set, &notes);
	for (size_t i = 0; i < n; i++)
		vd_complain("%.*s", (int)VD_MIN(notes[i].len, (size_t)1024), notes[i].at);
}

struct vd_rulebook_counts
vd_rulebook_count(const struct vd_ruleset *set)
{
	struct vd_rulebook_counts counts = {0, 0, 0};
	for (size_t i = 0; i < vd_ruleset_verdicts(set); i++) {
		enum vd_rule_verdict verdict = vd_ruleset_verdict(set, i).verdict;
		counts.loaded += verdict == VD_RULE_LOADED;
		counts.degraded += verdict == VD_RULE_DEGRADED;
		counts.rejected += verdict == VD_RULE_REJECTED;
	}
	return counts;
}

const char *
vd_rulebook_verdict(enum vd_rule_verdict verdict)
{
	static const char *const names[] = {"loaded", "degraded", "rejected"};
	return names[verdict];
}
