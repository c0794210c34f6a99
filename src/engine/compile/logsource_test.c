#include "engine/compile/logsource.h"

#include "vd_test.h"

/* An event made of (reserved key, text) pairs; text "#…" is a number. */
#define MAX_FIELDS 8

struct made {
	struct vd_field fields[MAX_FIELDS];
	struct vd_event ev;
};

static void
made_add(struct made *made, uint32_t key, const char *text)
{
	struct vd_field *field = &made->fields[made->ev.n++];
	bool number = text[0] == '#';
	assert_true(made->ev.n <= MAX_FIELDS);
	*field = (struct vd_field){.raw = text + (number ? 1 : 0), .key = key};
	field->raw_len = (uint32_t)strlen(field->raw);
	field->type = number ? VD_F_NUMBER : VD_F_STRING;
	made->ev.fields = made->fields;
}

#define EVENT1(k1, t1)                                                                                       \
	struct made made = {.ev = {.n = 0}};                                                                 \
	made_add(&made, VD_K_##k1, t1)
#define EVENT2(k1, t1, k2, t2)                                                                               \
	EVENT1(k1, t1);                                                                                      \
	made_add(&made, VD_K_##k2, t2)
#define EVENT3(k1, t1, k2, t2, k3, t3)                                                                       \
	EVENT2(k1, t1, k2, t2);                                                                              \
	made_add(&made, VD_K_##k3, t3)

static bool
allows(const struct vd_source *src, const char *product, const char *category, const char *service)
{
	struct vd_logsource rule = {vd_str_from(product), vd_str_from(category), vd_str_from(service)};
	return vd_logsource_allows(&rule, src);
}

static struct vd_source
windows(const char *channel, const char *event_id)
{
	struct vd_source src;
	vd_logsource_windows(vd_str_from(channel), vd_str_from(event_id), &src);
	return src;
}

static const char *
class_of(const struct made *made)
{
	return vd_logsource_class_name(vd_logsource_class(&made->ev));
}

#define SYSMON "Microsoft-Windows-Sysmon/Operational"

VD_TEST(an_unknown_source_allows_every_rule)
{
	struct vd_source src;
	vd_logsource_describe(VD_LOGSOURCE_UNKNOWN, &src);
	assert_false(src.known);
	assert_true(allows(&src, "windows", "process_creation", NULL));
	assert_true(allows(NULL, "linux", NULL, "auditd"));
}

VD_TEST(a_word_no_row_knows_excludes_nothing)
{
	struct vd_source src = windows(SYSMON, "1");
	assert_true(allows(&src, NULL, "test", NULL));
	assert_true(allows(&src, "acme", NULL, "thing"));
	assert_false(allows(&src, "acme", "file_event", NULL));
}

VD_TEST(process_creation_is_sysmon_1_and_security_4688)
{
	struct vd_source sysmon = windows(SYSMON, "1");
	struct vd_source audit = windows("security", "4688");
	struct vd_source logon = windows("Security", "4624");
	assert_true(allows(&sysmon, "windows", "process_creation", NULL));
	assert_true(allows(&sysmon, "windows", NULL, "sysmon"));
	assert_false(allows(&sysmon, "windows", NULL, "security"));
	assert_true(allows(&audit, "windows", "process_creation", NULL));
	assert_true(allows(&audit, NULL, "process_creation", NULL));
	assert_true(allows(&audit, "windows", NULL, "security"));
	assert_false(allows(&logon, "windows", "process_creation", NULL));
	assert_true(allows(&logon, "Windows", NULL, "Security"));
}

VD_TEST(a_rule_of_another_product_does_not_see_windows_events)
{
	struct vd_source src = windows(SYSMON, "1");
	assert_false(allows(&src, "linux", "process_creation", NULL));
	assert_false(allows(&src, "cisco", NULL, "aaa"));
	assert_false(allows(&src, NULL, "webserver", NULL));
	assert_false(allows(&src, NULL, NULL, "apache"));
	assert_true(allows(&src, "windows", NULL, NULL));
	assert_true(allows(&src, NULL, NULL, NULL));
}

VD_TEST(registry_categories_share_event_ids)
{
	struct vd_source twelve = windows(SYSMON, "12");
	struct vd_source thirteen = windows(SYSMON, "13");
	assert_true(allows(&twelve, "windows", "registry_add", NULL));
	assert_true(allows(&twelve, "windows", "registry_delete", NULL));
	assert_true(allows(&twelve, "windows", "registry_event", NULL));
	assert_false(allows(&twelve, "windows", "registry_set", NULL));
	assert_true(allows(&thirteen, "windows", "registry_set", NULL));
	assert_true(allows(&thirteen, "windows", "registry_event", NULL));
	assert_false(allows(&thirteen, "windows", "registry_add", NULL));
}

VD_TEST(both_powershell_channels_give_scripts_and_modules)
{
	struct vd_source script = windows("PowerShellCore/Operational", "4104");
	struct vd_source module = windows("Microsoft-Windows-PowerShell/Operational", "4103");
	struct vd_source start = windows("Windows PowerShell", "400");
	assert_true(allows(&script, "windows", "ps_script", NULL));
	assert_false(allows(&script, "windows", "ps_module", NULL));
	assert_true(allows(&module, "windows", "ps_module", NULL));
	assert_true(allows(&module, "windows", NULL, "powershell"));
	assert_true(allows(&start, "windows", "ps_classic_start", NULL));
	assert_true(allows(&start, "windows", NULL, "powershell-classic"));
	assert_false(allows(&start, "windows", "ps_classic_provider_start", NULL));
}

VD_TEST(a_channel_no_row_knows_is_windows_of_no_service)
{
	struct vd_source src = windows("Acme-Agent/Operational", "1");
	assert_true(allows(&src, "windows", NULL, NULL));
	assert_false(allows(&src, "windows", "process_creation", NULL));
	assert_false(allows(&src, "windows", NULL, "security"));
	assert_false(allows(&src, "linux", NULL, NULL));
}

VD_TEST(forwarded_events_tell_only_the_product)
{
	struct vd_source src = windows("ForwardedEvents", "4624");
	assert_true(allows(&src, "windows", NULL, "security"));
	assert_true(allows(&src, "windows", "process_creation", NULL));
	assert_false(allows(&src, "linux", NULL, NULL));
}

VD_TEST(sysmon_for_linux_is_linux)
{
	struct vd_source src = windows("Linux-Sysmon/Operational", "1");
	assert_true(allows(&src, "linux", "process_creation", NULL));
	assert_true(allows(&src, "linux", NULL, "sysmon"));
	assert_false(allows(&src, "windows", "process_creation", NULL));
	assert_false(allows(&src, "linux", "file_event", NULL));
	assert_false(allows(&src, "linux", NULL, "auditd"));
}

VD_TEST(the_channel_of_an_event_is_found)
{
	struct vd_str channel = VD_S("?"), id = VD_S("?");
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	EVENT2(CHANNEL, "Security", EVENT_ID, "#4688");
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_CHANNEL);
	assert_true(vd_str_is(channel, "Security"));
	assert_true(vd_str_is(id, "4688"));
}

VD_TEST(beats_names_count_as_channel_and_event_id)
{
	struct vd_str channel = VD_S("?"), id = VD_S("?");
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	EVENT2(L_WINLOG_CHANNEL, SYSMON, L_WINLOG_EVENT_ID, "1");
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_CHANNEL);
	assert_true(vd_str_is(channel, SYSMON));
	assert_true(vd_str_is(id, "1"));
}

VD_TEST(a_provider_stands_for_its_channel)
{
	struct vd_str channel = VD_S("?"), id = VD_S("?");
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	EVENT2(PROVIDER_NAME, "Microsoft-Windows-Sysmon", EVENT_ID, "#1");
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_CHANNEL);
	assert_true(vd_str_is(channel, SYSMON));
}

