/*
 * OCSF Detection Finding, one object a line.  What OCSF has no place for (file and line of the event, group
 * values, repairs) stands under unmapped.
 */
#include "main/detect/report.h"

#include "base/time.h"
#include "main/attack.h"
#include "main/level.h"

#define OCSF_VERSION "1.3.0"
#define CATEGORY_FINDINGS 2
#define CLASS_DETECTION_FINDING 2004
#define ACTIVITY_CREATE 1
#define TYPE_CREATE (CLASS_DETECTION_FINDING * 100 + ACTIVITY_CREATE)
#define STATUS_NEW 1
#define ANALYTIC_RULE 1
#define DEVICE_TYPE_UNKNOWN 0
#define OBSERVABLE_HOSTNAME 1
#define OBSERVABLE_IP 2
#define OBSERVABLE_USER 4
#define OBSERVABLE_PROCESS 9

/* Fields whose values OCSF wants to be found again; type numbers of the observable object. */
static const struct observable_field {
	struct vd_str field;
	unsigned type;
	const char *type_name;
} observable_fields[] = {
	{{"SourceIp", 8}, OBSERVABLE_IP, "IP Address"},
	{{"DestinationIp", 13}, OBSERVABLE_IP, "IP Address"},
	{{"IpAddress", 9}, OBSERVABLE_IP, "IP Address"},
	{{"ClientIP", 8}, OBSERVABLE_IP, "IP Address"},
	{{"sourceIPAddress", 15}, OBSERVABLE_IP, "IP Address"},
	{{"c-ip", 4}, OBSERVABLE_IP, "IP Address"},
	{{"src_ip", 6}, OBSERVABLE_IP, "IP Address"},
	{{"dst_ip", 6}, OBSERVABLE_IP, "IP Address"},
	{{"User", 4}, OBSERVABLE_USER, "User Name"},
	{{"TargetUserName", 14}, OBSERVABLE_USER, "User Name"},
	{{"SubjectUserName", 15}, OBSERVABLE_USER, "User Name"},
	{{"Image", 5}, OBSERVABLE_PROCESS, "Process Name"},
	{{"ParentImage", 11}, OBSERVABLE_PROCESS, "Process Name"},
	{{"SourceImage", 11}, OBSERVABLE_PROCESS, "Process Name"},
	{{"TargetImage", 11}, OBSERVABLE_PROCESS, "Process Name"},
};

static void
key_text(struct vd_buf *to, const char *key, struct vd_str value)
{
	vd_buf_printf(to, "\"%s\":", key);
	vd_buf_json(to, value);
}

static int64_t
time_of(const struct vd_report_style *style, const struct vd_report_row *row)
{
	return row->has_time ? row->time_ms : style->started_ms;
}

/* ---- ATT&CK ---- */

static void
tactic(struct vd_buf *to, const struct vd_tactic *t, bool *first)
{
	vd_buf_text(to, *first ? "{\"tactic\":{" : ",{\"tactic\":{");
	*first = false;
	key_text(to, "name", t->name);
	if (t->uid.len > 0) {
		vd_buf_char(to, ',');
		key_text(to, "uid", t->uid);
	}
	vd_buf_text(to, "}}");
}

static void
technique(struct vd_buf *to, struct vd_str number, bool *first)
{
	vd_buf_text(to, *first ? "{" : ",{");
	*first = false;
	vd_buf_printf(to, "\"technique\":{\"uid\":\"T%.4s\"}", number.at);
	if (number.len > 4)
		vd_buf_printf(to, ",\"sub_technique\":{\"uid\":\"T%.8s\"}", number.at);
	vd_buf_char(to, '}');
}

static void
attacks(struct vd_buf *to, const struct vd_rule_view *rule)
{
	bool first = true;
	vd_buf_text(to, ",\"attacks\":[");
	for (size_t i = 0; i < rule->n_tags; i++) {
		size_t t;
		struct vd_str number;
		if (vd_attack_tactic_of(rule->tags[i], &t))
			tactic(to, vd_attack_tactic(t), &first);
		else if (vd_attack_technique_of(rule->tags[i], &number))
			technique(to, number, &first);
	}
	vd_buf_char(to, ']');
}

