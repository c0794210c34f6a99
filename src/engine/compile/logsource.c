#include "engine/compile/logsource.h"

#include "event/decode.h"

#define ROW_TEXT(s)                                                                                          \
	{                                                                                                    \
		"" s, sizeof(s) - 1                                                                          \
	}

/* ---- the rows ---- */

static const struct vd_str products[] = {
#define VD_LS_PRODUCT(word) ROW_TEXT(word),
#include "engine/compile/logsource.def"
};

static const struct vd_str categories[] = {
#define VD_LS_CATEGORY(word) ROW_TEXT(word),
#include "engine/compile/logsource.def"
};

static const struct vd_str services[] = {
#define VD_LS_SERVICE(word) ROW_TEXT(word),
#include "engine/compile/logsource.def"
};

static const struct channel_row {
	struct vd_str channel, product, services;
} channels[] = {
#define VD_LS_CHANNEL(channel, product, services) {ROW_TEXT(channel), ROW_TEXT(product), ROW_TEXT(services)},
#include "engine/compile/logsource.def"
};

static const struct event_row {
	struct vd_str channel, category, ids;
} events[] = {
#define VD_LS_EVENT(channel, category, ids) {ROW_TEXT(channel), ROW_TEXT(category), ROW_TEXT(ids)},
#include "engine/compile/logsource.def"
};

static const struct provider_row {
	struct vd_str provider, channel;
} providers[] = {
#define VD_LS_PROVIDER(provider, channel) {ROW_TEXT(provider), ROW_TEXT(channel)},
#include "engine/compile/logsource.def"
};

enum class_number {
	CLASS_UNKNOWN = VD_LOGSOURCE_UNKNOWN,
	CLASS_EXPLICIT = VD_LOGSOURCE_EXPLICIT,
#define VD_LS_CLASS(symbol, product, categories, services) CLASS_##symbol,
#include "engine/compile/logsource.def"
	CLASS_COUNT
};

