#include "trust/identity/revoked.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/time.h"
#include "trust/identity/spiffe_id.h"

#define FIRST_LINE "vedette revoked 1"
#define YEAR_10000_MS 253402300800000 /* certificates end before it (RFC 5280, 4.1.2.5) */

struct serial {
	char text[VD_SERIAL_MAX];
};

struct service {
	struct vd_str id;
	int64_t before_ms; /* INT64_MAX: always */
};

struct vd_revoked {
	uint32_t magic;
#define VD_REVOKED_MAGIC 0x7265766fu
	atomic_uint refs;
	struct vd_arena *arena; /* owns the ids */
	struct serial *serials; /* sorted, as are the services */
	size_t n_serials, serials_cap;
	struct service *services; /* one an id: the latest moment counts */
	size_t n_services, services_cap;
	int64_t before_ms; /* INT64_MIN: no such line */
};

/* ---- order ---- */

static int
compare_serials(const void *a, const void *b)
{
	return strcmp(((const struct serial *)a)->text, ((const struct serial *)b)->text);
}

static int
compare_ids(const void *a, const void *b)
{
	return vd_str_cmp(((const struct service *)a)->id, ((const struct service *)b)->id);
}

static void
settle(struct vd_revoked *revoked)
{
	size_t kept = 0;
	if (revoked->n_serials > 0)
		qsort(revoked->serials, revoked->n_serials, sizeof *revoked->serials, compare_serials);
	if (revoked->n_services > 0)
		qsort(revoked->services, revoked->n_services, sizeof *revoked->services, compare_ids);
	for (size_t i = 0; i < revoked->n_serials; i++)
		if (kept == 0 || compare_serials(&revoked->serials[kept - 1], &revoked->serials[i]) != 0)
			revoked->serials[kept++] = revoked->serials[i];
	revoked->n_serials = kept;
	kept = 0;
	for (size_t i = 0; i < revoked->n_services; i++) {
		const struct service *service = &revoked->services[i];
		if (kept == 0 || compare_ids(&revoked->services[kept - 1], service) != 0)
			revoked->services[kept++] = *service;
		else
			revoked->services[kept - 1].before_ms =
				VD_MAX(revoked->services[kept - 1].before_ms, service->before_ms);
	}
	revoked->n_services = kept;
}

/* ---- reading ---- */

static struct vd_str
take_word(struct vd_str *line)
{
	*line = vd_str_trim(*line);
	size_t n = 0;
	while (n < line->len && line->at[n] != ' ' && line->at[n] != '\t')
		n++;
	struct vd_str word = {line->at, n};
	*line = (struct vd_str){line->at + n, line->len - n};
	return word;
}

/* Digits of either case, with or without zeros in front, as vd_cert_serial writes them. */
static bool
normal_serial(struct vd_str digits, struct serial *ret)
{
	while (digits.len > 1 && digits.at[0] == '0')
		digits = (struct vd_str){digits.at + 1, digits.len - 1};
	size_t pad = digits.len % 2;
	if (digits.len == 0 || digits.len + pad >= VD_SERIAL_MAX)
		return false;
	ret->text[0] = '0';
	for (size_t i = 0; i < digits.len; i++) {
		char c = digits.at[i];
		if (c >= 'A' && c <= 'F')
			c = (char)(c + 'a' - 'A');
		if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
			return false;
		ret->text[pad + i] = c;
	}
	ret->text[pad + digits.len] = '\0';
	return true;
}

static enum vd_status
read_time(struct vd_str *line, int64_t *ret_ms, struct vd_err *err)
{
	struct vd_str word = take_word(line);
	if (!vd_time_parse(word, ret_ms) || *ret_ms < 0 || *ret_ms >= YEAR_10000_MS)
		return vd_fail(err, VD_EINPUT, "'%.*s' is no time (2026-01-05T03:59:00Z)",
			(int)VD_MIN(word.len, 64u), word.at);
	return VD_OK;
}

static enum vd_status
read_serial(struct vd_revoked *revoked, struct vd_str *line, struct vd_err *err)
{
	struct serial serial;
	struct vd_str word = take_word(line);
	void *grown = revoked->serials;
	if (!normal_serial(word, &serial))
		return vd_fail(err, VD_EINPUT, "'%.*s' is no serial number: 1 to 40 hexadecimal digits",
			(int)VD_MIN(word.len, 64u), word.at);
	if (!vd_mem_grow(&grown, &revoked->serials_cap, revoked->n_serials + 1, sizeof serial, 16))
		return vd_fail(err, VD_ENOMEM, "no memory for %zu serial numbers", revoked->n_serials);
	revoked->serials = grown;
	revoked->serials[revoked->n_serials++] = serial;
	return VD_OK;
}