VD_TEST(an_event_without_channel_is_of_no_event_log)
{
	struct vd_str channel = VD_S("?"), id = VD_S("?");
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	EVENT2(PROVIDER_NAME, "Microsoft-Windows-RPC", EVENT_ID, "#6");
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_NONE);
	assert_true(vd_str_is(channel, "?"));
}

VD_TEST(a_channel_alone_must_be_a_known_one)
{
	struct vd_str channel = VD_S("?"), id = VD_S("?");
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	EVENT1(CHANNEL, "email");
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_NONE);
	made.ev.n = 0;
	made_add(&made, VD_K_CHANNEL, "System");
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_CHANNEL);
	assert_int_equal(id.len, 0);
}

VD_TEST(of_several_values_those_of_system_decide)
{
	struct vd_str channel = VD_S("?"), id = VD_S("?");
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	EVENT3(CHANNEL, "Security", EVENT_ID, "#104", CHANNEL, "System");
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_SEVERAL);
	assert_true(vd_str_is(channel, "?"));
	made.fields[2].flags = VD_FF_SYSTEM;
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_CHANNEL);
	assert_true(vd_str_is(channel, "System"));
	made.fields[0].flags = VD_FF_SYSTEM;
	made.fields[2].flags = 0;
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_CHANNEL);
	assert_true(vd_str_is(channel, "Security"));
	made.fields[2].flags = VD_FF_SYSTEM;
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_SEVERAL);
}