static const struct class_row {
	const char *name;
	struct vd_str product, categories, services;
} classes[] = {
	[CLASS_UNKNOWN] = {"", ROW_TEXT(""), ROW_TEXT(""), ROW_TEXT("")},
	[CLASS_EXPLICIT] = {"", ROW_TEXT(""), ROW_TEXT(""), ROW_TEXT("")},
#define VD_LS_CLASS(symbol, product, categories, services)                                                   \
	[CLASS_##symbol] = {#symbol, ROW_TEXT(product), ROW_TEXT(categories), ROW_TEXT(services)},
#include "engine/compile/logsource.def"
};

enum test_kind { TEST_NONE, TEST_HAS, TEST_LACKS, TEST_IS, TEST_STARTS, TEST_ENDS, TEST_HOLDS, TEST_IN };

#define WHEN_MAX_TESTS 3 /* in one row */

static const struct when_row {
	uint32_t source_class;
	struct when_test {
		enum test_kind kind;
		uint32_t key;
		struct vd_str text;
	} tests[WHEN_MAX_TESTS];
} whens[] = {
#define HINT_TEST(kind, key, text)                                                                           \
	{                                                                                                    \
		TEST_##kind, VD_K_##key, ROW_TEXT(text)                                                      \
	}
#define VD_LS_HAS(key) HINT_TEST(HAS, key, "")
#define VD_LS_LACKS(key) HINT_TEST(LACKS, key, "")
#define VD_LS_IS(key, text) HINT_TEST(IS, key, text)
#define VD_LS_STARTS(key, text) HINT_TEST(STARTS, key, text)
#define VD_LS_ENDS(key, text) HINT_TEST(ENDS, key, text)
#define VD_LS_HOLDS(key, text) HINT_TEST(HOLDS, key, text)
#define VD_LS_IN(key, words) HINT_TEST(IN, key, words)
#define VD_LS_WHEN(symbol, ...) {CLASS_##symbol, {__VA_ARGS__}},
#include "engine/compile/logsource.def"
};

/* ---- words ---- */

/* Takes the next word off a list; false at its end. */
static bool
next_word(struct vd_str *list, struct vd_str *ret)
{
	if (list->len == 0)
		return false;
	const char *blank = memchr(list->at, ' ', list->len);
	size_t n = blank == NULL ? list->len : (size_t)(blank - list->at);
	size_t step = blank == NULL ? n : n + 1;
	*ret = (struct vd_str){list->at, n};
	*list = (struct vd_str){list->at + step, list->len - step};
	return true;
}

static bool
is_any(struct vd_str list)
{
	return list.len == 1 && list.at[0] == '*';
}

static bool
list_holds(struct vd_str list, struct vd_str word)
{
	struct vd_str one;
	while (next_word(&list, &one))
		if (vd_str_eq(one, word))
			return true;
	return false;
}

static unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* Order of bytes after lower-casing text; row is lower case already. */
static int
word_order(struct vd_str text, struct vd_str row)
{
	for (size_t i = 0; i < text.len && i < row.len; i++)
		if (lower(text.at[i]) != (unsigned char)row.at[i])
			return lower(text.at[i]) < (unsigned char)row.at[i] ? -1 : 1;
	return text.len < row.len ? -1 : text.len > row.len;
}

/* Index + 1 of a word in a sorted list, 0 if it is not there. */
static uint32_t
find_word(const struct vd_str *words, size_t n, struct vd_str text)
{
	size_t low = 0;
	while (n > low) {
		size_t mid = low + (n - low) / 2;
		int order = word_order(text, words[mid]);
		if (order == 0)
			return (uint32_t)mid + 1;
		if (order < 0)
			n = mid;
		else
			low = mid + 1;
	}
	return 0;
}

/* ---- may a rule see a source ---- */

static bool
in_set(const struct vd_str *set, size_t n, struct vd_str word)
{
	for (size_t i = 0; i < n; i++)
		if (vd_str_ieq(set[i], word))
			return true;
	return false;
}

bool
vd_logsource_allows(const struct vd_logsource *rule, const struct vd_source *src)
{
	if (src == NULL || !src->known)
		return true;
	if (rule->product.len > 0 && src->product.len > 0 && !vd_str_ieq(rule->product, src->product) &&
		find_word(products, VD_ARRAY_LEN(products), rule->product) != 0)
		return false;
	if (rule->category.len > 0 && !src->any_category &&
		!in_set(src->categories, src->n_categories, rule->category) &&
		find_word(categories, VD_ARRAY_LEN(categories), rule->category) != 0)
		return false;
	if (rule->service.len > 0 && !src->any_service &&
		!in_set(src->services, src->n_services, rule->service) &&
		find_word(services, VD_ARRAY_LEN(services), rule->service) != 0)
		return false;
	return true;
}

static void
add_categories(struct vd_source *src, struct vd_str list)
{
	struct vd_str word;
	if (is_any(list))
		src->any_category = true;
	else
		while (src->n_categories < VD_SOURCE_MAX_WORDS && next_word(&list, &word))
			src->categories[src->n_categories++] = word;
}

static void
add_services(struct vd_source *src, struct vd_str list)
{
	struct vd_str word;
	if (is_any(list))
		src->any_service = true;
	else
		while (src->n_services < VD_SOURCE_MAX_WORDS && next_word(&list, &word))
			src->services[src->n_services++] = word;
}

/* ---- Windows ---- */

static const struct channel_row *
find_channel(struct vd_str channel)
{
	for (size_t i = 0; i < VD_ARRAY_LEN(channels); i++)
		if (vd_str_ieq(channels[i].channel, channel))
			return &channels[i];
	return NULL;
}

static bool
is_scalar(const struct vd_field *field)
{
	return field != NULL && (field->type == VD_F_STRING || field->type == VD_F_NUMBER) &&
	       field->raw_len > 0;
}

#define COMPARED_MAX 256u /* longer texts are no channel, id or provider that anybody knows */

static struct vd_str
decoded(const struct vd_field *field, char room[COMPARED_MAX])
{
	struct vd_str raw = {field->raw, field->raw_len};
	if (field->type != VD_F_STRING || (field->flags & VD_FF_PLAIN) || raw.len > COMPARED_MAX)
		return raw;
	return (struct vd_str){room, vd_json_decode_into(room, raw)};
}

/* The same text, however JSON spells it and in any case. */
static bool
same_text(const struct vd_field *a, const struct vd_field *b)
{
	char rooms[2][COMPARED_MAX];
	return vd_str_ieq(decoded(a, rooms[0]), decoded(b, rooms[1]));
}

/*
 * The value an event has under a key: that of Event.System, else the one there is.  NULL: none.  *several: there are
 * different ones; also true stays true.
 */
static const struct vd_field *
find_scalar(const struct vd_event *ev, uint32_t key, bool *several)
{
	const struct vd_field *best = NULL;
	bool differ = false;
	for (size_t i = 0; i < ev->n; i++) {
		const struct vd_field *field = &ev->fields[i];
		if (field->key != key || !is_scalar(field))
			continue;
		unsigned system = field->flags & VD_FF_SYSTEM,
			 before = best == NULL ? 0 : best->flags & VD_FF_SYSTEM;
		if (best == NULL || system > before) {
			best = field;
			differ = false;
		} else if (system == before) {
			differ |= !same_text(field, best);
		}
	}
	*several |= differ;
	return best;
}

/* Under either key; the first key wins. */
static const struct vd_field *
find_either(const struct vd_event *ev, uint32_t first, uint32_t second, bool *several)
{
	const struct vd_field *field = find_scalar(ev, first, several);
	return field != NULL ? field : find_scalar(ev, second, several);
}

/* Is any value under the keys one that a row knows? */
static bool
any_known(const struct vd_event *ev, uint32_t first, uint32_t second, bool (*is_known)(struct vd_str text),
	struct vd_buf *buf)
{
	for (size_t i = 0; i < ev->n; i++) {
		const struct vd_field *field = &ev->fields[i];
		if ((field->key == first || field->key == second) && is_scalar(field) &&
			is_known(vd_field_text(field, buf)))
			return true;
	}
	return false;
}

static bool
is_channel(struct vd_str text)
{
	return find_channel(text) != NULL;
}

static const struct provider_row *
find_provider(struct vd_str provider)
{
	for (size_t i = 0; i < VD_ARRAY_LEN(providers); i++)
		if (vd_str_ieq(providers[i].provider, provider))
			return &providers[i];
	return NULL;
}

static bool
is_provider(struct vd_str text)
{
	return find_provider(text) != NULL;
}

enum vd_logsource_found
vd_logsource_channel(const struct vd_event *ev, struct vd_buf *buf, struct vd_str *ret_channel,
	struct vd_str *ret_event_id)
{
	bool several = false;
	struct vd_str event_id = VD_S("");
	const struct provider_row *provider = NULL;
	const struct vd_field *id = find_either(ev, VD_K_EVENT_ID, VD_K_L_WINLOG_EVENT_ID, &several);
	if (id != NULL)
		event_id = (struct vd_str){id->raw, id->raw_len};
	const struct vd_field *field = find_either(ev, VD_K_CHANNEL, VD_K_L_WINLOG_CHANNEL, &several);
	if (field != NULL) {
		if (event_id.len == 0 && !any_known(ev, VD_K_CHANNEL, VD_K_L_WINLOG_CHANNEL, is_channel, buf))
			return VD_LOGSOURCE_NONE;
	} else {
		const struct vd_field *named =
			find_either(ev, VD_K_PROVIDER_NAME, VD_K_L_WINLOG_PROVIDER, &several);
		if (named == NULL || event_id.len == 0 ||
			!any_known(ev, VD_K_PROVIDER_NAME, VD_K_L_WINLOG_PROVIDER, is_provider, buf))
			return VD_LOGSOURCE_NONE;
		provider = find_provider(vd_field_text(named, buf));
		if (provider == NULL && !several)
			return VD_LOGSOURCE_NONE;
	}
	if (several)
		return VD_LOGSOURCE_SEVERAL;
	*ret_channel = provider == NULL ? vd_field_text(field, buf) : provider->channel;
	*ret_event_id = event_id;
	return VD_LOGSOURCE_CHANNEL;
}

void
vd_logsource_windows(struct vd_str channel, struct vd_str event_id, struct vd_source *ret)
{
	struct vd_source src = {.known = true, .product = VD_S("windows")};
	const struct channel_row *row = find_channel(channel);
	if (row != NULL) {
		src.product = row->product;
		add_services(&src, row->services);
		for (size_t i = 0; i < VD_ARRAY_LEN(events); i++)
			if (vd_str_ieq(events[i].channel, channel) &&
				(is_any(events[i].ids) || list_holds(events[i].ids, event_id)))
				add_categories(&src, events[i].category);
	}
	*ret = src;
}

/* Does an earlier event row of the channel hold this id already? */
static bool
is_listed_before(size_t row, struct vd_str id)
{
	for (size_t i = 0; i < row; i++)
		if (vd_str_ieq(events[i].channel, events[row].channel) && list_holds(events[i].ids, id))
			return true;
	return false;
}

size_t
vd_logsource_routes(struct vd_logsource_route *ret, size_t cap)
{
	size_t n = 0;
	for (size_t i = 0; i < VD_ARRAY_LEN(channels); i++, n++)
		if (n < cap)
			ret[n] = (struct vd_logsource_route){channels[i].channel, VD_S("")};
	for (size_t i = 0; i < VD_ARRAY_LEN(events); i++) {
		struct vd_str ids = events[i].ids, id;
		if (is_any(ids))
			continue;
		while (next_word(&ids, &id)) {
			if (is_listed_before(i, id))
				continue;
			if (n < cap)
				ret[n] = (struct vd_logsource_route){events[i].channel, id};
			n++;
		}
	}
	return n;
}

/* ---- by fields ---- */

/* The first field of each reserved name. */
struct hints {
	const struct vd_field *first[VD_K_RESERVED];
};

static void
hints_collect(struct hints *hints, const struct vd_event *ev)
{
	*hints = (struct hints){{NULL}};
	for (size_t i = 0; i < ev->n; i++) {
		uint32_t key = ev->fields[i].key;
		if (key < VD_K_RESERVED && hints->first[key] == NULL)
			hints->first[key] = &ev->fields[i];
	}
}

/* Longest value that is compared; class names and paths of interest are shorter. */
#define HINT_MAX 256u

/* A hint's text without the backslashes of JSON escapes ("\/" is what matters here). */
static struct vd_str
hint_text(const struct vd_field *field, char room[HINT_MAX])
{
	struct vd_str raw = {field->raw, field->raw_len};
	if (field->type != VD_F_STRING || memchr(raw.at, '\\', raw.len) == NULL)
		return raw;
	size_t n = 0;
	for (size_t i = 0; i < raw.len && n < HINT_MAX; i++) {
		if (raw.at[i] == '\\' && i + 1 < raw.len)
			i++;
		room[n++] = raw.at[i];
	}
	return (struct vd_str){room, n};
}

static bool
holds(struct vd_str text, struct vd_str part)
{
	for (size_t i = 0; i + part.len <= text.len; i++)
		if (vd_str_ieq((struct vd_str){text.at + i, part.len}, part))
			return true;
	return false;
}

static bool
test_text(const struct when_test *test, struct vd_str text)
{
	size_t n = test->text.len;
	switch (test->kind) {
	case TEST_IS:
		return vd_str_ieq(text, test->text);
	case TEST_STARTS:
		return text.len >= n && vd_str_ieq((struct vd_str){text.at, n}, test->text);
	case TEST_ENDS:
		return text.len >= n && vd_str_ieq((struct vd_str){text.at + text.len - n, n}, test->text);
	case TEST_HOLDS:
		return holds(text, test->text);
	case TEST_IN:
		return list_holds(test->text, text);
	default:
		return true;
	}
}

static bool
test_holds(const struct when_test *test, const struct hints *hints)
{
	if (test->kind == TEST_NONE)
		return true;
	const struct vd_field *field = hints->first[test->key];
	if (test->kind == TEST_LACKS)
		return field == NULL;
	if (field == NULL)
		return false;
	if (test->kind == TEST_HAS)
		return true;
	if (!is_scalar(field))
		return false;
	char room[HINT_MAX];
	return test_text(test, hint_text(field, room));
}

static uint32_t
hint_word(const struct hints *hints, uint32_t key, const struct vd_str *words, size_t n)
{
	const struct vd_field *field = hints->first[key];
	if (field == NULL || field->type != VD_F_STRING)
		return 0;
	return find_word(words, n, (struct vd_str){field->raw, field->raw_len});
}

/* Words that rules use without a product; other words of common fields may mean anything. */
static const struct vd_str lone_categories[] = {ROW_TEXT("antivirus"), ROW_TEXT("database"), ROW_TEXT("dns"),
	ROW_TEXT("firewall"), ROW_TEXT("proxy"), ROW_TEXT("webserver")};
static const struct vd_str lone_services[] = {ROW_TEXT("apache"), ROW_TEXT("iis"), ROW_TEXT("nginx")};

/* Indexes + 1 into the word lists, 0: not named. */
struct named {
	uint32_t product, category, service;
};

static bool
find_named(const struct hints *hints, struct named *ret)
{
	struct named own = {
		hint_word(hints, VD_K_L_LS_PRODUCT, products, VD_ARRAY_LEN(products)),
		hint_word(hints, VD_K_L_LS_CATEGORY, categories, VD_ARRAY_LEN(categories)),
		hint_word(hints, VD_K_L_LS_SERVICE, services, VD_ARRAY_LEN(services)),
	};
	if (own.product == 0 && own.category == 0 && own.service == 0) {
		own.product = hint_word(hints, VD_K_L_PRODUCT, products, VD_ARRAY_LEN(products));
		own.category = hint_word(hints, VD_K_L_CATEGORY, categories, VD_ARRAY_LEN(categories));
		own.service = hint_word(hints, VD_K_L_SERVICE, services, VD_ARRAY_LEN(services));
		if (own.product == 0 && own.category != 0 &&
			!in_set(lone_categories, VD_ARRAY_LEN(lone_categories), categories[own.category - 1]))
			own.category = 0;
		if (own.product == 0 && own.service != 0 &&
			!in_set(lone_services, VD_ARRAY_LEN(lone_services), services[own.service - 1]))
			own.service = 0;
	}
	*ret = own;
	return own.product != 0 || own.category != 0 || own.service != 0;
}

uint32_t
vd_logsource_class(const struct vd_event *ev)
{
	struct hints hints;
	struct named own;
	hints_collect(&hints, ev);
	if (find_named(&hints, &own))
		return VD_LOGSOURCE_EXPLICIT;
	for (size_t i = 0; i < VD_ARRAY_LEN(whens); i++) {
		bool all = true;
		for (size_t j = 0; all && j < WHEN_MAX_TESTS; j++)
			all = test_holds(&whens[i].tests[j], &hints);
		if (all)
			return whens[i].source_class;
	}
	return VD_LOGSOURCE_UNKNOWN;
}

uint32_t
vd_logsource_classes(void)
{
	return CLASS_COUNT;
}

const char *
vd_logsource_class_name(uint32_t source_class)
{
	return source_class < CLASS_COUNT ? classes[source_class].name : "";
}

void
vd_logsource_describe(uint32_t source_class, struct vd_source *ret)
{
	struct vd_source src = {.known = false};
	if (source_class > VD_LOGSOURCE_EXPLICIT && source_class < CLASS_COUNT) {
		const struct class_row *row = &classes[source_class];
		src.known = true;
		src.product = row->product;
		add_categories(&src, row->categories);
		add_services(&src, row->services);
	}
	*ret = src;
}

uint32_t
vd_logsource_explicit(const struct vd_event *ev, struct vd_source *ret)
{
	struct hints hints;
	struct named own;
	hints_collect(&hints, ev);
	if (!find_named(&hints, &own))
		return 0;
	struct vd_source src = {.known = true, .any_category = true, .any_service = true};
	if (own.product != 0)
		src.product = products[own.product - 1];
	if (own.category != 0) {
		src.any_category = false;
		src.categories[src.n_categories++] = categories[own.category - 1];
	}
	if (own.service != 0) {
		src.any_service = false;
		src.services[src.n_services++] = services[own.service - 1];
	}
	*ret = src;
	return own.product << 20 | own.category << 10 | own.service;
}
