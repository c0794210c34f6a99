#include "engine/sigma/parse.h"

#include "engine/sigma/load.h"

#define MAX_TITLE 256u /* Sigma rules specification, Title */

/* ---- metadata: what is wrong here never changes what a rule matches, so it only degrades ---- */

static bool
is_uuid(struct vd_str id)
{
	if (id.len != 36)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		char c = id.at[i];
		bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		if (dash ? c != '-' : !hex)
			return false;
	}
	return true;
}

/* A text, or nothing; another type degrades and leaves *ret empty. */
static void
read_text(struct vd_build *b, const struct vd_yaml *doc, const char *key, struct vd_str *ret)
{
	const struct vd_yaml *node = vd_yaml_get(doc, key);
	if (node == NULL || vd_yaml_is_null(node))
		return;
	if (node->kind == VD_YAML_SCALAR)
		*ret = node->text;
	else
		VD_BUILD_DEGRADE(b, node->pos, "metadata-type", "%s is not a text", key);
}

/* YYYY-MM-DD, or with slashes as older rules write it. */
static bool
is_date(struct vd_str text)
{
	if (text.len != 10)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (i == 4 || i == 7 ? c != '-' && c != '/' : c < '0' || c > '9')
			return false;
	}
	return true;
}

static void
check_date(struct vd_build *b, const struct vd_yaml *doc, const char *key)
{
	const struct vd_yaml *node = vd_yaml_get(doc, key);
	if (node != NULL && (node->kind != VD_YAML_SCALAR || !is_date(node->text)))
		VD_BUILD_DEGRADE(b, node->pos, "metadata-date", "%s is not a date such as 2025-08-02", key);
}

static void
check_list(struct vd_build *b, const struct vd_yaml *doc, const char *key)
{
	const struct vd_yaml *node = vd_yaml_get(doc, key);
	if (node == NULL || vd_yaml_is_null(node))
		return;
	/* older rules write a single text */
	bool wrong = node->kind == VD_YAML_MAP;
	for (size_t i = 0; node->kind == VD_YAML_LIST && i < node->n; i++)
		wrong = wrong || node->items[i]->kind != VD_YAML_SCALAR;
	if (wrong)
		VD_BUILD_DEGRADE(b, node->pos, "metadata-type", "%s is not a list of texts", key);
}

