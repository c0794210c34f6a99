#include "engine/compile/required.h"

struct reader {
	struct vd_str pattern;
	size_t i;
	char *to; /* the run being read stands at to[from] … to[n] */
	size_t from, n;
	size_t best, best_len;
	uint64_t bytes[2];
	uint32_t times[128];
	uint32_t n_pairs;
	char pairs[VD_REQUIRED_PAIRS][2];
	bool unsure;
};

static void
end_run(struct reader *r)
{
	if (r->n - r->from > r->best_len) {
		r->best = r->from;
		r->best_len = r->n - r->from;
	}
	r->from = r->n;
}

static char
peek(const struct reader *r)
{
	return r->i < r->pattern.len ? r->pattern.at[r->i] : '\0';
}

/* {2} {2,} {2,5}: what follows a brace otherwise is plain text. */
static size_t
counted_length(struct vd_str text)
{
	size_t i = 1, digits = 0;
	for (; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++)
		digits++;
	if (i < text.len && text.at[i] == ',')
		for (i++; i < text.len && text.at[i] >= '0' && text.at[i] <= '9';)
			i++;
	return digits > 0 && i < text.len && text.at[i] == '}' ? i + 1 : 0;
}

/* A quantifier behind an item: may the item be missing? */
static bool
skip_quantifier(struct reader *r, bool *ret_optional)
{
	char c = peek(r);
	size_t length = 1;
	*ret_optional = false;
	if (c != '?' && c != '*' && c != '+' && c != '{')
		return false;
	if (c == '{') {
		length = counted_length((struct vd_str){r->pattern.at + r->i, r->pattern.len - r->i});
		r->unsure |= length == 0; /* a plain brace, in this PCRE or in another */
		length += length == 0;
	}
	/* {1,3}: at least one; {0,3}, {,3} or a plain brace: perhaps none */
	bool once =
		c == '{' && length > 1 && r->pattern.at[r->i + 1] >= '1' && r->pattern.at[r->i + 1] <= '9';
	*ret_optional = c != '+' && !once;
	r->i += length;
	if (peek(r) == '?' || peek(r) == '+') /* lazy, possessive */
		r->i++;
	return true;
}

/* [:name:] in a class, from its bracket to the colon before the last.  Another bracket is a character or not known. */
static void
skip_named(struct reader *r)
{
	size_t k = r->i + 1;
	if (k >= r->pattern.len || memchr(":.=", r->pattern.at[k], 3) == NULL)
		return;
	for (k++; k < r->pattern.len &&
		  ((r->pattern.at[k] >= 'a' && r->pattern.at[k] <= 'z') || r->pattern.at[k] == '^');)
		k++;
	r->unsure |= k + 1 >= r->pattern.len || r->pattern.at[k] != ':' || r->pattern.at[k + 1] != ']';
	r->i = k + 1;
}

static void
skip_class(struct reader *r)
{
	r->i++; /* [ */
	if (peek(r) == '^')
		r->i++;
	if (peek(r) == ']')
		r->i++;
	while (r->i < r->pattern.len && peek(r) != ']') {
		if (peek(r) == '\\') {
			r->i++;
			r->unsure |= peek(r) == 'Q';
		} else if (peek(r) == '[') {
			skip_named(r);
		}
		r->i++;
	}
	r->i++;
}

/* What may stand behind a group's parenthesis and change all that follows: a verb, x mode, and what is not known. */
static void
check_group(struct reader *r)
{
	char first = r->i + 1 < r->pattern.len ? r->pattern.at[r->i + 1] : '\0';
	r->unsure |= first == '*';
	if (first != '?')
		return;
	size_t k = r->i + 2;
	char kind = k < r->pattern.len ? r->pattern.at[k] : '\0';
	/* options, groups without capture, look-around, names */
	r->unsure |= kind == '\0' || memchr("imsxn-:=!<P>", kind, 12) == NULL;
	while (k < r->pattern.len &&
		((r->pattern.at[k] >= 'a' && r->pattern.at[k] <= 'z') || r->pattern.at[k] == '-'))
		r->unsure |= r->pattern.at[k++] == 'x';
}

/* A group is passed over whole, with those in it. */
static void
skip_group(struct reader *r)
{
	unsigned depth = 0;
	while (r->i < r->pattern.len) {
		char c = peek(r);
		if (c == '\\') {
			r->unsure |= r->i + 1 < r->pattern.len && r->pattern.at[r->i + 1] == 'Q';
			r->i += 2;
			continue;
		}
		if (c == '[') {
			skip_class(r);
			continue;
		}
		if (c == '(')
			check_group(r);
		r->i++;
		depth += c == '(';
		if (c == ')' && --depth == 0)
			return;
	}
	r->unsure = true;
}

