#include "engine/correlate/record.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "engine/correlate/numbers.h"

#define EXACT_INTEGER 9007199254740992.0 /* 2^53: doubles below are exact integers */

void
vd_corr_draft_fini(struct vd_corr_draft *draft)
{
	vd_buf_fini(&draft->text);
	vd_mem_free(draft->vals);
	vd_mem_free(draft->first);
	*draft = (struct vd_corr_draft){0};
}

static void
mark_field(struct vd_corr_draft *draft)
{
	void *first = draft->first;
	if (!vd_mem_grow(&first, &draft->cap_first, draft->n_first + 1, sizeof *draft->first, 16)) {
		draft->failed = true;
		return;
	}
	draft->first = first;
	draft->first[draft->n_first++] = (uint32_t)draft->n_vals;
	draft->in_field = 0;
}

void
vd_corr_draft_start(struct vd_corr_draft *draft, const struct vd_corr_doc *doc)
{
	draft->doc = doc;
	vd_buf_reset(&draft->text);
	draft->n_vals = draft->n_first = 0;
	draft->failed = draft->dropped = false;
	mark_field(draft);
}

/* Room for one more value of the field; false: out of memory, or the field is full. */
static bool
more(struct vd_corr_draft *draft)
{
	if (draft->in_field == VD_CORR_MAX_VALUES) {
		draft->dropped = true;
		return false;
	}
	void *vals = draft->vals;
	if (draft->failed ||
		!vd_mem_grow(&vals, &draft->cap_vals, draft->n_vals + 1, sizeof *draft->vals, 16)) {
		draft->failed = true;
		return false;
	}
	draft->vals = vals;
	return true;
}

static void
close_value(struct vd_corr_draft *draft, size_t from)
{
	if (draft->text.failed) {
		draft->failed = true;
		return;
	}
	draft->vals[draft->n_vals++] = (struct vd_corr_draft_val){from, draft->text.len - from};
	draft->in_field++;
}

void
vd_corr_draft_folded(struct vd_corr_draft *draft, struct vd_str text)
{
	if (!more(draft))
		return;
	size_t from = draft->text.len;
	vd_buf_str(&draft->text, text);
	close_value(draft, from);
}

/* 443, 443.0 and 4.43e2 are one number; written as integers they are also equal to the text "443". */
static bool
write_integer(struct vd_corr_draft *draft, struct vd_str text)
{
	double number;
	if (text.len == 0 || text.len > 40)
		return false;
	bool plain = true;
	for (size_t i = 0; i < text.len; i++)
		plain &= text.at[i] != '.' && text.at[i] != 'e' && text.at[i] != 'E';
	if (plain || !vd_str_double(text, &number) || fabs(number) >= EXACT_INTEGER ||
		floor(number) != number)
		return false;
	vd_buf_printf(&draft->text, "%lld", (long long)number);
	return true;
}

void
vd_corr_draft_value(struct vd_corr_draft *draft, const struct vd_corr_value *value)
{
	if (value->type == VD_CORR_NULL || !more(draft))
		return;
	size_t from = draft->text.len;
	if (value->type != VD_CORR_NUMBER || !write_integer(draft, value->text)) {
		if (value->text.len != 0 && vd_buf_room(&draft->text, vd_fold_bound(value->text.len)))
			draft->text.len += vd_fold(draft->text.at + from, value->text.at, value->text.len);
	}
	close_value(draft, from);
}

void
vd_corr_draft_end(struct vd_corr_draft *draft)
{
	mark_field(draft);
}

static struct vd_corr_val
finished_value(const char *text, const struct vd_corr_draft_val *val, bool numeric)
{
	struct vd_corr_val made = {.text = {text + val->at, val->len}};
	if (numeric && vd_str_double(vd_str_trim(made.text), &made.number))
		made.numeric = fabs(made.number) <= VD_CORR_NUMBER_MAX;
	return made;
}

