/*
 * One finding as every output format shows it, and the formats themselves.  Formats are pure: they write into a
 * buffer, so worker threads may print their own rows.
 *
 * Memory: a row borrows everything.
 */
#ifndef VD_MAIN_DETECT_REPORT_H
#define VD_MAIN_DETECT_REPORT_H

#include "base/str.h"
#include "main/rows.h"
#include "vedette/engine.h"

#define VD_FINDING_ID_LEN 16u /* bytes */

/* What formats need of a rule, looked up once. */
struct vd_report_rule {
	struct vd_rule_view view;
	size_t rank; /* of its level (main/level.h) */
};

enum vd_report_kind { VD_REPORT_MATCH, VD_REPORT_CORRELATION };

struct vd_report_row {
	enum vd_report_kind kind;
	uint8_t id[VD_FINDING_ID_LEN];
	const struct vd_report_rule *rule;
	bool has_time;
	int64_t time_ms;
	struct vd_str host; /* empty: none */
	bool has_place;     /* false: a correlation whose window closed */
	struct vd_event_ref place;
	size_t n_matched; /* match */
	const struct vd_evidence *matched;
	uint32_t repaired; /* VD_MATCH_REPAIRED_* */
	size_t n_group;    /* correlation, and the rest */
	const struct vd_group_value *group;
	uint64_t count;
	size_t n_events;
	const struct vd_event_ref *events;
};

struct vd_report_style {
	size_t columns; /* of the terminal; 0: cut nothing */
	bool colours;
	int64_t started_ms; /* OCSF's time of a finding whose event has none */
};

struct vd_report_format {
	const char *begin;
	const char *end;
	size_t skip_first; /* bytes of the very first row to leave out: a separator */
	void (*row)(const struct vd_report_style *style, const struct vd_report_row *row, struct vd_buf *to);
	/* instead of begin where the heading depends on the style; may be NULL */
	void (*heading)(const struct vd_report_style *style, struct vd_buf *to);
};

const struct vd_report_format *vd_report_format(enum vd_format format);

/* out_table.c out_ndjson.c out_csv.c out_ocsf.c */
extern const struct vd_report_format vd_out_table;
extern const struct vd_report_format vd_out_ndjson;
extern const struct vd_report_format vd_out_json;
extern const struct vd_report_format vd_out_csv;
extern const struct vd_report_format vd_out_ocsf;

/* ---- pieces that formats share ---- */

const char *vd_report_kind_name(enum vd_report_kind kind); /* match, correlation */
#define VD_REPORT_ABSENT VD_S("(absent)") /* to people: the value of a field that the event does not have */

/* Evidence that belongs into "matched": holds, and not under a not. */
bool vd_report_shows(const struct vd_evidence *evidence);
void vd_report_hex(struct vd_buf *to, const uint8_t id[VD_FINDING_ID_LEN]);
void vd_report_json_time(struct vd_buf *to, const struct vd_report_row *row);    /* string or null */
void vd_report_json_matched(struct vd_buf *to, const struct vd_report_row *row); /* array */
void vd_report_json_group(struct vd_buf *to, const struct vd_report_row *row);   /* object */
void vd_report_json_events(struct vd_buf *to, const struct vd_report_row *row);  /* array */
void vd_report_json_repaired(struct vd_buf *to, uint32_t repaired);              /* array */

#endif