static enum vd_status
read_id(struct vd_revoked *revoked, struct vd_str *line, struct vd_err *err)
{
	struct service service = {.before_ms = INT64_MAX};
	struct vd_spiffe_id id;
	enum vd_status st = vd_spiffe_id_parse(take_word(line), &id, err);
	*line = vd_str_trim(*line);
	if (st == VD_OK && line->len > 0) {
		struct vd_str before = take_word(line);
		st = vd_str_is(before, "before")
			     ? read_time(line, &service.before_ms, err)
			     : vd_fail(err, VD_EINPUT, "after an id comes 'before' and a time, or nothing");
	}
	if (st != VD_OK)
		return st;
	void *grown = revoked->services;
	if (!vd_arena_str(revoked->arena, id.text, &service.id) ||
		!vd_mem_grow(&grown, &revoked->services_cap, revoked->n_services + 1, sizeof service, 16))
		return vd_fail(err, VD_ENOMEM, "no memory for %zu ids", revoked->n_services);
	revoked->services = grown;
	revoked->services[revoked->n_services++] = service;
	return VD_OK;
}

static enum vd_status
read_line(struct vd_revoked *revoked, struct vd_str line, struct vd_err *err)
{
	struct vd_str what = take_word(&line);
	int64_t before_ms;
	enum vd_status st;
	if (vd_str_is(what, "serial")) {
		st = read_serial(revoked, &line, err);
	} else if (vd_str_is(what, "id")) {
		st = read_id(revoked, &line, err);
	} else if (vd_str_is(what, "before")) {
		st = read_time(&line, &before_ms, err);
		if (st == VD_OK)
			revoked->before_ms = VD_MAX(revoked->before_ms, before_ms);
	} else {
		return vd_fail(err, VD_EINPUT, "'%.*s' is neither serial, id, before nor end",
			(int)VD_MIN(what.len, 64u), what.at);
	}
	if (st == VD_OK && vd_str_trim(line).len > 0)
		return vd_fail(err, VD_EINPUT, "more words than one revocation has");
	return st;
}

static struct vd_str
take_line(struct vd_str *text)
{
	const char *end = text->len == 0 ? NULL : memchr(text->at, '\n', text->len);
	size_t n = end == NULL ? text->len : (size_t)(end - text->at);
	struct vd_str line = {text->at, n};
	n += end == NULL ? 0 : 1;
	*text = (struct vd_str){text->at + n, text->len - n};
	return vd_str_trim(line);
}

/* The lines after the first.  A list without its "end" was cut, and what is missing would be trusted. */
static enum vd_status
read_lines(struct vd_revoked *revoked, struct vd_str text, struct vd_err *err)
{
	bool ended = false;
	size_t lines = 0;
	for (uint32_t n = 2; text.len > 0; n++) {
		struct vd_str line = take_line(&text);
		enum vd_status st = VD_OK;
		if (line.len == 0 || line.at[0] == '#')
			continue;
		if (ended)
			st = vd_fail(err, VD_EINPUT, "something after 'end'");
		else if (vd_str_is(line, "end"))
			ended = true;
		else if (++lines > VD_REVOKED_MAX)
			st = vd_fail(err, VD_ELIMIT, "more than %u revocations", VD_REVOKED_MAX);
		else
			st = read_line(revoked, line, err);
		if (st != VD_OK) {
			st = vd_fail_in(err, st, "line %u", n);
			if (err != NULL)
				err->line = n;
			return st;
		}
	}
	return ended ? VD_OK : vd_fail(err, VD_EINPUT, "the list has no 'end': it was cut");
}

static enum vd_status
read_first(struct vd_str *text, struct vd_err *err)
{
	struct vd_str line = take_line(text);
	if (vd_str_is(line, FIRST_LINE))
		return VD_OK;
	if (vd_str_starts(line, "vedette revoked "))
		return vd_fail(err, VD_EVERSION, "a list of revocations of another version");
	return vd_fail(err, VD_EINPUT, "no list of revocations: its first line is '" FIRST_LINE "'");
}