struct vd_corr_record *
vd_corr_draft_finish(struct vd_corr_draft *draft, const struct vd_corr_record *head,
	struct vd_corr_record *const *named, size_t n_named, size_t *charge)
{
	if (draft->failed)
		return NULL;
	size_t vals = draft->n_vals * sizeof(struct vd_corr_val), names = n_named * sizeof *named;
	size_t firsts = draft->n_first * sizeof *draft->first;
	size_t size = sizeof *head + vals + names + firsts + draft->text.len + head->ref.source.len;
	struct vd_corr_record *record = vd_mem_alloc(size);
	if (record == NULL)
		return NULL;
	/* in falling order of alignment: values, pointers, numbers, bytes */
	struct vd_corr_val *to_vals = (struct vd_corr_val *)(record + 1);
	struct vd_corr_record **to_named = (struct vd_corr_record **)(to_vals + draft->n_vals);
	uint32_t *to_first = (uint32_t *)(to_named + n_named);
	char *text = (char *)(to_first + draft->n_first), *source = text + draft->text.len;
	*record = (struct vd_corr_record){.refs = 1,
		.doc = head->doc,
		.t = head->t,
		.ref = head->ref,
		.has_ref = head->has_ref,
		.charge = charge,
		.size = size,
		.n_named = (uint32_t)n_named,
		.named = to_named,
		.count = head->count,
		.n_fields = (uint32_t)draft->n_first - 1,
		.first = to_first,
		.vals = to_vals};
	if (draft->text.len != 0)
		memcpy(text, draft->text.at, draft->text.len);
	if (head->ref.source.len != 0)
		memcpy(source, head->ref.source.at, head->ref.source.len);
	record->ref.source.at = source;
	memcpy(to_first, draft->first, firsts);
	for (size_t f = 0; f < record->n_fields; f++)
		for (size_t i = to_first[f]; i < to_first[f + 1]; i++)
			to_vals[i] = finished_value(text, &draft->vals[i], draft->doc->numeric[f]);
	for (size_t i = 0; i < n_named; i++)
		to_named[i] = vd_corr_record_ref(named[i]);
	*charge += size;
	return record;
}

struct vd_corr_record *
vd_corr_record_ref(struct vd_corr_record *record)
{
	record->refs++;
	return record;
}

void
vd_corr_record_unref(struct vd_corr_record *record)
{
	if (record == NULL || --record->refs > 0)
		return;
	/* one level: what a finding names are matches, which name nothing */
	for (size_t i = 0; i < record->n_named; i++)
		vd_corr_record_unref(record->named[i]);
	*record->charge -= record->size;
	vd_mem_free(record);
}

void
vd_corr_record_move(struct vd_corr_record *record, size_t *charge)
{
	*record->charge -= record->size;
	record->charge = charge;
	*charge += record->size;
}

int
vd_corr_record_order(const struct vd_corr_record *a, const struct vd_corr_record *b)
{
	if (a->has_ref != b->has_ref)
		return a->has_ref ? -1 : 1;
	int order = vd_str_cmp(a->ref.source, b->ref.source);
	if (order != 0)
		return order;
	if (a->ref.line != b->ref.line)
		return a->ref.line < b->ref.line ? -1 : 1;
	return a->doc < b->doc ? -1 : a->doc > b->doc;
}

bool
vd_corr_record_same_event(const struct vd_corr_record *a, const struct vd_corr_record *b)
{
	return a->has_ref && b->has_ref && a->t == b->t && a->ref.line == b->ref.line &&
	       vd_str_eq(a->ref.source, b->ref.source);
}

void
vd_corr_record_write_fields(const struct vd_corr_record *record, struct vd_buf *to)
{
	for (size_t f = 0; f < record->n_fields; f++) {
		vd_corr_put_u32(to, record->first[f + 1] - record->first[f]);
		for (size_t i = record->first[f]; i < record->first[f + 1]; i++)
			vd_corr_put_str(to, record->vals[i].text);
	}
}

