#include "event/cut.h"

#include <stdio.h>
#include <strings.h>

#include "base/mem.h"
#include "base/status.h"

/* A line that does not end within so many bytes is cut by structure: it may hold many objects. */
#define LONG_LINE (512u << 10)
#define ARRAY_BLANKS_MAX 4096u /* looked at behind '[' to tell an array from a line of text */

enum place {
	BETWEEN,   /* events */
	DOCUMENT,  /* inside an object whose end was not seen yet */
	TOO_LONG,  /* inside an object that is skipped */
	JUNK_LINE, /* inside a line that is skipped */
	JUNK_ENDS, /* inside brackets that close nothing */
	JUNK_ITEM, /* inside an element of an array that is no object */
	JUNK_TEXT, /* inside a string in such an element */
};

struct cut {
	struct vd_cutter *cutter;
	struct vd_batch *batch;
	const char *at;
	size_t n, i;
	bool last;
};

void
vd_cutter_init(struct vd_cutter *cutter, size_t max_event_bytes,
	void (*on_bad)(void *owner, uint64_t line, const char *what), void *owner)
{
	*cutter = (struct vd_cutter){
		.on_bad = on_bad, .owner = owner, .max_event_bytes = max_event_bytes, .line = 1};
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\0';
}

/* The first bytes of at[i..n) for a message, in printable ASCII. */
#define EXCERPT_MAX 40u
static void
excerpt(const struct cut *cut, char to[EXCERPT_MAX + 1])
{
	size_t n = 0;
	for (size_t i = cut->i; i < cut->n && n < EXCERPT_MAX && cut->at[i] != '\n' && cut->at[i] != '\r';
		i++)
		to[n++] = cut->at[i] >= ' ' && cut->at[i] < 0x7f ? cut->at[i] : '?';
	to[n] = '\0';
}

/* Place of the event or piece that begins at the next byte. */
static uint64_t
number(const struct vd_cutter *cutter)
{
	return cutter->array ? cutter->element : cutter->line;
}

static void
report(const struct cut *cut, const char *what)
{
	const struct vd_cutter *cutter = cut->cutter;
	cutter->on_bad(cutter->owner, number(cutter), what);
}

/* Said once a file, where it does not begin with an event: most such files are logs of plain text. */
static const char advice[] = "; plain text logs and CSV are not read: have them written as JSON "
			     "(journalctl -o json, nginx log_format with escape=json)";

static void
report_junk(const struct cut *cut, const char *what)
{
	char begins[EXCERPT_MAX + 1], words[256];
	excerpt(cut, begins);
	(void)snprintf(words, sizeof words, "%s: '%s'%s", what, begins,
		cut->cutter->begun || cut->cutter->array ? "" : advice);
	cut->cutter->begun = true;
	report(cut, words);
}

static void
report_too_long(const struct cut *cut)
{
	char words[96];
	(void)snprintf(
		words, sizeof words, "an event longer than %zu bytes, skipped", cut->cutter->max_event_bytes);
	report(cut, words);
}

static const char not_an_object[] = "an element that is not a JSON object, skipped";

/* before: bytes between the start of its line and the event */
static bool
add_event(const struct cut *cut, const char *at, size_t len, size_t before)
{
	/* the place of an element is its number, not its line */
	uint32_t column = cut->cutter->array ? 0 : (uint32_t)VD_MIN(before, (size_t)UINT32_MAX);
	struct vd_batch *batch = cut->batch;
	void *events = batch->events;
	if (batch->n == batch->cap &&
		!vd_mem_grow(&events, &batch->cap, batch->n + 1, sizeof *batch->events, 1024))
		return false;
	batch->events = events;
	cut->cutter->begun = true;
	batch->events[batch->n++] = (struct vd_batch_event){{at, len}, number(cut->cutter), column};
	return true;
}