/* The characters of the class that stands in text, if they are few and written one by one; 0: they are not. */
static uint32_t
few_of(struct vd_str text, char few[VD_REQUIRED_PAIRS])
{
	uint32_t n = 0;
	for (size_t i = 1; i + 1 < text.len; i++) {
		char c = text.at[i];
		bool plain = c >= ' ' && c < 0x7f && memchr("^-[\\", c, 4) == NULL;
		if (!plain || n == VD_REQUIRED_PAIRS)
			return 0;
		few[n++] = c;
	}
	return n;
}

/* The same of a group that stands in text: (a|b). */
static uint32_t
few_of_group(struct vd_str text, char few[VD_REQUIRED_PAIRS])
{
	uint32_t n = 0;
	size_t i = 1;
	for (; i + 1 < text.len; i += 2) {
		char c = text.at[i];
		bool plain = c >= ' ' && c < 0x7f && memchr("^$.*+?()[]{}|\\", c, 14) == NULL;
		if (!plain || n == VD_REQUIRED_PAIRS || text.at[i + 1] != (i + 2 == text.len ? ')' : '|'))
			return 0;
		few[n++] = c;
	}
	return i == text.len ? n : 0; /* else the last is empty */
}

/* A class or a group: behind a character those of a few characters make pairs, if they must be there. */
static void
choice(struct reader *r)
{
	bool optional, behind = r->n > r->from, group = peek(r) == '(';
	char before = behind ? r->to[r->n - 1] : '\0', few[VD_REQUIRED_PAIRS];
	size_t from = r->i;
	end_run(r);
	if (group)
		skip_group(r);
	else
		skip_class(r);
	struct vd_str text = {r->pattern.at + from, r->i - from};
	uint32_t n = r->i > r->pattern.len ? 0 : group ? few_of_group(text, few) : few_of(text, few);
	bool counted = skip_quantifier(r, &optional);
	if (!behind || n == 0 || (counted && optional) || (r->n_pairs != 0 && r->n_pairs <= n))
		return;
	r->n_pairs = n;
	for (uint32_t i = 0; i < n; i++) {
		r->pairs[i][0] = before;
		r->pairs[i][1] = few[i];
	}
}

static void
take(struct reader *r, char c)
{
	bool optional, counted = skip_quantifier(r, &optional);
	if (!counted || !optional) {
		r->to[r->n++] = c;
		r->bytes[(unsigned char)c / 64] |= (uint64_t)1 << ((unsigned char)c % 64);
		r->times[(unsigned char)c]++;
	}
	if (counted)
		end_run(r);
}

static void
escape(struct reader *r)
{
	r->i++;
	char c = peek(r);
	r->i++;
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), optional;
	bool digit = c >= '0' && c <= '9';
	if (!letter && !digit && c > ' ' && c < 0x7f) { /* punctuation stands for itself */
		take(r, c);
		return;
	}
	end_run(r);
	/* classes and assertions of one letter; others carry arguments and are not read here */
	r->unsure |= c == '\0' || memchr("bBdDsSwWnrtfvhHRAzZ", c, 19) == NULL;
	(void)skip_quantifier(r, &optional);
}

static void
step(struct reader *r)
{
	char c = peek(r);
	bool optional;
	switch (c) {
	case '|':
		r->unsure = true;
		return;
	case '\\':
		escape(r);
		return;
	case '(':
	case '[':
		choice(r);
		return;
	case '.':
	case '^':
	case '$':
		end_run(r);
		r->i++;
		(void)skip_quantifier(r, &optional);
		return;
	case ')':
		r->unsure = true;
		return;
	default:
		break;
	}
	r->i++;
	if (c >= ' ' && c < 0x7f)
		take(r, c);
	else {
		end_run(r);
		(void)skip_quantifier(r, &optional);
	}
}

struct vd_required
vd_required_find(struct vd_str pattern, char *to)
{
	struct reader r = {.pattern = pattern, .to = to};
	while (r.i < pattern.len && !r.unsure)
		step(&r);
	end_run(&r);
	struct vd_required found = {.literal = {to, 0}};
	if (r.unsure)
		return found;
	found.literal = (struct vd_str){to + r.best, r.best_len};
	memcpy(found.bytes, r.bytes, sizeof found.bytes);
	for (unsigned char c = 0; c < 128; c++)
		if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && r.times[c] > found.times) {
			found.often = (char)c;
			found.times = r.times[c];
		}
	found.n_pairs = r.n_pairs;
	memcpy(found.pairs, r.pairs, sizeof found.pairs);
	return found;
}