VD_TEST(several_values_that_no_row_knows_are_of_no_event_log)
{
	struct vd_str channel = VD_S("?"), id = VD_S("?");
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	EVENT2(CHANNEL, "email", CHANNEL, "sms");
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_NONE);
	made_add(&made, VD_K_CHANNEL, "System");
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_SEVERAL);
	made.ev.n = 0;
	made_add(&made, VD_K_EVENT_ID, "#1");
	made_add(&made, VD_K_EVENT_ID, "#2");
	made_add(&made, VD_K_PROVIDER_NAME, "A thing");
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_NONE);
	made_add(&made, VD_K_PROVIDER_NAME, "Microsoft-Windows-Sysmon");
	assert_int_equal(vd_logsource_channel(&made.ev, &buf, &channel, &id), VD_LOGSOURCE_SEVERAL);
}

VD_TEST(routes_list_each_channel_and_event_id_once)
{
	struct vd_logsource_route routes[512];
	size_t n = vd_logsource_routes(NULL, 0);
	assert_true(n > 100 && n <= VD_ARRAY_LEN(routes));
	assert_int_equal(vd_logsource_routes(routes, VD_ARRAY_LEN(routes)), n);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_false(vd_str_ieq(routes[i].channel, routes[j].channel) &&
				     vd_str_eq(routes[i].event_id, routes[j].event_id));
}

VD_TEST(cloud_events_are_told_by_their_own_fields)
{
	struct vd_source src;
	{
		EVENT2(L_EVENT_SOURCE, "ec2.amazonaws.com", L_EVENT_NAME, "RunInstances");
		assert_string_equal(class_of(&made), "AWS_CLOUDTRAIL");
		vd_logsource_describe(vd_logsource_class(&made.ev), &src);
		assert_true(allows(&src, "aws", NULL, "cloudtrail"));
		assert_false(allows(&src, "azure", NULL, "activitylogs"));
		assert_false(allows(&src, "windows", "process_creation", NULL));
	}
	{
		EVENT2(L_API_VERSION, "audit.k8s.io\\/v1", L_KIND, "Event");
		assert_string_equal(class_of(&made), "KUBERNETES");
		vd_logsource_describe(vd_logsource_class(&made.ev), &src);
		assert_true(allows(&src, "kubernetes", "application", "audit"));
		assert_true(allows(&src, "kubernetes", NULL, "audit"));
	}
	{
		EVENT2(L_CATEGORY, "SignInLogs", L_OPERATION_NAME, "Sign-in activity");
		assert_string_equal(class_of(&made), "AZURE_SIGNINLOGS");
	}
	{
		EVENT3(L_EVENT_TYPE, "user.session.start", L_ACTOR_ID, "00u", T_PUBLISHED,
			"2026-01-01T00:00:00Z");
		assert_string_equal(class_of(&made), "OKTA");
	}
	{
		EVENT2(L_WORKLOAD, "Exchange", T_CREATION_TIME, "2026-01-01T00:00:00");
		assert_string_equal(class_of(&made), "M365");
	}
}