void
vd_corr_record_write(const struct vd_corr_record *record, struct vd_buf *to)
{
	vd_corr_put_u32(to, record->doc);
	vd_corr_put_i64(to, record->t);
	vd_corr_put_str(to, record->ref.source);
	vd_corr_put_u64(to, record->ref.line);
	vd_corr_record_write_fields(record, to);
}

void
vd_corr_draft_read_fields(struct vd_corr_draft *draft, struct vd_corr_reader *from)
{
	for (size_t f = 0; f < draft->doc->n_fields && !from->bad; f++) {
		uint32_t n = vd_corr_get_count(from, 4);
		from->bad |= n > VD_CORR_MAX_VALUES;
		for (uint32_t i = 0; i < n && !from->bad; i++)
			vd_corr_draft_folded(draft, vd_corr_get_str(from));
		vd_corr_draft_end(draft);
	}
}

enum vd_status
vd_corr_record_read(struct vd_corr_reader *from, const struct vd_corr_plan *plan, struct vd_corr_draft *draft,
	size_t *charge, struct vd_corr_record **ret, struct vd_err *err)
{
	struct vd_corr_record head = {.count = 1, .has_ref = true};
	head.doc = vd_corr_get_u32(from);
	head.t = vd_corr_get_i64(from);
	head.ref.source = vd_corr_get_str(from);
	head.ref.line = vd_corr_get_u64(from);
	if (!from->bad && head.doc < plan->n_base) {
		vd_corr_draft_start(draft, &plan->docs[head.doc]);
		vd_corr_draft_read_fields(draft, from);
	}
	if (from->bad || head.doc >= plan->n_base || head.t < -VD_CORR_MAX_TIME || head.t > VD_CORR_MAX_TIME)
		return vd_fail(err, VD_EINPUT, "the bytes of a held match are damaged");
	struct vd_corr_record *record = vd_corr_draft_finish(draft, &head, NULL, 0, charge);
	if (record == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a held match");
	*ret = record;
	return VD_OK;
}

/* Is the value that the combination uses for this field one that came before in the field? */
static bool
repeated(const struct vd_corr_combo *combo, size_t field)
{
	if (!combo->distinct)
		return false;
	uint32_t from = combo->record->first[combo->slots[field]], now = from + combo->at[field];
	for (uint32_t i = from; i < now; i++)
		if (vd_str_eq(combo->record->vals[i].text, combo->record->vals[now].text))
			return true;
	return false;
}

bool
vd_corr_combo_start(struct vd_corr_combo *combo, const struct vd_corr_record *record, const uint32_t *slots,
	size_t n, bool distinct)
{
	*combo = (struct vd_corr_combo){
		.record = record, .slots = slots, .n = n, .distinct = distinct, .given = 1};
	for (size_t i = 0; i < n; i++)
		if (record->first[slots[i]] == record->first[slots[i] + 1])
			return false;
	return true;
}

/* Counts up like digits, the last field fastest; false when all have been. */
static bool
step(struct vd_corr_combo *combo)
{
	for (size_t i = combo->n; i-- > 0;) {
		uint32_t n =
			combo->record->first[combo->slots[i] + 1] - combo->record->first[combo->slots[i]];
		do
			combo->at[i]++;
		while (combo->at[i] < n && repeated(combo, i));
		if (combo->at[i] < n)
			return true;
		combo->at[i] = 0;
	}
	return false;
}

bool
vd_corr_combo_next(struct vd_corr_combo *combo)
{
	if (!step(combo))
		return false;
	return combo->given++ < VD_CORR_MAX_FANOUT;
}

bool
vd_corr_combo_cut(const struct vd_corr_combo *combo)
{
	return combo->given > VD_CORR_MAX_FANOUT;
}

void
vd_corr_combo_key(const struct vd_corr_combo *combo, struct vd_buf *to)
{
	vd_buf_reset(to);
	for (size_t i = 0; i < combo->n; i++)
		vd_corr_put_str(
			to, combo->record->vals[combo->record->first[combo->slots[i]] + combo->at[i]].text);
}