/* ---- finding_info ---- */

static void
analytic(struct vd_buf *to, const struct vd_rule_view *rule)
{
	static const char digits[] = "0123456789abcdef";
	vd_buf_printf(to, ",\"analytic\":{\"type_id\":%d,\"type\":\"Rule\",", ANALYTIC_RULE);
	key_text(to, "name", rule->title);
	if (rule->id.len > 0) {
		vd_buf_char(to, ',');
		key_text(to, "uid", rule->id);
	}
	vd_buf_text(to, ",\"category\":\"");
	vd_buf_text(to, rule->correlation ? "Sigma correlation" : "Sigma rule");
	vd_buf_text(to, "\",\"version\":\"");
	for (size_t i = 0; i < sizeof rule->hash; i++) {
		vd_buf_char(to, digits[rule->hash[i] >> 4]);
		vd_buf_char(to, digits[rule->hash[i] & 15]);
	}
	vd_buf_text(to, "\"}");
}

static void
related_events(struct vd_buf *to, const struct vd_report_row *row)
{
	struct vd_buf uid;
	vd_buf_init(&uid, 0);
	vd_buf_text(to, ",\"related_events\":[");
	for (size_t i = 0; i < row->n_events; i++) {
		vd_buf_reset(&uid);
		vd_buf_str(&uid, row->events[i].source);
		vd_buf_printf(&uid, ":%llu", (unsigned long long)row->events[i].line);
		vd_buf_text(to, i > 0 ? ",{" : "{");
		key_text(to, "uid", vd_buf_view(&uid));
		vd_buf_char(to, '}');
	}
	vd_buf_char(to, ']');
	to->failed = to->failed || uid.failed;
	vd_buf_fini(&uid);
}

static void
finding(struct vd_buf *to, const struct vd_report_style *style, const struct vd_report_row *row)
{
	const struct vd_rule_view *rule = &row->rule->view;
	vd_buf_text(to, ",\"finding_info\":{\"uid\":\"");
	vd_report_hex(to, row->id);
	vd_buf_text(to, "\",");
	key_text(to, "title", rule->title.len > 0 ? rule->title : rule->id);
	if (rule->description.len > 0) {
		vd_buf_char(to, ',');
		key_text(to, "desc", rule->description);
	}
	vd_buf_printf(to, ",\"types\":[\"%s\"]", vd_report_kind_name(row->kind));
	if (row->has_time)
		vd_buf_printf(to, ",\"created_time\":%lld", (long long)row->time_ms);
	analytic(to, rule);
	attacks(to, rule);
	if (row->kind == VD_REPORT_CORRELATION)
		related_events(to, row);
	vd_buf_char(to, '}');
}

/* ---- what the finding rests on ---- */

static void
evidences(struct vd_buf *to, const struct vd_report_row *row)
{
	/* any JSON by the schema; an object, since that is what its readers' models take */
	vd_buf_text(to, ",\"evidences\":[{\"data\":{");
	if (row->kind == VD_REPORT_MATCH) {
		vd_buf_text(to, "\"matched\":");
		vd_report_json_matched(to, row);
	} else {
		vd_buf_text(to, "\"group\":");
		vd_report_json_group(to, row);
		vd_buf_text(to, ",\"events\":");
		vd_report_json_events(to, row);
	}
	vd_buf_text(to, "}}]");
}

static void
observable(struct vd_buf *to, const char *name, unsigned type, const char *type_name, struct vd_str value,
	bool *first)
{
	vd_buf_printf(to, "%s{\"name\":\"%s\",\"type_id\":%u,\"type\":\"%s\",", *first ? "" : ",", name, type,
		type_name);
	*first = false;
	key_text(to, "value", value);
	vd_buf_char(to, '}');
}