VD_TEST(a_syslog_line_goes_by_its_program)
{
	struct vd_source src;
	EVENT2(L_SYSLOG_ID, "sshd", L_TRANSPORT, "syslog");
	assert_string_equal(class_of(&made), "LINUX_SSHD");
	vd_logsource_describe(vd_logsource_class(&made.ev), &src);
	assert_true(allows(&src, "linux", NULL, "sshd"));
	assert_true(allows(&src, "linux", NULL, "auth"));
	assert_true(allows(&src, "linux", NULL, NULL));
	assert_false(allows(&src, "linux", NULL, "cron"));
	assert_false(allows(&src, "linux", "process_creation", NULL));
	made.ev.n = 0;
	made_add(&made, VD_K_L_SYSLOG_ID, "acme-daemon");
	assert_string_equal(class_of(&made), "LINUX_SYSLOG");
}

VD_TEST(auditd_record_types_are_compared_with_case)
{
	EVENT1(L_TYPE, "EXECVE");
	assert_string_equal(class_of(&made), "AUDITD");
	made.fields[0].raw = "execve";
	assert_string_equal(class_of(&made), "");
}

VD_TEST(a_process_name_means_syslog_only_without_a_category)
{
	EVENT1(L_PROCESS_NAME, "sudo");
	assert_string_equal(class_of(&made), "LINUX_SUDO");
	made_add(&made, VD_K_L_EVENT_CATEGORY, "process");
	assert_string_equal(class_of(&made), "");
}

VD_TEST(web_fields_allow_proxy_and_webserver_rules)
{
	struct vd_source src;
	EVENT2(L_CS_METHOD, "GET", L_CS_URI, "/");
	vd_logsource_describe(vd_logsource_class(&made.ev), &src);
	assert_true(allows(&src, NULL, "webserver", NULL));
	assert_true(allows(&src, NULL, "proxy", NULL));
	assert_false(allows(&src, NULL, "dns", NULL));
	assert_false(allows(&src, "windows", "process_creation", NULL));
}

VD_TEST(an_event_that_names_its_logsource_is_believed)
{
	struct vd_source src;
	EVENT3(L_PRODUCT, "linux", L_CATEGORY, "process_creation", L_EVENT_SOURCE, "x.amazonaws.com");
	assert_int_equal(vd_logsource_class(&made.ev), VD_LOGSOURCE_EXPLICIT);
	assert_true(vd_logsource_explicit(&made.ev, &src) != 0);
	assert_true(allows(&src, "linux", "process_creation", NULL));
	assert_true(allows(&src, "linux", NULL, "auditd"));
	assert_false(allows(&src, "windows", "process_creation", NULL));
	assert_false(allows(&src, "linux", "file_event", NULL));
}

VD_TEST(common_field_names_with_other_words_are_not_a_logsource)
{
	struct vd_source src;
	EVENT3(L_PRODUCT, "Acme Agent", L_CATEGORY, "process_creation", L_SERVICE, "dns");
	assert_int_equal(vd_logsource_class(&made.ev), VD_LOGSOURCE_UNKNOWN);
	assert_int_equal(vd_logsource_explicit(&made.ev, &src), 0);
	made.ev.n = 0;
	made_add(&made, VD_K_L_CATEGORY, "webserver");
	assert_int_equal(vd_logsource_class(&made.ev), VD_LOGSOURCE_EXPLICIT);
}

VD_TEST(the_same_explicit_source_has_the_same_number)
{
	struct vd_source src;
	uint32_t linux_number;
	{
		EVENT2(L_LS_PRODUCT, "Linux", L_LS_SERVICE, "auditd");
		linux_number = vd_logsource_explicit(&made.ev, &src);
		assert_true(linux_number > 0 && linux_number < VD_LOGSOURCE_EXPLICIT_MAX);
	}
	{
		EVENT2(L_PRODUCT, "linux", L_SERVICE, "auditd");
		assert_int_equal(vd_logsource_explicit(&made.ev, &src), linux_number);
	}
	{
		EVENT2(L_PRODUCT, "linux", L_SERVICE, "cron");
		assert_int_not_equal(vd_logsource_explicit(&made.ev, &src), linux_number);
	}
}

/* ---- the rows themselves ---- */

