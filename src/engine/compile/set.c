#include "engine/compile/set.h"

#include <hs.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "engine/compile/atom.h"

#define KEYWORDS_MAX 256u  /* more words find no small set of pairs */
#define KEYWORD_RUN_MIN 3u /* a shorter run is in every event */
#define DASHES_EXPANDED 2u /* more dashes in one pattern become a regular expression */

enum table { EXACT, COMPONENT, PREFIX, SUFFIX, ALWAYS, DATABASES, TABLES = DATABASES + VD_DB_COUNT };

struct mark_link {
	struct vd_mark mark;
	struct mark_link *next;
};

struct entry {
	enum table table;
	unsigned flags;      /* databases */
	const char *text;    /* NUL-terminated behind len */
	size_t len;
	const struct vd_regex *confirm;
	struct mark_link *marks;
	uint32_t n_marks;
	struct entry *chain; /* same slot */
	struct entry *next;  /* same table, in order of arrival */
};

struct vd_set_builder {
	uint32_t magic;
#define VD_SET_BUILDER_MAGIC 0x73657462u
	struct vd_arena *arena;
	struct vd_arena *scratch; /* reset for each set */
	struct vd_database_plan *plans;
	size_t n_plans, plans_cap;
	/* of the set being built */
	struct entry **slots;
	size_t n_slots;
	struct entry *first[TABLES], **last[TABLES];
	uint32_t n[TABLES];
	uint32_t n_marks;
	struct vd_buf text;
};

struct vd_set_builder *
vd_set_builder_new(struct vd_arena *arena)
{
	VD_AUTO(vd_set_builder) builder = vd_obj_new(struct vd_set_builder, VD_SET_BUILDER_MAGIC);
	if (builder == NULL)
		return NULL;
	builder->arena = arena;
	vd_buf_init(&builder->text, 0);
	builder->scratch = vd_arena_new(0);
	builder->n_slots = 16384;
	builder->slots = vd_mem_zalloc(builder->n_slots, sizeof(struct entry *));
	if (builder->scratch == NULL || builder->slots == NULL)
		return NULL;
	return vd_set_builder_take(&builder);
}

void
vd_set_builder_free(struct vd_set_builder *builder)
{
	if (builder == NULL)
		return;
	vd_obj_check(builder, VD_SET_BUILDER_MAGIC);
	for (size_t i = 0; i < builder->n_plans; i++)
		vd_mem_free(builder->plans[i].expressions);
	vd_mem_free(builder->plans);
	vd_mem_free(builder->slots);
	vd_arena_free(builder->scratch);
	vd_buf_fini(&builder->text);
	vd_obj_free(builder);
}

size_t
vd_set_builder_plans(struct vd_set_builder *builder, struct vd_database_plan **ret)
{
	*ret = builder->plans;
	return builder->n_plans;
}

static uint64_t
hash(const char *text, size_t len, uint64_t h)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
	return h ^ (h >> 29);
}

/* ---- collecting ---- */

static bool
add_mark(struct vd_set_builder *builder, struct entry *entry, struct vd_mark mark)
{
	for (const struct mark_link *link = entry->marks; link != NULL; link = link->next)
		if (link->mark.item == mark.item && link->mark.bit == mark.bit)
			return true;
	struct mark_link *link = vd_arena_zalloc(builder->scratch, sizeof *link);
	if (link == NULL)
		return false;
	*link = (struct mark_link){mark, entry->marks};
	entry->marks = link;
	entry->n_marks++;
	builder->n_marks++;
	return true;
}

static bool
add(struct vd_set_builder *builder, enum table table, unsigned flags, struct vd_str text,
	const struct vd_regex *confirm, struct vd_mark mark)
{
	uint64_t h = hash(text.at, text.len, 0xcbf29ce484222325u + table * 31u + flags * 131u);
	struct entry **slot = &builder->slots[h & (builder->n_slots - 1)];
	for (struct entry *e = *slot; e != NULL; e = e->chain)
		if (e->table == table && e->flags == flags && e->confirm == confirm && e->len == text.len &&
			memcmp(e->text, text.at, text.len) == 0)
			return add_mark(builder, e, mark);
	struct entry *e = vd_arena_zalloc(builder->scratch, sizeof *e);
	/* what the tables point at outlives the builder, expressions do not */
	char *kept = e == NULL ? NULL
			       : vd_arena_dup(table >= DATABASES ? builder->scratch : builder->arena, text.at, text.len);
	if (kept == NULL)
		return false;
	*e = (struct entry){.table = table, .flags = flags, .text = kept, .len = text.len, .confirm = confirm,
		.chain = *slot};
	*slot = e;
	*builder->last[table] = e;
	builder->last[table] = &e->next;
	builder->n[table]++;
	return add_mark(builder, e, mark);
}

