/*
 * Any bytes as the XML of an EVTX record: what comes out is one JSON object that needs no repair and has no name
 * twice.
 */
#include "event/evtx_xml.h"

#include <stdlib.h>

#include "event/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	VD_AUTO(vd_evtx_xml) xml = vd_evtx_xml_new();
	VD_AUTO(vd_keys) keys = vd_keys_new();
	VD_AUTO(vd_event_parser) parser = vd_event_parser_new(keys);
	VD_AUTO_FINI(vd_buf) json;
	struct vd_err err = VD_ERR_INIT;
	uint64_t id;
	vd_buf_init(&json, 0);
	must(xml != NULL && keys != NULL && parser != NULL);
	if (vd_evtx_xml_convert(xml, (struct vd_str){(const char *)bytes, n}, &json, &id, &err) != VD_OK) {
		must(json.len == 0 && err.text[0] != '\0');
		return 0;
	}
	struct vd_str text = vd_buf_view(&json);
	struct vd_event ev;
	must(vd_buf_room(&json, VD_EVENT_PADDING));
	text.at = json.at;
	must(vd_event_parse(parser, text, &ev, &err) == VD_OK);
	must(ev.repaired == 0);
	return 0;
}
