#include "main/trust/report.h"

#include "base/time.h"

static const struct vd_column columns[] = {
	{"kind", VD_COLUMN_TEXT, VD_FIT_WHOLE},
	{"role", VD_COLUMN_TEXT, VD_FIT_WHOLE},
	{"verdict", VD_COLUMN_TEXT, VD_FIT_WHOLE},
	{"id", VD_COLUMN_TEXT, VD_FIT_MIDDLE},
	{"not_after", VD_COLUMN_TEXT, VD_FIT_WHOLE},
	{"subject", VD_COLUMN_TEXT, VD_FIT_DROP},
	{"serial", VD_COLUMN_TEXT, VD_FIT_DROP},
	{"not_before", VD_COLUMN_TEXT, VD_FIT_DROP},
	{"message", VD_COLUMN_TEXT, VD_FIT_WHOLE},
};

enum vd_status
vd_trust_report_init(struct vd_trust_report *ret, struct vd_err *err)
{
	*ret = (struct vd_trust_report){vd_rows_new(columns, VD_ARRAY_LEN(columns)), 0};
	return ret->rows == NULL ? vd_fail(err, VD_ENOMEM, "no memory for the rows") : VD_OK;
}

void
vd_trust_report_fini(struct vd_trust_report *report)
{
	vd_rows_free(report->rows);
	report->rows = NULL;
}

/* Null where the certificate's time cannot be read. */
static struct vd_str
time_cell(int64_t ms, char text[VD_TIME_TEXT_MAX])
{
	if (ms == INT64_MIN || ms == INT64_MAX)
		return (struct vd_str){0};
	return (struct vd_str){text, vd_time_format(ms, text)};
}

enum vd_status
vd_trust_report_add(struct vd_trust_report *report, const struct vd_trust_row *row, struct vd_err *err)
{
	char serial[VD_SERIAL_MAX], begins[VD_TIME_TEXT_MAX], ends[VD_TIME_TEXT_MAX],
		uri[VD_SPIFFE_URI_MAX + 1];
	size_t uri_len = 0;
	VD_AUTO_FINI(vd_buf) subject;
	vd_buf_init(&subject, 0);
	vd_buf_text(&subject, "");
	vd_cert_subject(row->cert, &subject);
	if (subject.failed)
		return vd_fail(err, VD_ENOMEM, "no memory for a subject");
	bool has_uri = vd_cert_uri(row->cert, uri, &uri_len) == 1,
	     has_serial = vd_cert_serial(row->cert, serial);
	const struct vd_str cells[VD_ARRAY_LEN(columns)] = {
		vd_str_from(row->kind),
		vd_str_from(row->role),
		vd_str_from(row->verdict),
		has_uri ? (struct vd_str){uri, uri_len} : (struct vd_str){0},
		time_cell(vd_cert_ends_ms(row->cert), ends),
		vd_buf_view(&subject),
		has_serial ? vd_str_from(serial) : (struct vd_str){0},
		time_cell(vd_cert_begins_ms(row->cert), begins),
		vd_str_from(row->message),
	};
	if (strcmp(row->verdict, "ok") != 0)
		report->faults++;
	return vd_rows_add(report->rows, cells, err);
}

/* What the calendar says of one part. */
static void
judge(struct vd_trust_row *row, unsigned due, int64_t now_ms)
{
	bool root = strcmp(row->kind, "root") == 0, next = strcmp(row->role, "next") == 0;
	bool old = strcmp(row->role, "old") == 0;
	unsigned mine = !root  ? VD_ROTATE_INTERMEDIATE
			: next ? VD_ROTATE_USE_ROOT
			: old  ? VD_ROTATE_PRUNE
			       : VD_ROTATE_NEXT_ROOT;
	row->verdict = "ok";
	row->message = "";
	if (vd_cert_ends_ms(row->cert) <= now_ms && !old) {
		row->verdict = "ended";
		row->message = root ? "vedette trust rotate --root --now" : "vedette trust rotate";
	} else if ((due & mine) != 0) {
		row->verdict = "due";
		row->message = "vedette trust rotate";
	}
}

enum vd_status
vd_trust_report_authority(struct vd_trust_report *report, const struct vd_authority *authority,
	int64_t now_ms, struct vd_err *err)
{
	unsigned due = vd_authority_due(authority, now_ms);
	struct vd_authority_part part;
	enum vd_status st = VD_OK;
	for (size_t i = 0; st == VD_OK && vd_authority_peek(authority, i, &part); i++) {
		struct vd_trust_row row = {.kind = part.kind, .role = part.role, .cert = part.cert};
		judge(&row, due, now_ms);
		st = vd_trust_report_add(report, &row, err);
	}
	return st;
}