/* ---- from tokens to tables ---- */

static void
write_literal(struct vd_buf *to, struct vd_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ')
			vd_buf_char(to, (char)c);
		else
			vd_buf_printf(to, "\\x%02x", c);
	}
}

/* Tokens as Vectorscan's subset of PCRE, in bytes, not in UTF-8 mode. */
static void
write_expression(struct vd_buf *to, const struct vd_token *tokens, size_t n)
{
	bool open_start = n > 0 && tokens[0].kind == VD_TOK_ANY, open_end = n > 0 && tokens[n - 1].kind == VD_TOK_ANY;
	if (!open_start)
		vd_buf_char(to, '^');
	for (size_t i = open_start; i + open_end < n; i++) {
		switch (tokens[i].kind) {
		case VD_TOK_TEXT:
			write_literal(to, tokens[i].text);
			break;
		case VD_TOK_ANY:
			vd_buf_text(to, ".*");
			break;
		case VD_TOK_ONE:
			vd_buf_text(to, "(?:[\\x00-\\x7f]|[\\xc0-\\xff][\\x80-\\xbf]*)");
			break;
		default:
			vd_buf_text(to, "(?:[\\x2d\\x2f]|\\xe2\\x80[\\x93-\\x95])");
			break;
		}
	}
	if (!open_end)
		vd_buf_text(to, "\\z");
}

static bool
has_wide(const struct vd_token *tokens, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; tokens[i].kind == VD_TOK_TEXT && k < tokens[i].text.len; k++)
			if ((unsigned char)tokens[i].text.at[k] >= 0x80)
				return true;
	return false;
}

static bool
add_expression(struct vd_set_builder *builder, const struct vd_token *tokens, size_t n, bool cased, struct vd_mark mark)
{
	enum vd_set_database db = cased ? VD_DB_RAW : has_wide(tokens, n) ? VD_DB_FOLDED_UTF8 : VD_DB_FOLDED;
	vd_buf_reset(&builder->text);
	write_expression(&builder->text, tokens, n);
	return !builder->text.failed &&
		add(builder, DATABASES + (enum table)db, HS_FLAG_SINGLEMATCH | HS_FLAG_DOTALL | HS_FLAG_ALLOWEMPTY,
			vd_buf_view(&builder->text), NULL, mark);
}

static bool
is_component(struct vd_str text)
{
	return text.len > 1 && text.at[0] == '\\' && memchr(text.at + 1, '\\', text.len - 1) == NULL;
}

static bool
add_plain(struct vd_set_builder *builder, const struct vd_token *tokens, size_t n, bool cased, struct vd_mark mark)
{
	if (n == 1 && tokens[0].kind == VD_TOK_ANY)
		return add(builder, ALWAYS, 0, VD_S(""), NULL, mark);
	if (cased)
		return add_expression(builder, tokens, n, cased, mark);
	bool text0 = n > 0 && tokens[0].kind == VD_TOK_TEXT, text1 = n > 1 && tokens[1].kind == VD_TOK_TEXT;
	if (n == 0)
		return add(builder, EXACT, 0, VD_S(""), NULL, mark);
	if (n == 1 && text0)
		return add(builder, EXACT, 0, tokens[0].text, NULL, mark);
	if (n == 2 && text0 && tokens[1].kind == VD_TOK_ANY)
		return add(builder, PREFIX, 0, tokens[0].text, NULL, mark);
	if (n == 2 && text1 && tokens[0].kind == VD_TOK_ANY) {
		struct vd_str text = tokens[1].text;
		if (is_component(text))
			return add(builder, COMPONENT, 0, (struct vd_str){text.at + 1, text.len - 1}, NULL, mark);
		return add(builder, SUFFIX, 0, text, NULL, mark);
	}
	return add_expression(builder, tokens, n, cased, mark);
}

