/*
 * Any bytes as an event: every field of what is read can be decoded, and nothing beyond the padding is touched.
 */
#include "event/event.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check(const struct vd_event *ev)
{
	VD_AUTO_FINI(vd_buf) buf;
	int64_t ms;
	vd_buf_init(&buf, 0);
	must(ev->n <= VD_EVENT_MAX_FIELDS);
	for (size_t i = 0; i < ev->n; i++) {
		vd_buf_reset(&buf);
		struct vd_str text = vd_field_text(&ev->fields[i], &buf);
		must(text.len <= ev->fields[i].raw_len);
		must(ev->fields[i].type <= VD_F_ARRAY);
		must(vd_event_find_name(ev, (struct vd_str){ev->fields[i].name, ev->fields[i].name_len}) !=
			NULL);
	}
	(void)vd_event_time(ev, VD_TIME_UNKNOWN, &ms);
	(void)vd_event_time(ev, 1767585540000, &ms);
	vd_buf_reset(&buf);
	(void)vd_event_host(ev, &buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	VD_AUTO(vd_keys) keys = vd_keys_new();
	VD_AUTO(vd_event_parser) parser = keys == NULL ? NULL : vd_event_parser_new(keys);
	struct vd_event ev;
	struct vd_err err = VD_ERR_INIT;
	char *text = malloc(n + VD_EVENT_PADDING); /* of exact size: the sanitizer sees any step beyond */
	must(parser != NULL && text != NULL);
	if (n != 0)
		memcpy(text, bytes, n);
	memset(text + n, 0xff, VD_EVENT_PADDING);
	for (int round = 0; round < 2; round++) /* the second time all names are known */
		if (vd_event_parse(parser, (struct vd_str){text, n}, &ev, &err) == VD_OK)
			check(&ev);
	free(text);
	return 0;
}