enum vd_status
vd_revoked_read(struct vd_str text, struct vd_revoked **ret, struct vd_err *err)
{
	if (text.len > VD_REVOKED_TEXT_MAX)
		return vd_fail(err, VD_ELIMIT, "more than %u bytes", VD_REVOKED_TEXT_MAX);
	enum vd_status st = read_first(&text, err);
	if (st != VD_OK)
		return st;
	VD_AUTO(vd_revoked) revoked = vd_obj_new(struct vd_revoked, VD_REVOKED_MAGIC);
	if (revoked == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for revocations");
	revoked->refs = 1;
	revoked->before_ms = INT64_MIN;
	revoked->arena = vd_arena_new(0);
	if (revoked->arena == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for revocations");
	st = read_lines(revoked, text, err);
	if (st != VD_OK)
		return st;
	settle(revoked);
	*ret = vd_revoked_take(&revoked);
	return VD_OK;
}

/* ---- life ---- */

struct vd_revoked *
vd_revoked_ref(struct vd_revoked *revoked)
{
	if (revoked == NULL)
		return NULL;
	vd_obj_check(revoked, VD_REVOKED_MAGIC);
	atomic_fetch_add_explicit(&revoked->refs, 1, memory_order_relaxed);
	return revoked;
}

void
vd_revoked_unref(struct vd_revoked *revoked)
{
	if (revoked == NULL)
		return;
	vd_obj_check(revoked, VD_REVOKED_MAGIC);
	if (atomic_fetch_sub_explicit(&revoked->refs, 1, memory_order_acq_rel) > 1)
		return;
	vd_mem_free(revoked->serials);
	vd_mem_free(revoked->services);
	vd_arena_free(revoked->arena);
	vd_obj_free(revoked);
}

/* ---- asking ---- */

size_t
vd_revoked_count(const struct vd_revoked *revoked)
{
	return revoked->n_serials + revoked->n_services + (revoked->before_ms != INT64_MIN);
}

static bool
has_serial(const struct vd_revoked *revoked, const char *text)
{
	struct serial key;
	size_t n = strlen(text);
	if (n >= sizeof key.text || revoked->n_serials == 0)
		return false;
	memcpy(key.text, text, n + 1);
	return bsearch(&key, revoked->serials, revoked->n_serials, sizeof key, compare_serials) != NULL;
}

enum vd_revoked_why
vd_revoked_find(
	const struct vd_revoked *revoked, const char *serial, struct vd_str spiffe_id, int64_t issued_ms)
{
	if (revoked == NULL)
		return VD_REVOKED_NOT;
	if (has_serial(revoked, serial))
		return VD_REVOKED_SERIAL;
	struct service key = {.id = spiffe_id};
	const struct service *found =
		revoked->n_services == 0
			? NULL
			: bsearch(&key, revoked->services, revoked->n_services, sizeof key, compare_ids);
	if (found != NULL && found->before_ms == INT64_MAX)
		return VD_REVOKED_ID;
	if (found != NULL && issued_ms < found->before_ms)
		return VD_REVOKED_ID_BEFORE;
	return issued_ms < revoked->before_ms ? VD_REVOKED_BEFORE : VD_REVOKED_NOT;
}

void
vd_revoked_write(const struct vd_revoked *revoked, struct vd_buf *to)
{
	char time[VD_TIME_TEXT_MAX];
	vd_buf_text(to, FIRST_LINE "\n");
	if (revoked->before_ms != INT64_MIN) {
		(void)vd_time_format(revoked->before_ms, time);
		vd_buf_printf(to, "before %s\n", time);
	}
	for (size_t i = 0; i < revoked->n_services; i++) {
		const struct service *service = &revoked->services[i];
		vd_buf_text(to, "id ");
		vd_buf_str(to, service->id);
		if (service->before_ms != INT64_MAX) {
			(void)vd_time_format(service->before_ms, time);
			vd_buf_printf(to, " before %s", time);
		}
		vd_buf_char(to, '\n');
	}
	for (size_t i = 0; i < revoked->n_serials; i++)
		vd_buf_printf(to, "serial %s\n", revoked->serials[i].text);
	vd_buf_text(to, "end\n");
}

bool
vd_revoked_eq(const struct vd_revoked *a, const struct vd_revoked *b)
{
	if (a == b)
		return true;
	if (a == NULL || b == NULL || a->n_serials != b->n_serials || a->n_services != b->n_services ||
		a->before_ms != b->before_ms)
		return false;
	for (size_t i = 0; i < a->n_serials; i++)
		if (strcmp(a->serials[i].text, b->serials[i].text) != 0)
			return false;
	for (size_t i = 0; i < a->n_services; i++)
		if (!vd_str_eq(a->services[i].id, b->services[i].id) ||
			a->services[i].before_ms != b->services[i].before_ms)
			return false;
	return true;
}