static void
observables(struct vd_buf *to, const struct vd_report_row *row)
{
	bool first = true;
	vd_buf_text(to, ",\"observables\":[");
	if (row->host.len > 0)
		observable(to, "device.hostname", OBSERVABLE_HOSTNAME, "Hostname", row->host, &first);
	for (size_t i = 0; i < row->n_matched; i++) {
		const struct vd_evidence *e = &row->matched[i];
		for (size_t k = 0;
			k < VD_ARRAY_LEN(observable_fields) && e->value.at != NULL && vd_report_shows(e); k++)
			if (vd_str_eq(e->field, observable_fields[k].field))
				observable(to, "evidences[].data", observable_fields[k].type,
					observable_fields[k].type_name, e->value, &first);
	}
	vd_buf_char(to, ']');
}

static void
host(struct vd_buf *to, struct vd_str name)
{
	if (name.len == 0)
		return;
	vd_buf_printf(to, ",\"device\":{\"type_id\":%d,", DEVICE_TYPE_UNKNOWN);
	key_text(to, "hostname", name);
	vd_buf_text(to, "},\"resources\":[{\"type\":\"host\",");
	key_text(to, "name", name);
	vd_buf_text(to, "}]");
}

static void
metadata(struct vd_buf *to, const struct vd_report_row *row)
{
	vd_buf_text(to, ",\"metadata\":{\"version\":\"" OCSF_VERSION
			"\",\"product\":{\"name\":\"Vedette\",\"vendor_name\":\"Vedette\",\"version\":"
			"\"" VD_ENGINE_VERSION "\"},\"profiles\":[");
	vd_buf_text(to, row->host.len > 0 ? "\"host\"]" : "]");
	vd_buf_text(to, ",\"uid\":\"");
	vd_report_hex(to, row->id);
	vd_buf_text(to, "\"}");
}

static void
unmapped(struct vd_buf *to, const struct vd_report_row *row)
{
	vd_buf_text(to, ",\"unmapped\":{");
	if (row->has_place) {
		key_text(to, "event_file", row->place.source);
		vd_buf_printf(to, ",\"event_line\":%llu,", (unsigned long long)row->place.line);
	}
	vd_buf_printf(to, "\"event_time_known\":%s", row->has_time ? "true" : "false");
	if (row->kind == VD_REPORT_CORRELATION) {
		vd_buf_text(to, ",\"group\":");
		vd_report_json_group(to, row);
	}
	if (row->repaired != 0) {
		vd_buf_text(to, ",\"repaired\":");
		vd_report_json_repaired(to, row->repaired);
	}
	vd_buf_char(to, '}');
}

static void
ocsf_row(const struct vd_report_style *style, const struct vd_report_row *row, struct vd_buf *to)
{
	const struct vd_rule_view *rule = &row->rule->view;
	vd_buf_printf(to,
		"{\"class_uid\":%d,\"class_name\":\"Detection "
		"Finding\",\"category_uid\":%d,\"category_name\":\"Findings\","
		"\"activity_id\":%d,\"activity_name\":\"Create\",\"type_uid\":%d,"
		"\"type_name\":\"Detection Finding: "
		"Create\",\"severity_id\":%u,\"severity\":\"%s\",\"status_id\":%d,"
		"\"status\":\"New\",\"is_alert\":true,\"time\":%lld,",
		CLASS_DETECTION_FINDING, CATEGORY_FINDINGS, ACTIVITY_CREATE, TYPE_CREATE,
		vd_level_severity(row->rule->rank), vd_level_severity_name(row->rule->rank), STATUS_NEW,
		(long long)time_of(style, row));
	key_text(to, "message", rule->title.len > 0 ? rule->title : rule->id);
	if (row->kind == VD_REPORT_CORRELATION)
		vd_buf_printf(to, ",\"count\":%llu", (unsigned long long)row->count);
	finding(to, style, row);
	evidences(to, row);
	observables(to, row);
	host(to, row->host);
	metadata(to, row);
	unmapped(to, row);
	vd_buf_text(to, "}\n");
}

const struct vd_report_format vd_out_ocsf = {.begin = "", .end = "", .row = ocsf_row};
