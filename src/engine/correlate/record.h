/*
 * One input of a correlation, kept while any window or buffer needs it: a match of a base rule, or a finding
 * of a correlation below.  Values are folded and stripped of their JSON types, as groups and counts see them.
 *
 * Memory: a record is one allocation, shared by reference count, charged to one account while it lives; a
 * finding holds references to the matches it names.  Records are made through a draft, which is scratch
 * memory of its owner.
 */
#ifndef VD_ENGINE_CORRELATE_RECORD_H
#define VD_ENGINE_CORRELATE_RECORD_H

#include "engine/correlate/plan.h"
#include "engine/correlate/wire.h"

#define VD_CORR_MAX_NAMED 1000u  /* contributing events a finding names */
#define VD_CORR_MAX_VALUES 1000u /* values of one field a record keeps */
#define VD_CORR_MAX_FANOUT 256u  /* groups, or tuples, one record gives */

struct vd_corr_val {
	struct vd_str text;
	double number;
	bool numeric;
};

struct vd_corr_record {
	uint32_t refs;
	uint32_t doc;
	int64_t t;
	struct vd_event_ref ref;
	bool has_ref;   /* false: a finding of a window that closed */
	size_t *charge; /* the account it is charged to */
	size_t size;    /* bytes charged */
	uint32_t mark;  /* its number while a state is saved */
	uint32_t n_named;
	struct vd_corr_record **named; /* a finding's matches, ascending by time and reference */
	uint64_t count;                /* events it stands for: 1, or a finding's count */
	uint32_t n_fields;
	const uint32_t *first; /* values of field i: vals[first[i]] up to vals[first[i + 1]] */
	const struct vd_corr_val *vals;
};

/* A record in the making. */
struct vd_corr_draft {
	const struct vd_corr_doc *doc;
	struct vd_buf text;
	struct vd_corr_draft_val {
		size_t at, len; /* in text */
	} * vals;
	size_t n_vals, cap_vals;
	uint32_t *first;
	size_t n_first, cap_first;
	size_t in_field;
	bool failed;  /* out of memory */
	bool dropped; /* values beyond VD_CORR_MAX_VALUES were left out */
};

void vd_corr_draft_fini(struct vd_corr_draft *draft);
/* Fields follow in the order of the document: values, end; values, end; … */
void vd_corr_draft_start(struct vd_corr_draft *draft, const struct vd_corr_doc *doc);
void vd_corr_draft_value(
	struct vd_corr_draft *draft, const struct vd_corr_value *value);    /* folds; null is none */
void vd_corr_draft_folded(struct vd_corr_draft *draft, struct vd_str text); /* as it is */
void vd_corr_draft_end(struct vd_corr_draft *draft);
/* Copies all into a new record with one reference; named are referenced.  NULL: out of memory. */
struct vd_corr_record *vd_corr_draft_finish(struct vd_corr_draft *draft, const struct vd_corr_record *head,
	struct vd_corr_record *const *named, size_t n_named, size_t *charge) VD_MUST_USE;

struct vd_corr_record *vd_corr_record_ref(struct vd_corr_record *record);
void vd_corr_record_unref(struct vd_corr_record *record);
void vd_corr_record_move(struct vd_corr_record *record, size_t *charge); /* to another account */

/* By reference of the event; records without one come last.  Then by document. */
int vd_corr_record_order(const struct vd_corr_record *a, const struct vd_corr_record *b);
bool vd_corr_record_same_event(const struct vd_corr_record *a, const struct vd_corr_record *b);

/* Bytes of a match (no finding); read checks everything against the plan. */
void vd_corr_record_write(const struct vd_corr_record *record, struct vd_buf *to);
void vd_corr_record_write_fields(const struct vd_corr_record *record, struct vd_buf *to);
enum vd_status vd_corr_record_read(struct vd_corr_reader *from, const struct vd_corr_plan *plan,
	struct vd_corr_draft *draft, size_t *charge, struct vd_corr_record **ret,
	struct vd_err *err) VD_MUST_USE;
void vd_corr_draft_read_fields(struct vd_corr_draft *draft, struct vd_corr_reader *from);

/*
 * Every combination of one value a field, as bytes: the key of a group, the tuple that value_count counts.
 * At most VD_CORR_MAX_FANOUT; distinct leaves out repeated values of a field.
 */
struct vd_corr_combo {
	const struct vd_corr_record *record;
	const uint32_t *slots;
	size_t n;
	bool distinct;
	size_t given;
	uint32_t at[VD_CORR_MAX_GROUP];
};

/* False: a field has no value, so there is no combination.  n 0: one, the empty key. */
bool vd_corr_combo_start(struct vd_corr_combo *combo, const struct vd_corr_record *record,
	const uint32_t *slots, size_t n, bool distinct) VD_MUST_USE;
bool vd_corr_combo_next(struct vd_corr_combo *combo) VD_MUST_USE;
bool vd_corr_combo_cut(const struct vd_corr_combo *combo); /* after the last: were there more */
void vd_corr_combo_key(const struct vd_corr_combo *combo, struct vd_buf *to); /* replaces to's bytes */

#endif