/* Moves behind n bytes that may hold line ends. */
static void
pass(struct cut *cut, size_t n)
{
	const char *at = cut->at + cut->i, *end = at + n, *line;
	struct vd_cutter *cutter = cut->cutter;
	cut->i += n;
	while ((line = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		cutter->line++;
		cutter->column = 0;
		at = line + 1;
	}
	cutter->column += (size_t)(end - at);
}

/* Behind blanks and line ends from i on; at most so many that a text can hide nothing behind them. */
static size_t
skip_blanks(const char *at, size_t n, size_t i)
{
	size_t from = i;
	while (i < n && i - from < ARRAY_BLANKS_MAX && (is_blank(at[i]) || at[i] == '\n'))
		i++;
	return i;
}

/* Moves *i behind blanks and a word, in any case.  False: something else stands there, or (*more) nothing does. */
static bool
pass_word(const char *at, size_t n, size_t *i, const char *word, bool *ret_more)
{
	*i = skip_blanks(at, n, *i);
	size_t len = strlen(word), here = VD_MIN(len, n - *i);
	if (strncasecmp(at + *i, word, here) != 0)
		return false;
	*ret_more = here < len;
	*i += here;
	return here == len;
}

/*
 * Bytes up to the first object in an envelope {"Records": [{…}, …]}, or up to the end of its array if that is empty;
 * 0: there is no envelope.  *ret_more: these n bytes are the beginning of one as far as they go.
 */
static size_t
envelope(const char *at, size_t n, bool *ret_more)
{
	static const char *const words[] = {"{", "\"Records\"", ":", "["};
	size_t i = 0;
	for (size_t w = 0; w < VD_ARRAY_LEN(words); w++)
		if (!pass_word(at, n, &i, words[w], ret_more))
			return 0;
	if (pass_word(at, n, &i, "{", ret_more))
		return i - 1;
	if (*ret_more || !pass_word(at, n, &i, "]", ret_more))
		return 0;
	size_t behind = i;
	return pass_word(at, n, &behind, "}", ret_more) ? i - 1 : 0;
}

/* How far the object at at[0..n) goes.  ret_len, except for VD_JSON_MORE: its bytes. */
static enum vd_json_cut
find_end(const char *at, size_t n, bool element, size_t *ret_len)
{
	struct vd_json_doc doc;
	vd_json_doc_start(&doc, 0, element);
	return vd_json_doc_scan(&doc, at, n, ret_len);
}

/* Is the first line of a file one object, or do others follow in it? */
static bool
holds_one_object(const char *at, size_t n)
{
	size_t len;
	if (find_end(at, n, false, &len) != VD_JSON_WHOLE)
		return true; /* broken, which is for the parser to say */
	while (len < n && (is_blank(at[len]) || at[len] == ','))
		len++;
	return len == n || at[len] != '{';
}

/* Does an object begin behind the end of another? */
static bool
has_neighbours(const char *at, size_t n)
{
	const char *end = at + n;
	for (const char *p = at + 1; (p = memchr(p, '{', (size_t)(end - p))) != NULL; p++) {
		const char *before = p;
		while (before > at && (is_blank(before[-1]) || before[-1] == ','))
			before--;
		if (before[-1] == '}')
			return true;
	}
	return false;
}

/*
 * A line inside an array that begins and ends like an object: is it one element?  Others may stand in it, and with an
 * envelope the end of both behind it.  Only what looks like it is scanned.
 */
static bool
holds_one_element(const struct vd_cutter *cutter, const char *at, size_t n)
{
	size_t len, i = n - 1; /* of the last '}' */
	while (i > 0 && is_blank(at[i - 1]))
		i--;
	if (!(cutter->envelope && at[i - 1] == ']') && !has_neighbours(at, n))
		return true;
	enum vd_json_cut how = find_end(at, n, true, &len);
	return how == VD_JSON_MORE || (how == VD_JSON_WHOLE && len == n);
}

/* A line without blanks around it: is it an event as it stands? */
static bool
looks_whole(struct vd_cutter *cutter, const char *at, size_t len)
{
	bool more;
	if (*at != '{' || at[len - 1] != '}' || len > cutter->max_event_bytes ||
		(!cutter->array && envelope(at, len, &more) != 0))
		return false;
	if (!cutter->probed) {
		cutter->probed = true;
		cutter->structural = !holds_one_object(at, len);
	}
	return !cutter->structural && (!cutter->array || holds_one_element(cutter, at, len));
}

enum line { LINE_TAKEN, LINE_OTHER, LINE_MORE, LINE_NO_MEMORY };

/*
 * Takes the line at i if it looks like one whole object (in an array: element), or is blank, at the cost of finding
 * its end.
 */
static enum line
take_line(struct cut *cut)
{
	struct vd_cutter *cutter = cut->cutter;
	const char *at = cut->at + cut->i, *end = memchr(at, '\n', cut->n - cut->i);
	if (end == NULL && !cut->last)
		return cut->n - cut->i < LONG_LINE ? LINE_MORE : LINE_OTHER;
	size_t all = end == NULL ? cut->n - cut->i : (size_t)(end - at) + 1;
	end = end == NULL ? cut->at + cut->n : end;
	while (at < end && is_blank(*at))
		at++;
	while (end > at && (is_blank(end[-1]) || (cutter->array && end[-1] == ',')))
		end--;
	size_t len = (size_t)(end - at);
	if (len != 0) {
		if (!looks_whole(cutter, at, len))
			return LINE_OTHER;
		cutter->element += cutter->array;
		if (!add_event(cut, at, len, (size_t)(at - (cut->at + cut->i))))
			return LINE_NO_MEMORY;
	}
	cut->i += all;
	cutter->line++;
	return LINE_TAKEN;
}

/* '[' outside an array: does it begin an array of events?  false with *more: not to be told yet. */
static bool
begins_array(const struct cut *cut, bool *ret_more)
{
	size_t i = cut->i + 1;
	bool new_line = false;
	for (; i < cut->n && i - cut->i < ARRAY_BLANKS_MAX && (is_blank(cut->at[i]) || cut->at[i] == '\n');
		i++)
		new_line |= cut->at[i] == '\n';
	size_t left = cut->n - i;
	*ret_more = !cut->last && !new_line && (left == 0 || (left < 4 && cut->at[i] == 'n'));
	if (new_line || left == 0)
		return new_line;
	return cut->at[i] == '{' || cut->at[i] == ']' || cut->at[i] == '"' || is_blank(cut->at[i]) ||
	       (left >= 4 && memcmp(cut->at + i, "null", 4) == 0);
}

/* The byte at i begins something that is no event. */
static void
begin_junk(struct cut *cut)
{
	struct vd_cutter *cutter = cut->cutter;
	if (cutter->array) {
		cutter->element++;
		report_junk(cut, not_an_object);
		cutter->place = JUNK_ITEM;
	} else {
		char c = cut->at[cut->i];
		report_junk(cut, cutter->last_line == cutter->line
					 ? "not a JSON object, rest of the line skipped"
					 : "not a JSON object, line skipped");
		cutter->place = c == '}' || c == ']' ? JUNK_ENDS : JUNK_LINE;
	}
}

/* An array of events, with the envelope around it or without, may begin or end here.  The bytes of its mark; 0: no. */
static size_t
array_mark(struct cut *cut, bool *ret_more)
{
	struct vd_cutter *cutter = cut->cutter;
	const char *at = cut->at + cut->i;
	size_t opening = 0;
	if (cutter->array) {
		cutter->array = *at != ']';
		return *at == ']';
	}
	if (*at == '}' && cutter->envelope) {
		cutter->envelope = false;
		return 1;
	}
	if (*at == '{')
		opening = envelope(at, cut->n - cut->i, ret_more);
	cutter->array = cutter->envelope = opening != 0;
	if (*at == '[' && begins_array(cut, ret_more)) {
		cutter->array = true;
		opening = 1;
	}
	return opening;
}

/* Takes one character, or a byte order mark, between events; false: more bytes are needed. */
static bool
between(struct cut *cut)
{
	struct vd_cutter *cutter = cut->cutter;
	const char *at = cut->at + cut->i;
	size_t left = cut->n - cut->i, mark;
	bool more = false;
	if (is_blank(*at) || *at == '\n' || *at == ',' || *at == '\x1e') { /* RS: RFC 7464 */
		pass(cut, 1);
	} else if ((mark = array_mark(cut, &more)) != 0) {
		pass(cut, mark);
	} else if (more && !cut->last) {
		return false;
	} else if (*at == '{' || (*at == '[' && cutter->array)) {
		cutter->element += cutter->array;
		vd_json_doc_start(&cutter->doc, cutter->column, cutter->array);
		cutter->place = DOCUMENT;
	} else if (left >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) {
		pass(cut, 3);
		cutter->column = 0;
	} else if (*at == '\xef' && left < 3 && !cut->last) {
		return false;
	} else {
		begin_junk(cut);
	}
	return true;
}

/* The document at i ends len bytes on, or is cut there. */
static bool
end_document(struct cut *cut, enum vd_json_cut how, size_t len)
{
	struct vd_cutter *cutter = cut->cutter;
	const char *at = cut->at + cut->i;
	bool added = true;
	size_t trimmed = len;
	while (trimmed > 0 &&
		(is_blank(at[trimmed - 1]) || at[trimmed - 1] == '\n' || at[trimmed - 1] == ','))
		trimmed--;
	if (trimmed > cutter->max_event_bytes)
		report_too_long(cut);
	else if (*at == '[')
		report_junk(cut, not_an_object);
	else if (how == VD_JSON_WHOLE || at[trimmed - 1] == '}' || memchr(at, '\n', trimmed) == NULL)
		added = add_event(cut, at, trimmed, cutter->column);
	else
		report(cut, "an object that begins here has no proper end: skipped up to what looks like the "
			    "next");
	pass(cut, len);
	cutter->last_line = cutter->line;
	cutter->place = BETWEEN;
	return added;
}

/* Inside a document; false: more bytes are needed, or memory. */
static bool
in_document(struct cut *cut, bool *ret_no_memory)
{
	struct vd_cutter *cutter = cut->cutter;
	size_t left = cut->n - cut->i, len = left;
	enum vd_json_cut how = vd_json_doc_scan(&cutter->doc, cut->at + cut->i, left, &len);
	if (how == VD_JSON_MORE && !cut->last) {
		if (left <= cutter->max_event_bytes)
			return false;
		report_too_long(cut);
		vd_json_doc_forget(&cutter->doc);
		pass(cut, left);
		cutter->place = TOO_LONG;
		return true;
	}
	if (how == VD_JSON_MORE && cutter->doc.next != SIZE_MAX)
		len = cutter->doc.next;
	/* what lies behind a cut is scanned again: hostile input must not make that a habit */
	size_t again = cutter->doc.scanned > len ? cutter->doc.scanned - len : 0;
	if (how != VD_JSON_WHOLE && cutter->rescanned + again > 4 * cutter->done + ((uint64_t)16 << 20))
		len += again;
	else
		cutter->rescanned += again;
	cutter->done += len;
	*ret_no_memory = !end_document(cut, how, len);
	return !*ret_no_memory;
}

static void
in_too_long(struct cut *cut)
{
	struct vd_cutter *cutter = cut->cutter;
	size_t len = cut->n - cut->i;
	if (vd_json_doc_scan(&cutter->doc, cut->at + cut->i, len, &len) != VD_JSON_MORE)
		cutter->place = BETWEEN;
	else
		vd_json_doc_forget(&cutter->doc);
	pass(cut, len);
}

static void
in_junk_line(struct cut *cut)
{
	const char *end = memchr(cut->at + cut->i, '\n', cut->n - cut->i);
	if (end != NULL)
		cut->cutter->place = BETWEEN;
	pass(cut, end == NULL ? cut->n - cut->i : (size_t)(end - (cut->at + cut->i)));
}

/* Brackets that close nothing cost no object behind them; text behind them is skipped like any other. */
static void
in_junk_ends(struct cut *cut)
{
	size_t i = cut->i;
	char c = '\0';
	while (i < cut->n && (is_blank(c = cut->at[i]) || c == '}' || c == ']' || c == ','))
		i++;
	if (i < cut->n)
		cut->cutter->place = c == '{' || c == '\n' ? BETWEEN : JUNK_LINE;
	pass(cut, i - cut->i);
}

/* An element that is no object ends at a comma, at the end of the line or array, or where an object begins. */
static void
in_junk_item(struct cut *cut)
{
	struct vd_cutter *cutter = cut->cutter;
	size_t i = cut->i;
	for (; i < cut->n; i++) {
		char c = cut->at[i];
		if (c == '\n' || (cutter->place == JUNK_ITEM && (c == ',' || c == ']' || c == '{'))) {
			cutter->place = BETWEEN;
			break;
		}
		if (c == '"')
			cutter->place = cutter->place == JUNK_ITEM ? JUNK_TEXT : JUNK_ITEM;
	}
	pass(cut, i - cut->i);
}

/* One step; false: more bytes are needed, or memory. */
static bool
step(struct cut *cut, bool *ret_no_memory)
{
	struct vd_cutter *cutter = cut->cutter;
	switch (cutter->place) {
	case BETWEEN:
		if (cutter->column == 0 && !cutter->structural) {
			enum line line;
			do
				line = cut->i < cut->n ? take_line(cut) : LINE_MORE;
			while (line == LINE_TAKEN);
			*ret_no_memory = line == LINE_NO_MEMORY;
			if (line != LINE_OTHER)
				return false;
		}
		return between(cut);
	case DOCUMENT:
		return in_document(cut, ret_no_memory);
	case TOO_LONG:
		in_too_long(cut);
		return true;
	case JUNK_LINE:
		in_junk_line(cut);
		return true;
	case JUNK_ENDS:
		in_junk_ends(cut);
		return true;
	default:
		in_junk_item(cut);
		return true;
	}
}

enum vd_status
vd_cutter_run(struct vd_cutter *cutter, struct vd_str bytes, bool last, struct vd_batch *batch,
	size_t *ret_used, struct vd_err *err)
{
	struct cut cut = {.cutter = cutter, .batch = batch, .at = bytes.at, .n = bytes.len, .last = last};
	bool no_memory = false;
	while (cut.i < cut.n && step(&cut, &no_memory))
		continue;
	if (no_memory)
		return vd_fail(err, VD_ENOMEM, "no memory for the events of a batch");
	if (last && cut.i == cut.n && cutter->array) {
		report(&cut, "the file ends before its array does");
		cutter->array = false;
	}
	*ret_used = cut.i;
	return VD_OK;
}

bool
vd_cut_finds_more(struct vd_str line)
{
	size_t len = 0;
	if (line.at[0] != '{' || find_end(line.at, line.len, false, &len) != VD_JSON_WHOLE)
		return false;
	while (len < line.len && (is_blank(line.at[len]) || line.at[len] == ','))
		len++;
	return len < line.len;
}

enum vd_status
vd_cut_line(const struct vd_batch_event *line, void (*on_bad)(void *owner, uint64_t line, const char *what),
	void *owner, struct vd_batch *pieces, struct vd_err *err)
{
	size_t used;
	struct vd_cutter cutter;
	vd_cutter_init(&cutter, line->text.len, on_bad, owner);
	cutter.line = line->line;
	cutter.column = line->column;
	cutter.structural = true;
	return vd_cutter_run(&cutter, line->text, true, pieces, &used, err);
}