/* Joins neighbours, drops empty texts: the shapes above need one form.  Returns the new count. */
static size_t
normalise(struct vd_arena *scratch, struct vd_token *tokens, size_t n)
{
	size_t to = 0;
	for (size_t i = 0; i < n; i++) {
		if (tokens[i].kind == VD_TOK_TEXT && tokens[i].text.len == 0)
			continue;
		struct vd_token *before = to == 0 ? NULL : &tokens[to - 1];
		if (before != NULL && before->kind == tokens[i].kind && before->kind == VD_TOK_ANY)
			continue;
		if (before != NULL && before->kind == tokens[i].kind && before->kind == VD_TOK_TEXT) {
			size_t len = before->text.len + tokens[i].text.len;
			char *joined = vd_arena_alloc(scratch, len);
			if (joined == NULL)
				return SIZE_MAX;
			memcpy(joined, before->text.at, before->text.len);
			memcpy(joined + before->text.len, tokens[i].text.at, tokens[i].text.len);
			before->text = (struct vd_str){joined, len};
			continue;
		}
		tokens[to++] = tokens[i];
	}
	return to;
}

static bool
add_pattern(struct vd_set_builder *builder, const struct vd_atom *atom, struct vd_mark mark)
{
	static const struct vd_str dashes[] = {
		{"-", 1}, {"/", 1}, {"\xe2\x80\x93", 3}, {"\xe2\x80\x94", 3}, {"\xe2\x80\x95", 3}};
	size_t n_dashes = 0, forms = 1;
	for (size_t i = 0; i < atom->n_tokens; i++)
		n_dashes += atom->tokens[i].kind == VD_TOK_DASH;
	bool expand = n_dashes <= DASHES_EXPANDED;
	for (size_t i = 0; expand && i < n_dashes; i++)
		forms *= VD_ARRAY_LEN(dashes);
	struct vd_token *tokens = vd_arena_array(builder->scratch, atom->n_tokens + 1, sizeof *tokens);
	if (tokens == NULL)
		return false;
	for (size_t form = 0; form < forms; form++) {
		size_t rest = form;
		for (size_t i = 0; i < atom->n_tokens; i++) {
			tokens[i] = atom->tokens[i];
			if (!expand || tokens[i].kind != VD_TOK_DASH)
				continue;
			tokens[i] = (struct vd_token){VD_TOK_TEXT, dashes[rest % VD_ARRAY_LEN(dashes)]};
			rest /= VD_ARRAY_LEN(dashes);
		}
		size_t n = normalise(builder->scratch, tokens, atom->n_tokens);
		if (n == SIZE_MAX || !add_plain(builder, tokens, n, atom->cased, mark))
			return false;
	}
	return true;
}

static bool
add_regex(struct vd_set_builder *builder, const struct vd_atom *atom, struct vd_mark mark)
{
	unsigned flags = HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY | HS_FLAG_UTF8;
	if (atom->re_flags & VD_RE_ICASE)
		flags |= HS_FLAG_CASELESS;
	if (atom->re_flags & VD_RE_MULTILINE)
		flags |= HS_FLAG_MULTILINE;
	if (atom->re_flags & VD_RE_DOTALL)
		flags |= HS_FLAG_DOTALL;
	const struct vd_regex *confirm = NULL;
	char *text = vd_arena_dup(builder->scratch, atom->text.at, atom->text.len);
	if (text == NULL)
		return false;
	bool takes = memchr(atom->text.at, '\0', atom->text.len) == NULL;
	if (takes && !vd_database_takes(&(struct vd_expression){text, flags})) {
		confirm = atom->regex;
		flags |= HS_FLAG_PREFILTER;
		takes = vd_database_takes(&(struct vd_expression){text, flags});
	}
	if (!takes) { /* an expression of its own text would be one too many: any value is worth the look */
		confirm = atom->regex;
		flags = HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY;
		return add(builder, DATABASES + VD_DB_RAW, flags, VD_S("^"), confirm, mark);
	}
	return add(builder, DATABASES + VD_DB_RAW, flags, atom->text, confirm, mark);
}

static bool
add_test(struct vd_set_builder *builder, struct vd_set *set, unsigned kind, const struct vd_atom *atom,
	struct vd_mark mark)
{
	/* tests are few and never shared: a mark each */
	struct vd_test *tests = vd_arena_array(builder->arena, set->n_tests[kind] + 1u, sizeof *tests);
	if (tests == NULL)
		return false;
	if (set->n_tests[kind] != 0)
		memcpy(tests, set->tests[kind], set->n_tests[kind] * sizeof *tests);
	tests[set->n_tests[kind]++] = (struct vd_test){atom, {mark.item, mark.bit}};
	set->tests[kind] = tests;
	return true;
}

/* ---- keywords ---- */

/*
 * The longest run of a pattern that JSON writes in one way only: not what it escapes or may escape.  What else
 * folds to ASCII letters is not ASCII itself, and such events are never filtered.
 */