static void
assert_sorted(const char *const words[], size_t n)
{
	for (size_t i = 1; i < n; i++)
		assert_true(strcmp(words[i - 1], words[i]) < 0);
}

VD_TEST(the_word_lists_are_sorted)
{
	static const char *const products[] = {
#define VD_LS_PRODUCT(word) word,
#include "engine/compile/logsource.def"
	};
	static const char *const categories[] = {
#define VD_LS_CATEGORY(word) word,
#include "engine/compile/logsource.def"
	};
	static const char *const services[] = {
#define VD_LS_SERVICE(word) word,
#include "engine/compile/logsource.def"
	};
	assert_sorted(products, VD_ARRAY_LEN(products));
	assert_sorted(categories, VD_ARRAY_LEN(categories));
	assert_sorted(services, VD_ARRAY_LEN(services));
}

/* A rule's words are known when a source that is told, and empty, excludes the rule. */
static bool
knows(const struct vd_logsource *rule)
{
	struct vd_source none = {.known = true, .product = VD_S("-")};
	return !vd_logsource_allows(rule, &none);
}

static void
assert_source_known(const struct vd_source *src)
{
	assert_true(src->n_categories < VD_SOURCE_MAX_WORDS);
	assert_true(src->n_services < VD_SOURCE_MAX_WORDS);
	for (size_t i = 0; i < src->n_categories; i++)
		assert_true(knows(&(struct vd_logsource){.category = src->categories[i]}));
	for (size_t i = 0; i < src->n_services; i++)
		assert_true(knows(&(struct vd_logsource){.service = src->services[i]}));
	if (src->product.len > 0)
		assert_true(knows(&(struct vd_logsource){.product = src->product}));
}

VD_TEST(every_row_uses_listed_words_and_fits_a_source)
{
	struct vd_source src;
	struct vd_logsource_route routes[512];
	size_t n = vd_logsource_routes(routes, VD_ARRAY_LEN(routes));
	for (size_t i = 0; i < n; i++) {
		vd_logsource_windows(routes[i].channel, routes[i].event_id, &src);
		assert_source_known(&src);
	}
	for (uint32_t i = 0; i < vd_logsource_classes(); i++) {
		vd_logsource_describe(i, &src);
		assert_source_known(&src);
	}
}

/* ---- the manual: its tables hold the rows of logsource.def, all of them and no others ---- */

static void
add_words(struct vd_buf *row, const char *words, const char *between)
{
	for (; *words != '\0'; words++)
		if (*words == ' ')
			vd_buf_text(row, between);
		else
			vd_buf_char(row, *words);
}

/* "| … |" of one row of each kind; words separated by | in it stand in cells of their own. */

static void
channel_row(struct vd_buf *row, const char *channel, const char *product, const char *services)
{
	vd_buf_printf(row, "| `%s` | %s | %s |\n", channel, product, services);
}

static void
event_row(struct vd_buf *row, const char *channel, const char *category, const char *ids)
{
	vd_buf_printf(row, "| %s | `%s` | ", category, channel);
	add_words(row, ids, ", ");
	vd_buf_text(row, " |\n");
}

static void
provider_row(struct vd_buf *row, const char *provider, const char *channel)
{
	vd_buf_printf(row, "| `%s` | `%s` |\n", provider, channel);
}

static void
class_row(struct vd_buf *row, const char *symbol, const char *product, const char *categories,
	const char *services)
{
	vd_buf_printf(row, "| %s | %s | %s | %s |\n", symbol, product, categories, services);
}

struct test_words {
	const char *verb; /* in: the words follow; no: stands before the field */
	uint32_t key;
	const char *text;
};

static void
when_row(struct vd_buf *row, const char *symbol, const struct test_words tests[3])
{
	vd_buf_printf(row, "| %s | ", symbol);
	for (size_t i = 0; i < 3 && tests[i].verb != NULL; i++) {
		const struct test_words *t = &tests[i];
		const char *field = vd_keys_reserved(t->key);
		vd_buf_text(row, i > 0 ? "; " : "");
		if (strcmp(t->verb, "no") == 0)
			vd_buf_printf(row, "no `%s`", field);
		else
			vd_buf_printf(row, "`%s` %s", field, t->verb);
		if (strcmp(t->verb, "in") == 0) {
			vd_buf_char(row, ' ');
			add_words(row, t->text, ", ");
		} else if (t->text[0] != '\0') {
			vd_buf_printf(row, " `%s`", t->text);
		}
	}
	vd_buf_text(row, " |\n");
}