static bool
is_word_of(struct vd_str text, const char *const words[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (vd_str_ieq(text, vd_str_from(words[i])))
			return true;
	return false;
}

static void
check_related(struct vd_build *b, const struct vd_yaml *doc)
{
	static const char *const types[] = {"derived", "obsolete", "merged", "renamed", "similar",
		"obsoletes" /* as some rules of 2020 spell it */};
	const struct vd_yaml *related = vd_yaml_get(doc, "related");
	if (related == NULL || vd_yaml_is_null(related))
		return;
	bool wrong = related->kind != VD_YAML_LIST;
	for (size_t i = 0; !wrong && i < related->n; i++) {
		const struct vd_yaml *id = vd_yaml_get(related->items[i], "id");
		const struct vd_yaml *type = vd_yaml_get(related->items[i], "type");
		wrong = id == NULL || id->kind != VD_YAML_SCALAR || type == NULL ||
			type->kind != VD_YAML_SCALAR || !is_word_of(type->text, types, VD_ARRAY_LEN(types));
	}
	if (wrong)
		VD_BUILD_DEGRADE(b, related->pos, "metadata-related",
			"related is not a list of id and type (derived, obsolete, merged, renamed, similar)");
}

static enum vd_status
read_tags(struct vd_build *b, const struct vd_yaml *doc)
{
	const struct vd_yaml *tags = vd_yaml_get(doc, "tags");
	if (tags == NULL || vd_yaml_is_null(tags))
		return VD_OK;
	if (tags->kind == VD_YAML_MAP) {
		VD_BUILD_DEGRADE(b, tags->pos, "metadata-tags", "tags is not a list of texts");
		return VD_OK;
	}
	bool one = tags->kind == VD_YAML_SCALAR;
	size_t n = one ? 1 : tags->n;
	struct vd_rule *rule = b->rule;
	rule->tags = vd_arena_array(b->arena, n, sizeof *rule->tags);
	if (rule->tags == NULL)
		return VD_BUILD_NOMEM(b);
	for (size_t i = 0; i < n; i++) {
		const struct vd_yaml *tag = one ? tags : tags->items[i];
		bool named = tag->kind == VD_YAML_SCALAR && tag->text.len != 0 &&
			     memchr(tag->text.at, '.', tag->text.len) != NULL;
		if (!named)
			VD_BUILD_DEGRADE(b, tag->pos, "metadata-tags",
				"a tag has a name space, such as attack.t1059 or cve.2021-44228");
		if (tag->kind == VD_YAML_SCALAR)
			rule->tags[rule->n_tags++] = tag->text;
	}
	return VD_OK;
}

static void
read_level(struct vd_build *b, const struct vd_yaml *doc)
{
	const struct vd_yaml *level = vd_yaml_get(doc, "level");
	if (level == NULL || vd_yaml_is_null(level))
		return;
	if (level->kind != VD_YAML_SCALAR || !vd_level_parse(level->text, &b->rule->level))
		VD_BUILD_DEGRADE(b, level->pos, "metadata-level",
			"level is none of informational, low, medium, high, critical: the rule has no level");
}

static void
read_status(struct vd_build *b, const struct vd_yaml *doc)
{
	static const char *const known[] = {"stable", "test", "experimental", "deprecated", "unsupported"};
	read_text(b, doc, "status", &b->rule->status);
	if (b->rule->status.len != 0 && !is_word_of(b->rule->status, known, VD_ARRAY_LEN(known)))
		VD_BUILD_DEGRADE(b, vd_yaml_get(doc, "status")->pos, "metadata-status",
			"status is none of stable, test, experimental, deprecated, unsupported");
}

static enum vd_status
read_metadata(struct vd_build *b, const struct vd_yaml *doc)
{
	struct vd_rule *rule = b->rule;
	read_text(b, doc, "id", &rule->id);
	read_text(b, doc, "name", &rule->name);
	read_text(b, doc, "description", &rule->description);
	read_text(b, doc, "author", &rule->author);
	read_text(b, doc, "taxonomy", &rule->taxonomy);
	if (rule->id.len != 0 && !is_uuid(rule->id))
		VD_BUILD_DEGRADE(b, vd_yaml_get(doc, "id")->pos, "metadata-id",
			"id is not a UUID: references to it work here, other tools refuse it");
	read_level(b, doc);
	read_status(b, doc);
	check_date(b, doc, "date");
	check_date(b, doc, "modified");
	check_list(b, doc, "references");
	check_list(b, doc, "fields");
	check_list(b, doc, "falsepositives");
	check_related(b, doc);
	return read_tags(b, doc);
}

static enum vd_status
read_title(struct vd_build *b, const struct vd_yaml *doc)
{
	const struct vd_yaml *title = vd_yaml_get(doc, "title");
	if (title == NULL || vd_yaml_is_null(title) ||
		(title->kind == VD_YAML_SCALAR && title->text.len == 0))
		return VD_BUILD_REJECT(b, title == NULL ? doc->pos : title->pos, "title-missing",
			"there is no title: Sigma demands one");
	if (title->kind != VD_YAML_SCALAR)
		return VD_BUILD_REJECT(b, title->pos, "title-type", "the title is not a text");
	b->rule->title = title->text;
	if (title->text.len > MAX_TITLE)
		VD_BUILD_DEGRADE(b, title->pos, "metadata-title", "the title is longer than 256 characters");
	return VD_OK;
}

/* ---- log source ---- */

static enum vd_status
read_logsource(struct vd_build *b, const struct vd_yaml *doc)
{
	static const char *const keys[] = {"product", "category", "service"};
	const struct vd_yaml *node = vd_yaml_get(doc, "logsource");
	if (node == NULL || vd_yaml_is_null(node))
		return VD_BUILD_REJECT(b, node == NULL ? doc->pos : node->pos, "logsource-missing",
			"there is no logsource: name at least one of product, category, service");
	if (node->kind != VD_YAML_MAP)
		return VD_BUILD_REJECT(b, node->pos, "logsource-type",
			"logsource is not a map of product, category, service");
	struct vd_logsource *source = &b->rule->logsource;
	struct vd_str *to[] = {&source->product, &source->category, &source->service};
	b->rule->logsource_pos = node->pos;
	for (size_t i = 0; i < VD_ARRAY_LEN(keys); i++) {
		const struct vd_yaml *value = vd_yaml_get(node, keys[i]);
		if (value == NULL || vd_yaml_is_null(value))
			continue;
		if (value->kind != VD_YAML_SCALAR)
			return VD_BUILD_REJECT(
				b, value->pos, "logsource-type", "%s in logsource is not a text", keys[i]);
		*to[i] = value->text;
	}
	if (source->product.len + source->category.len + source->service.len == 0)
		return VD_BUILD_REJECT(b, node->pos, "logsource-missing",
			"logsource names none of product, category, service: name at least one");
	return VD_OK;
}

/* ---- documents ---- */

static enum vd_status
read_detection(struct vd_build *b, const struct vd_yaml *detection)
{
	if (detection->kind != VD_YAML_MAP)
		return VD_BUILD_REJECT(b, detection->pos, "detection-type",
			"detection is not a map of identifiers and condition");
	return vd_detection_parse(b, detection, NULL, &b->rule->expr);
}

static enum vd_status
read_body(struct vd_build *b, const struct vd_yaml *doc)
{
	const struct vd_yaml *detection = vd_yaml_get(doc, "detection");
	const struct vd_yaml *correlation = vd_yaml_get(doc, "correlation");
	const struct vd_yaml *filter = vd_yaml_get(doc, "filter");
	if ((detection != NULL) + (correlation != NULL) + (filter != NULL) > 1)
		return VD_BUILD_REJECT(b, doc->pos, "document-kind",
			"more than one of detection, correlation, filter: write a document for each");
	if (correlation != NULL)
		return vd_corr_parse(b, doc, correlation);
	if (detection == NULL && filter == NULL)
		return VD_BUILD_REJECT(b, doc->pos, "detection-missing",
			"there is no detection (and no correlation or filter): this is no Sigma rule");
	enum vd_status st = read_logsource(b, doc);
	if (st != VD_OK)
		return st;
	return filter != NULL ? vd_filter_parse(b, filter) : read_detection(b, detection);
}

static enum vd_doc_kind
kind_of(const struct vd_yaml *doc)
{
	if (vd_yaml_get(doc, "correlation") != NULL)
		return VD_DOC_CORRELATION;
	return vd_yaml_get(doc, "filter") != NULL ? VD_DOC_FILTER : VD_DOC_RULE;
}

/* An odd document still gets its id and title into the verdict, so metadata comes first. */
static enum vd_status
read_document(struct vd_build *b, const struct vd_yaml *doc)
{
	if (doc->kind != VD_YAML_MAP)
		return VD_BUILD_REJECT(b, doc->pos, "document-type",
			"a %s stands where a Sigma rule is wanted: a rule is a map with title, logsource, "
			"detection",
			doc->kind == VD_YAML_LIST ? "list" : "single value");
	b->rule->kind = kind_of(doc);
	enum vd_status st = read_metadata(b, doc);
	if (st == VD_OK)
		st = read_title(b, doc);
	return st == VD_OK ? read_body(b, doc) : st;
}

enum vd_status
vd_rule_parse(struct vd_arena *arena, struct vd_str file, const struct vd_yaml *doc, struct vd_rule **ret,
	struct vd_err *err)
{
	struct vd_rule *rule = vd_arena_zalloc(arena, sizeof *rule);
	struct vd_build b = {.arena = arena, .rule = rule, .err = err};
	if (rule == NULL)
		return VD_BUILD_NOMEM(&b);
	rule->file = file;
	rule->pos = doc->pos;
	vd_rule_hash(doc->text, rule->hash);
	enum vd_status st = read_document(&b, doc);
	/* EINPUT and ELIMIT without a mark would lose the rule in silence */
	if (st != VD_OK && st != VD_ENOMEM && rule->verdict != VD_REJECTED)
		vd_rule_reject(rule, arena, doc->pos, "limit", "%s",
			err == NULL ? "a limit was reached" : err->text);
	if (st == VD_ENOMEM)
		return st;
	*ret = rule;
	return VD_OK;
}
