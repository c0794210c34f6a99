#include "engine/match/scan.h"

#include "base/mem.h"
#include "base/time.h"
#include "base/utf8.h"
#include "engine/match/lines.h"
#include "event/decode.h"

#define WAITING 32u

struct vd_scan {
	uint32_t magic;
#define VD_SCAN_MAGIC 0x7363616eu
	struct vd_regex_match *match;
	struct vd_lines *lines;
	const struct vd_set *set;
	const struct vd_field *field; /* during vd_scan_value */
	struct vd_value_forms value;  /* its forms, */
	bool has_value;               /* once something asked for them */
	bool has_folded;              /* the folded form may be there alone */
	bool has_bytes;               /* what of set->bytes stands in it */
	uint64_t bytes;
	bool failed;
	uint32_t round; /* of begin */
	size_t largest; /* items of the largest set */
	uint32_t *seen; /* per item: round in which it became true */
	struct lack {
		uint64_t bits;
		uint32_t round;
	} * lacks; /* per |all item: which of its values are not yet found, in a round */
	uint32_t n;
	uint32_t *found;
	uint64_t limited;
	uint32_t value_round; /* of vd_scan_value */
	uint32_t *tried;      /* per literal of a set: round of the value it was tried on */
	size_t most_literals;
	uint32_t n_waiting;
	uint32_t waiting[WAITING]; /* literals found whose patterns are still to be tried */
	struct vd_buf decoded, folded;
	char number[VD_NUMBER_TEXT_MAX];
};