/* The rows behind heading must be rows, in this order where sorted is false. */
static void
expect_table(const char *manual, const char *heading, struct vd_str rows, bool sorted)
{
	const char *table = strstr(manual, heading);
	assert_non_null(table);
	table = strstr(table, "|---");
	table = strchr(table, '\n') + 1;
	const char *end = strstr(table, "\n\n");
	assert_non_null(end);
	size_t in_table = 0, wanted = 0;
	for (const char *c = table; c <= end; c++)
		in_table += *c == '\n';
	const char *at = table;
	for (size_t i = 0; i < rows.len; wanted++) {
		size_t n =
			(size_t)((const char *)memchr(rows.at + i, '\n', rows.len - i) - (rows.at + i)) + 1;
		if (sorted ? memmem(table - 1, (size_t)(end - table) + 2, rows.at + i, n) == NULL
			   : strncmp(at, rows.at + i, n) != 0)
			fail_msg("docs/logsources.md, below %.30s: missing, or not in its place: %.*s",
				heading, (int)n, rows.at + i);
		at += n;
		i += n;
	}
	assert_int_equal(in_table, wanted);
}

VD_TEST(the_manual_holds_every_row_and_those_whose_order_decides_in_their_order)
{
	VD_AUTO_FINI(vd_buf) channels, events, providers, classes, whens;
	size_t len;
	char *manual = vd_test_file("docs/logsources.md", &len);
	assert_non_null(manual);
	vd_buf_init(&channels, 0);
	vd_buf_init(&events, 0);
	vd_buf_init(&providers, 0);
	vd_buf_init(&classes, 0);
	vd_buf_init(&whens, 0);
#define VD_LS_CHANNEL(channel, product, services) channel_row(&channels, channel, product, services);
#include "engine/compile/logsource.def"
#define VD_LS_EVENT(channel, category, ids) event_row(&events, channel, category, ids);
#include "engine/compile/logsource.def"
#define VD_LS_PROVIDER(provider, channel) provider_row(&providers, provider, channel);
#include "engine/compile/logsource.def"
#define VD_LS_CLASS(symbol, product, categories, services)                                                   \
	class_row(&classes, #symbol, product, categories, services);
#include "engine/compile/logsource.def"
#define VD_LS_HAS(key) {"exists", VD_K_##key, ""}
#define VD_LS_LACKS(key)                                                                                     \
	{                                                                                                    \
		"no", VD_K_##key, ""                                                                         \
	}
#define VD_LS_IS(key, text)                                                                                  \
	{                                                                                                    \
		"is", VD_K_##key, text                                                                       \
	}
#define VD_LS_STARTS(key, text)                                                                              \
	{                                                                                                    \
		"starts with", VD_K_##key, text                                                              \
	}
#define VD_LS_ENDS(key, text)                                                                                \
	{                                                                                                    \
		"ends with", VD_K_##key, text                                                                \
	}
#define VD_LS_HOLDS(key, text)                                                                               \
	{                                                                                                    \
		"contains", VD_K_##key, text                                                                 \
	}
#define VD_LS_IN(key, words)                                                                                 \
	{                                                                                                    \
		"in", VD_K_##key, words                                                                      \
	}
#define VD_LS_WHEN(symbol, ...) when_row(&whens, #symbol, (const struct test_words[3]){__VA_ARGS__});
#include "engine/compile/logsource.def"
	expect_table(manual, "\n| provider | channel |", vd_buf_view(&providers), false);
	expect_table(manual, "\n| channel | product | service |", vd_buf_view(&channels), false);
	expect_table(manual, "\n| category | channel | event id |", vd_buf_view(&events), true);
	expect_table(manual, "\n| source | when |", vd_buf_view(&whens), false);
	expect_table(manual, "\n| source | product | category | service |", vd_buf_view(&classes), false);
	vd_mem_free(manual);
}