static struct vd_str
plain_run(const struct vd_atom *atom)
{
	struct vd_str best = {"", 0};
	for (size_t t = 0; t < atom->n_tokens; t++) {
		struct vd_str text = atom->tokens[t].text;
		if (atom->tokens[t].kind != VD_TOK_TEXT)
			continue;
		for (size_t i = 0, from = 0; i <= text.len; i++) {
			bool ends = i == text.len || text.at[i] < ' ' || text.at[i] == 0x7f ||
				(unsigned char)text.at[i] >= 0x80 ||
				memchr("\"\\/<>&'+", text.at[i], 8) != NULL;
			if (ends && i - from > best.len)
				best = (struct vd_str){text.at + from, i - from};
			from = ends ? i + 1 : from;
		}
	}
	return best;
}

/* Words of which at least one stands in every event that makes an item true; false: out of memory. */
static bool
find_words(struct vd_set_builder *builder, const struct vd_items *items, const uint32_t *numbers, uint32_t n,
	struct vd_set *set)
{
	struct vd_str words[KEYWORDS_MAX];
	size_t n_words = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct vd_citem *item = vd_items_at(items, numbers[i]);
		/* one value of an |all item is enough to look for; the first */
		for (uint32_t v = 0; v < (item->all ? 1 : item->n); v++)
			for (size_t a = 0; a < item->values[v]->n; a++) {
				const struct vd_atom *atom = &item->values[v]->atoms[a];
				struct vd_str run = atom->kind == VD_ATOM_PATTERN ? plain_run(atom) : (struct vd_str){"", 0};
				if (run.len < KEYWORD_RUN_MIN || n_words == KEYWORDS_MAX)
					return true;
				char *lower = vd_arena_alloc(builder->arena, vd_fold_bound(run.len));
				if (lower == NULL)
					return false;
				words[n_words++] = (struct vd_str){lower, vd_fold(lower, run.at, run.len)};
			}
	}
	bool no_memory;
	set->has_words = vd_pairs_build(builder->arena, words, n_words, &set->words, &no_memory);
	return !no_memory;
}

static bool
add_atom(struct vd_set_builder *builder, struct vd_set *set, const struct vd_atom *atom, struct vd_mark mark)
{
	switch (atom->kind) {
	case VD_ATOM_PATTERN:
		return add_pattern(builder, atom, mark);
	case VD_ATOM_REGEX:
		return add_regex(builder, atom, mark);
	case VD_ATOM_CIDR:
		return add_test(builder, set, VD_TEST_CIDR, atom, mark);
	case VD_ATOM_NUMBER:
		return add_test(builder, set, VD_TEST_NUMBER, atom, mark);
	case VD_ATOM_TIME:
		return add_test(builder, set, VD_TEST_TIME, atom, mark);
	default:
		return true; /* about the event, not the value: item.c never puts them here */
	}
}

/* ---- from tables to the set ---- */

static void
place_marks(const struct entry *entry, struct vd_mark *marks, uint32_t *used, struct vd_marks *ret)
{
	*ret = (struct vd_marks){*used, entry->n_marks};
	for (const struct mark_link *link = entry->marks; link != NULL; link = link->next)
		marks[(*used)++] = link->mark;
}

static uint64_t
literal_key(enum table table, const char *text, uint32_t len)
{
	if (table == PREFIX)
		return vd_literal_hash(text, vd_affix(len));
	if (table == SUFFIX)
		return vd_literal_hash(text + len - vd_affix(len), vd_affix(len));
	return vd_literal_hash(text, len);
}

static bool
place_literals(struct vd_set_builder *builder, enum table table, struct vd_mark *marks, uint32_t *used,
	struct vd_literals *ret)
{
	uint32_t n = builder->n[table], slots = 2;
	if (n == 0)
		return true;
	while (slots < n * 2)
		slots *= 2;
	ret->list = vd_arena_array(builder->arena, n, sizeof *ret->list);
	ret->slots = vd_arena_array(builder->arena, slots, sizeof *ret->slots);
	if (ret->list == NULL || ret->slots == NULL)
		return false;
	memset(ret->slots, 0xff, slots * sizeof *ret->slots);
	ret->mask = slots - 1;
	for (const struct entry *e = builder->first[table]; e != NULL; e = e->next) {
		struct vd_literal *literal = &ret->list[ret->n];
		*literal = (struct vd_literal){.text = e->text, .len = (uint32_t)e->len};
		place_marks(e, marks, used, &literal->marks);
		uint32_t *slot = &ret->slots[literal_key(table, e->text, literal->len) & ret->mask];
		literal->next = *slot;
		*slot = ret->n++;
		ret->widths |= (uint8_t)vd_affix(literal->len);
	}
	return true;
}