enum vd_status
vd_scan_new(const struct vd_ruleset *set, struct vd_cache *cache, struct vd_scan **ret, struct vd_err *err)
{
	VD_AUTO(vd_scan) scan = vd_obj_new(struct vd_scan, VD_SCAN_MAGIC);
	if (scan == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a matcher");
	vd_buf_init(&scan->decoded, 0);
	vd_buf_init(&scan->folded, 0);
	size_t largest = 1;
	for (size_t i = 0; i < set->n_sets; i++) {
		largest = VD_MAX(largest, set->sets[i]->n_items);
		scan->most_literals = VD_MAX(scan->most_literals, set->sets[i]->grams.n);
	}
	scan->largest = largest;
	scan->match = vd_regex_match_new();
	scan->lines = vd_lines_new(cache);
	scan->seen = vd_mem_zalloc(largest, sizeof *scan->seen);
	scan->lacks = vd_mem_zalloc(largest, sizeof *scan->lacks);
	scan->found = vd_mem_zalloc(largest, sizeof *scan->found);
	scan->tried = vd_mem_zalloc(scan->most_literals, sizeof *scan->tried);
	if (scan->match == NULL || scan->lines == NULL || scan->seen == NULL || scan->lacks == NULL ||
		scan->found == NULL || scan->tried == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a matcher");
	*ret = vd_scan_take(&scan);
	return VD_OK;
}

void
vd_scan_free(struct vd_scan *scan)
{
	if (scan == NULL)
		return;
	vd_obj_check(scan, VD_SCAN_MAGIC);
	vd_regex_match_free(scan->match);
	vd_lines_free(scan->lines);
	vd_mem_free(scan->seen);
	vd_mem_free(scan->lacks);
	vd_mem_free(scan->found);
	vd_mem_free(scan->tried);
	vd_buf_fini(&scan->decoded);
	vd_buf_fini(&scan->folded);
	vd_obj_free(scan);
}

struct vd_regex_match *
vd_scan_match(struct vd_scan *scan)
{
	return scan->match;
}

uint64_t
vd_scan_limited(const struct vd_scan *scan)
{
	return scan->limited;
}

void
vd_scan_begin(struct vd_scan *scan, const struct vd_set *set)
{
	if (++scan->round == 0) { /* started over: old rounds must not look new */
		memset(scan->seen, 0, scan->largest * sizeof *scan->seen);
		memset(scan->lacks, 0, scan->largest * sizeof *scan->lacks);
		scan->round = 1;
	}
	scan->set = set;
	scan->n = 0;
}

uint32_t
vd_scan_end(struct vd_scan *scan, const uint32_t **ret)
{
	*ret = scan->found;
	return scan->n;
}

static void
set_true(struct vd_scan *scan, uint32_t item)
{
	if (scan->seen[item] == scan->round)
		return;
	scan->seen[item] = scan->round;
	scan->found[scan->n++] = item;
}

static void
apply_mark(struct vd_scan *scan, struct vd_mark mark)
{
	if (mark.bit == VD_NONE) {
		set_true(scan, mark.item);
		return;
	}
	struct lack *lack = &scan->lacks[mark.item];
	if (lack->round != scan->round)
		*lack = (struct lack){scan->set->full[mark.item], scan->round};
	lack->bits &= ~((uint64_t)1 << mark.bit);
	if (lack->bits == 0)
		set_true(scan, mark.item);
}

static void
apply(struct vd_scan *scan, struct vd_marks marks)
{
	const struct vd_mark *mark = &scan->set->marks[marks.from];
	for (uint32_t i = 0; i < marks.n; i++)
		apply_mark(scan, mark[i]);
}

/* ---- tables ---- */

/*
 * A text's places in the tables, looked up in three steps between which other things are done: what a step reads was
 * fetched by the one before.
 */
enum place_kind { PLACE_WHOLE, PLACE_START, PLACE_END };

struct place {
	const struct vd_literals *table;
	struct vd_str text;
	const uint32_t *slot;
	uint32_t width; /* of an affix's key */
	enum place_kind kind;
};

#define PLACES_MAX 11u /* exact: text and number; component; prefix and suffix: 8, 4, 2 and 1 bytes each */

struct places {
	uint32_t n;
	struct place list[PLACES_MAX];
};

static void
add_place(struct places *places, const struct vd_literals *table, struct vd_str text, struct vd_str key,
	enum place_kind kind)
{
	const uint32_t *slot = &table->slots[vd_literal_hash(key.at, key.len) & table->mask];
	VD_PREFETCH(slot);
	places->list[places->n++] = (struct place){table, text, slot, (uint32_t)key.len, kind};
}

static void
add_whole(struct places *places, const struct vd_literals *table, struct vd_str text)
{
	if (text.len <= table->longest)
		add_place(places, table, text, text, PLACE_WHOLE);
}

static void
add_affixes(struct places *places, const struct vd_literals *table, struct vd_str text, enum place_kind kind)
{
	for (uint32_t width = 8; width != 0; width /= 2) {
		if (!(table->widths & width) || text.len < width)
			continue;
		const char *key = kind == PLACE_END ? text.at + text.len - width : text.at;
		add_place(places, table, text, (struct vd_str){key, width}, kind);
	}
}

static void
add_component(struct places *places, const struct vd_literals *table, struct vd_str text)
{
	const char *slash = text.len == 0 ? NULL : memrchr(text.at, '\\', text.len);
	if (slash != NULL)
		add_whole(
			places, table, (struct vd_str){slash + 1, (size_t)(text.at + text.len - slash - 1)});
}

static void
add_places(const struct vd_set *set, const struct vd_value_forms *value, struct places *places)
{
	places->n = 0;
	if (set->exact.n != 0)
		add_whole(places, &set->exact, value->folded);
	if (set->exact.n != 0 && value->number.len != 0)
		add_whole(places, &set->exact, value->number);
	if (set->component.n != 0)
		add_component(places, &set->component, value->folded);
	if (set->prefix.n != 0)
		add_affixes(places, &set->prefix, value->folded, PLACE_START);
	if (set->suffix.n != 0)
		add_affixes(places, &set->suffix, value->folded, PLACE_END);
}

static void
fetch_places(const struct places *places)
{
	for (uint32_t i = 0; i < places->n; i++)
		if (*places->list[i].slot != VD_NONE)
			VD_PREFETCH(&places->list[i].table->list[*places->list[i].slot]);
}

static bool
stands_at(const struct vd_literal *literal, const struct place *place)
{
	struct vd_str text = place->text;
	if (place->kind == PLACE_WHOLE)
		return literal->len == text.len &&
		       (text.len == 0 || memcmp(literal->text, text.at, text.len) == 0);
	if (literal->len > text.len || vd_affix(literal->len) != place->width)
		return false;
	const char *at = place->kind == PLACE_END ? text.at + text.len - literal->len : text.at;
	return memcmp(literal->text, at, literal->len) == 0;
}

static void
look_at_places(struct vd_scan *scan, const struct places *places)
{
	for (uint32_t i = 0; i < places->n; i++) {
		const struct place *place = &places->list[i];
		const struct vd_literal *list = place->table->list;
		for (uint32_t k = *place->slot; k != VD_NONE; k = list[k].next)
			if (stands_at(&list[k], place))
				apply(scan, list[k].marks);
	}
}

static bool
search(struct vd_scan *scan, const struct vd_regex *regex, struct vd_str text)
{
	enum vd_regex_result result = vd_regex_search(regex, scan->match, text);
	scan->limited += result == VD_REGEX_LIMIT;
	return result == VD_REGEX_YES;
}

/* The forms of the value at hand, made when first asked for. */
static bool
make_value(struct vd_scan *scan)
{
	if (!scan->has_value) {
		scan->has_value = vd_scan_forms(scan, scan->field, &scan->value);
		scan->failed |= !scan->has_value;
		scan->has_folded = scan->has_value;
	}
	return scan->has_value;
}

/* The folded form alone, which most values need only; both where the quick way does not know the value. */
static bool
make_folded(struct vd_scan *scan)
{
	const struct vd_field *field = scan->field;
	if (scan->has_folded)
		return true;
	if (field->type == VD_F_STRING && !(field->flags & VD_FF_PLAIN)) {
		vd_buf_reset(&scan->folded);
		/* room for the careful way too: it may follow while this form is being read */
		if (!vd_buf_room(&scan->folded, vd_fold_bound(field->raw_len))) {
			scan->failed = true;
			return false;
		}
		size_t n = vd_json_decode_lower(scan->folded.at, (struct vd_str){field->raw, field->raw_len});
		scan->value = (struct vd_value_forms){{"", 0}, {scan->folded.at, n}, {"", 0}, false};
		scan->has_folded = n != SIZE_MAX;
	}
	return scan->has_folded || make_value(scan);
}

void
vd_scan_field(struct vd_scan *scan, const struct vd_field *field)
{
	scan->field = field;
	scan->has_value = false;
	scan->has_folded = false;
	scan->has_bytes = false;
	scan->bytes = 0;
	scan->failed = false;
}

bool
vd_scan_failed(const struct vd_scan *scan)
{
	return scan->failed;
}

bool
vd_scan_atom(struct vd_scan *scan, const struct vd_atom *atom)
{
	bool folded = atom->kind == VD_ATOM_PATTERN && !atom->cased;
	if (!(folded ? make_folded(scan) : make_value(scan)))
		return false;
	if (atom->kind == VD_ATOM_REGEX)
		return search(scan, atom->regex, scan->value.raw);
	return vd_atom_holds(atom, &scan->value, scan->match);
}

/* Has the value the bytes and the length that one cannot do without? */
static bool
may_hold(struct vd_scan *scan, const struct vd_contained *one)
{
	if (!scan->has_bytes && one->needs != 0) {
		if (!make_folded(scan))
			return false;
		scan->bytes = vd_bytes_look(&scan->set->bytes, scan->value.folded);
		scan->has_bytes = true;
	}
	/* folding changes no number of characters, and no character is written in less than a byte */
	return (one->needs & ~scan->bytes) == 0 && scan->field->raw_len >= one->min_chars;
}

static void
try(struct vd_scan *scan, const struct vd_contained *one)
{
	if (!may_hold(scan, one))
		return;
	bool raw = one->regex != NULL || one->cased;
	if ((raw && !make_value(scan)) || (one->tokens != NULL && !make_folded(scan)))
		return;
	if (one->tokens != NULL &&
		!vd_tokens_match(one->tokens, one->n_tokens, raw ? scan->value.raw : scan->value.folded))
		return;
	if (one->regex != NULL && !search(scan, one->regex, scan->value.raw))
		return;
	apply(scan, one->marks);
}

/* Tries what waits; what the next one reads is fetched while others are tried. */
static void
try_waiting(struct vd_scan *scan)
{
	const struct vd_set *set = scan->set;
	for (uint32_t i = 0; i < scan->n_waiting; i++)
		VD_PREFETCH(&set->marks[set->contained[scan->waiting[i]].marks.from]);
	for (uint32_t i = 0; i < scan->n_waiting; i++)
		try(scan, &set->contained[scan->waiting[i]]);
	scan->n_waiting = 0;
}

static void
on_literal(void *owner, uint32_t id, const uint32_t *items, uint32_t n)
{
	struct vd_scan *scan = owner;
	for (uint32_t i = 0; i < n; i++)
		set_true(scan, items[i]);
	/* once for a value, however often its literal stands there */
	if (n != 0 || scan->tried[id] == scan->value_round)
		return;
	scan->tried[id] = scan->value_round;
	VD_PREFETCH(&scan->set->contained[id]);
	if (scan->n_waiting == WAITING)
		try_waiting(scan);
	scan->waiting[scan->n_waiting++] = id;
}

/* ---- tests ---- */

static void
run_tests(struct vd_scan *scan, struct vd_str text)
{
	const struct vd_set *set = scan->set;
	struct vd_address address;
	double number;
	struct vd_time_parts parts;
	const struct vd_test *test = set->tests[VD_TEST_CIDR];
	if (set->n_tests[VD_TEST_CIDR] != 0 && vd_address_parse(text, &address))
		for (uint32_t i = 0; i < set->n_tests[VD_TEST_CIDR]; i++)
			if (vd_cidr_holds(test[i].atom, &address))
				apply_mark(scan, test[i].mark);
	test = set->tests[VD_TEST_NUMBER];
	if (set->n_tests[VD_TEST_NUMBER] != 0 && vd_str_double(vd_str_trim(text), &number))
		for (uint32_t i = 0; i < set->n_tests[VD_TEST_NUMBER]; i++)
			if (test[i].atom->kind == VD_ATOM_NUMBER
					? vd_compare_doubles(
						  number, test[i].atom->compare, test[i].atom->number)
					: vd_atom_holds(test[i].atom, &scan->value, scan->match))
				apply_mark(scan, test[i].mark);
	test = set->tests[VD_TEST_TIME];
	if (set->n_tests[VD_TEST_TIME] != 0 && vd_time_parts(text, &parts))
		for (uint32_t i = 0; i < set->n_tests[VD_TEST_TIME]; i++)
			if (vd_time_holds(test[i].atom, &parts))
				apply_mark(scan, test[i].mark);
}

/* ---- values ---- */

bool
vd_scan_forms(struct vd_scan *scan, const struct vd_field *field, struct vd_value_forms *ret)
{
	vd_buf_reset(&scan->decoded);
	vd_buf_reset(&scan->folded);
	struct vd_str raw = vd_field_text(field, &scan->decoded);
	if (scan->decoded.failed || !vd_buf_room(&scan->folded, vd_fold_bound(raw.len)))
		return false;
	size_t n = vd_fold(scan->folded.at, raw.at, raw.len);
	*ret = (struct vd_value_forms){raw, {scan->folded.at, n}, {"", 0}, field->type == VD_F_NUMBER};
	if (field->type == VD_F_NUMBER) {
		struct vd_str number = vd_number_text(raw, scan->number);
		if (number.at != raw.at)
			ret->number = number;
	}
	return true;
}

/* All but grams and lines. */
static void
look_whole(struct vd_scan *scan, const struct places *places)
{
	const struct vd_set *set = scan->set;
	look_at_places(scan, places);
	if (set->always.n != 0)
		apply(scan, set->always);
	if (set->n_tests[VD_TEST_CIDR] + set->n_tests[VD_TEST_NUMBER] + set->n_tests[VD_TEST_TIME] != 0 &&
		make_value(scan))
		run_tests(scan, scan->value.raw);
	for (uint32_t i = 0; i < set->n_every; i++)
		try(scan, &set->every[i]);
}

/* The whole value: what one step waits for is fetched while others are taken. */
static void
scan_whole(struct vd_scan *scan, bool grams)
{
	struct places places;
	struct vd_gram_search search;
	if (!make_folded(scan))
		return; /* failed */
	add_places(scan->set, &scan->value, &places);
	if (grams)
		vd_grams_begin(&search, &scan->set->grams, scan->value.folded, on_literal, scan);
	fetch_places(&places);
	if (grams)
		vd_grams_fetch(&search);
	look_whole(scan, &places);
	if (grams)
		vd_grams_end(&search);
}

enum vd_status
vd_scan_value(struct vd_scan *scan, const struct vd_field *field, struct vd_err *err)
{
	const struct vd_set *set = scan->set;
	struct vd_str raw = {field->raw, field->raw_len};
	bool by_line = set->by_line && set->grams.n != 0 && raw.len >= VD_LINES_MIN &&
		       field->type == VD_F_STRING && !(field->flags & VD_FF_PLAIN);
	if (++scan->value_round == 0) { /* started over: old rounds must not look new */
		memset(scan->tried, 0, scan->most_literals * sizeof *scan->tried);
		scan->value_round = 1;
	}
	vd_scan_field(scan, field);
	if (!by_line || set->needs_whole)
		scan_whole(scan, !by_line && set->grams.n != 0);
	if (by_line)
		scan->failed |= !vd_lines_scan(scan->lines, set, raw, on_literal, scan);
	try_waiting(scan);
	return scan->failed ? vd_fail(err, VD_ENOMEM, "no memory for a value of %u bytes", field->raw_len)
			    : VD_OK;
}