static bool
place_database(struct vd_set_builder *builder, enum vd_set_database which, struct vd_mark *marks, uint32_t *used,
	struct vd_database *ret)
{
	enum table table = DATABASES + (enum table)which;
	uint32_t n = builder->n[table], i = 0;
	if (n == 0)
		return true;
	struct vd_pattern *patterns = vd_arena_array(builder->arena, n, sizeof *patterns);
	struct vd_expression *expressions = vd_mem_zalloc(n, sizeof *expressions);
	void *plans = builder->plans;
	bool grown = vd_mem_grow(&plans, &builder->plans_cap, builder->n_plans + 1, sizeof *builder->plans, 64);
	builder->plans = plans;
	if (patterns == NULL || expressions == NULL || !grown) {
		vd_mem_free(expressions);
		return false;
	}
	bool room = true;
	for (const struct entry *e = builder->first[table]; e != NULL; e = e->next, i++) {
		char *text = vd_arena_dup(builder->arena, e->text, e->len);
		room = room && text != NULL;
		expressions[i] = (struct vd_expression){text, e->flags};
		place_marks(e, marks, used, &patterns[i].marks);
		patterns[i].confirm = e->confirm;
	}
	ret->n = n;
	ret->patterns = patterns;
	builder->plans[builder->n_plans++] = (struct vd_database_plan){ret, n, n, expressions};
	return room;
}

static bool
place_always(struct vd_set_builder *builder, struct vd_mark *marks, uint32_t *used, struct vd_set *set)
{
	const struct entry *e = builder->first[ALWAYS];
	if (e == NULL)
		return true;
	place_marks(e, marks, used, &set->always);
	return true;
}

static bool
place(struct vd_set_builder *builder, struct vd_set *set)
{
	uint32_t used = 0;
	struct vd_mark *marks = vd_arena_array(builder->arena, builder->n_marks, sizeof *marks);
	bool ok = marks != NULL && place_literals(builder, EXACT, marks, &used, &set->exact) &&
		place_literals(builder, COMPONENT, marks, &used, &set->component) &&
		place_literals(builder, PREFIX, marks, &used, &set->prefix) &&
		place_literals(builder, SUFFIX, marks, &used, &set->suffix) && place_always(builder, marks, &used, set);
	for (unsigned db = 0; ok && db < VD_DB_COUNT; db++)
		ok = place_database(builder, db, marks, &used, &set->dbs[db]);
	set->marks = marks;
	return ok;
}

static void
start(struct vd_set_builder *builder)
{
	vd_arena_reset(builder->scratch);
	memset(builder->slots, 0, builder->n_slots * sizeof(struct entry *));
	for (unsigned table = 0; table < TABLES; table++) {
		builder->first[table] = NULL;
		builder->last[table] = &builder->first[table];
		builder->n[table] = 0;
	}
	builder->n_marks = 0;
}

enum vd_status
vd_set_build(struct vd_set_builder *builder, const struct vd_items *items, uint32_t key, const uint32_t *numbers,
	uint32_t n, struct vd_set **ret, struct vd_err *err)
{
	start(builder);
	struct vd_set *set = vd_arena_zalloc(builder->arena, sizeof *set);
	uint32_t *kept = vd_arena_array(builder->arena, n, sizeof *kept);
	uint64_t *full = vd_arena_array(builder->arena, n, sizeof *full);
	bool ok = set != NULL && kept != NULL && full != NULL;
	for (uint32_t i = 0; ok && i < n; i++) {
		const struct vd_citem *item = vd_items_at(items, numbers[i]);
		kept[i] = numbers[i];
		full[i] = !item->all ? 0 : item->n == 64 ? UINT64_MAX : ((uint64_t)1 << item->n) - 1;
		set->has_all |= item->all;
		for (uint32_t v = 0; ok && v < item->n; v++)
			for (size_t a = 0; ok && a < item->values[v]->n; a++)
				ok = add_atom(builder, set, &item->values[v]->atoms[a],
					(struct vd_mark){i, item->all ? v : VD_NONE});
	}
	if (ok && key == VD_KEY_NONE)
		ok = find_words(builder, items, numbers, n, set);
	if (!ok || (set->key = key, set->n_items = n, set->items = kept, set->full = full, !place(builder, set)))
		return vd_fail(err, VD_ENOMEM, "no memory for a set of %u items", n);
	*ret = set;
	return VD_OK;
}
