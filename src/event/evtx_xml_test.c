#include "event/evtx_xml.h"

#include "vd_test.h"

static void
assert_json_id(struct vd_str text, const char *expected, uint64_t expected_id)
{
	VD_AUTO(vd_evtx_xml) xml = vd_evtx_xml_new();
	VD_AUTO_FINI(vd_buf) json;
	vd_buf_init(&json, 0);
	struct vd_err err = VD_ERR_INIT;
	uint64_t id = 7;
	if (vd_evtx_xml_convert(xml, text, &json, &id, &err) != VD_OK)
		fail_msg("%.*s: %s", (int)text.len, text.at, err.text);
	assert_string_equal(json.at, expected);
	assert_int_equal(id, expected_id);
}

static void
assert_json(struct vd_str text, const char *expected)
{
	assert_json_id(text, expected, 7);
}

static void
assert_broken(struct vd_str text, enum vd_status status, const char *words)
{
	VD_AUTO(vd_evtx_xml) xml = vd_evtx_xml_new();
	VD_AUTO_FINI(vd_buf) json;
	vd_buf_init(&json, 0);
	vd_buf_text(&json, "kept");
	struct vd_err err = VD_ERR_INIT;
	uint64_t id = 7;
	assert_int_equal(vd_evtx_xml_convert(xml, text, &json, &id, &err), status);
	assert_string_equal(err.text, words);
	assert_string_equal(json.at, "kept");
	assert_int_equal(id, 7);
}

VD_TEST(system_gives_elements_and_attributes)
{
	assert_json_id(
		VD_S("<Event xmlns=\"http://x\">\n  <System>\n    <Provider Name=\"P\" Guid=\"{G}\"/>\n"
		     "    <EventID Qualifiers=\"0\">4625</EventID>\n    <Level>4</Level>\n"
		     "    <EventRecordID>83239</EventRecordID>\n    <Correlation/>\n"
		     "    <TimeCreated SystemTime=\"2026-01-01T00:00:00Z\"/>\n  </System>\n</Event>\n"),
		"{\"Provider_Name\":\"P\",\"Provider_Guid\":\"{G}\",\"EventID_Qualifiers\":\"0\",\"EventID\":"
		"4625,"
		"\"Level\":\"4\",\"EventRecordID\":\"83239\",\"Correlation\":null,"
		"\"TimeCreated_SystemTime\":\"2026-01-01T00:00:00Z\"}",
		83239);
}

VD_TEST(event_data_gives_the_names_of_its_items)
{
	assert_json(VD_S("<Event><EventData Name=\"T\"><Data Name=\"Target Image\">C:\\a b\\</Data>"
			 "<Data Name=\"Empty\"></Data><Data "
			 "Name=\"None\"/><Binary>00ff</Binary></EventData></Event>"),
		"{\"EventData_Name\":\"T\",\"TargetImage\":\"C:\\\\a b\\\\\",\"Empty\":\"\",\"None\":\"\","
		"\"Binary\":\"00ff\"}");
	assert_json(VD_S("<Event><EventData><Data>one</Data></EventData></Event>"), "{\"Data\":\"one\"}");
	assert_json(VD_S("<Event><EventData><Data>one</Data><Data>two</Data><Data/></EventData></Event>"),
		"{\"Data\":[\"one\",\"two\",\"\"]}");
	assert_json(VD_S("<Event><EventData/></Event>"), "{}");
}

VD_TEST(user_data_gives_its_innermost_elements)
{
	assert_json(VD_S("<Event><UserData><LogFileCleared xmlns=\"http://y\"><SubjectUserName>admin"
			 "</SubjectUserName><Channel>Security</Channel></LogFileCleared></UserData></Event>"),
		"{\"SubjectUserName\":\"admin\",\"Channel\":\"Security\"}");
}

VD_TEST(sections_nobody_knows_keep_their_path)
{
	assert_json(
		VD_S("<Event><RenderingInfo Culture=\"en\"><Message>hi</Message></RenderingInfo></Event>"),
		"{\"Event.RenderingInfo_Culture\":\"en\",\"Event.RenderingInfo.Message\":\"hi\"}");
}

VD_TEST(what_system_names_stays_apart_from_the_same_name_elsewhere)
{
	assert_json(
		VD_S("<Event><System><Channel>A</Channel></System><EventData><Data Name=\"Channel\">B</Data>"
		     "<Data Name=\"x\">1</Data></EventData></Event>"),
		"{\"Channel\":\"B\",\"x\":\"1\",\"Event\":{\"System\":{\"Channel\":\"A\"}}}");
	assert_json(VD_S("<Event><EventData><EventID>8</EventID><EventID>9</EventID></EventData><System>"
			 "<EventID>7</EventID><Level>4</Level><EventID/></System></Event>"),
		"{\"EventID\":[8,9],\"Level\":\"4\",\"Event\":{\"System\":{\"EventID\":[7,null]}}}");
}

VD_TEST(entities_and_cdata_are_text)
{
	assert_json(VD_S("<Event><EventData><Data Name=\"a&amp;b\">&lt;x&gt; &quot;&apos;&#65;&#x42; "
			 "&amp;amp; &no; "
			 "&#xd800; & </Data></EventData></Event>"),
		"{\"a&b\":\"<x> \\\"'AB &amp; &no; &#xd800; & \"}");
	assert_json(VD_S("<?xml version=\"1.0\"?><!-- <c> --><Event><EventData><Data>"
			 "<![CDATA[<a>&amp;]]>b</Data></EventData></Event>"),
		"{\"Data\":\"<a>&amp;b\"}");
}

VD_TEST(characters_that_xml_forbids_stay)
{
	assert_json(VD_S("<Event><EventData><Data>a\x1b\0\r\nb\xff</Data></EventData></Event>"),
		"{\"Data\":\"a\\u001b\\u0000\\r\\nb\xef\xbf\xbd\"}");
}

VD_TEST(padding_of_hexadecimal_numbers_is_taken_away)
{
	assert_json(VD_S("<Event><EventData><Data>0x00000000000003e7</Data><Data>0x00000000</"
			 "Data><Data>0x8000000f</Data>"
			 "<Data>0x00000ABC</Data><Data>0x003e7</Data><Data>DWORD "
			 "(0x00000001)</Data></EventData></Event>"),
		"{\"Data\":[\"0x3e7\",\"0x0\",\"0x8000000f\",\"0x00000ABC\",\"0x003e7\",\"DWORD "
		"(0x00000001)\"]}");
}

VD_TEST(what_is_no_event_is_refused)
{
	assert_broken(VD_S(""), VD_EINPUT, "not an event: no element at byte 0 of its XML");
	assert_broken(VD_S("text"), VD_EINPUT, "not an event: no element at byte 4 of its XML");
	assert_broken(VD_S("<Other/>"), VD_EINPUT,
		"not an event: the outermost element is not Event at byte 6 of its XML");
	assert_broken(VD_S("<Event><System>"), VD_EINPUT,
		"not an event: the XML ends inside an element at byte 15 of its XML");
	assert_broken(VD_S("<Event></System>"), VD_EINPUT,
		"not an event: a closing tag of another element at byte 16 of its XML");
	assert_broken(VD_S("<Event a>"), VD_EINPUT,
		"not an event: an attribute without a value at byte 8 of its XML");
	assert_broken(VD_S("<Event a=1>"), VD_EINPUT,
		"not an event: an attribute without quotes at byte 9 of its XML");
	assert_broken(VD_S("<Event a='1>"), VD_EINPUT,
		"not an event: an attribute that does not end at byte 10 of its XML");
	assert_broken(
		VD_S("<Event"), VD_EINPUT, "not an event: a tag that does not end at byte 6 of its XML");
	assert_broken(VD_S("<Event><"), VD_EINPUT, "not an event: a tag without a name at byte 8 of its XML");
}

VD_TEST(depth_and_number_of_values_are_bounded)
{
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	vd_buf_text(&text, "<Event>");
	for (unsigned i = 0; i < VD_EVTX_XML_DEPTH; i++)
		vd_buf_text(&text, "<a>");
	assert_broken(
		vd_buf_view(&text), VD_ELIMIT, "more than 32 elements inside one another in an EVTX record");
	vd_buf_reset(&text);
	vd_buf_text(&text, "<Event><EventData>");
	for (unsigned i = 0; i <= VD_EVTX_XML_FIELDS; i++)
		vd_buf_text(&text, "<Data/>");
	assert_broken(vd_buf_view(&text), VD_ELIMIT, "an EVTX record of more than 4096 values");
}

VD_TEST(names_that_differ_in_broken_bytes_alone_are_one_name)
{
	assert_json(VD_S("<Event><EventData><Data Name=\"a\xb0\">1</Data><Data Name=\"a\xb8\">2\xc3</Data>"
			 "</EventData></Event>"),
		"{\"a\xef\xbf\xbd\":[\"1\",\"2\xef\xbf\xbd\"]}");
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_evtx_xml) xml = vd_evtx_xml_new();
		VD_AUTO_FINI(vd_buf) json;
		vd_buf_init(&json, 0);
		if (xml == NULL)
			continue;
		uint64_t id = 0;
		enum vd_status st = vd_evtx_xml_convert(xml,
			VD_S("<Event><System><n>4</n><Provider "
			     "Name=\"a&amp;\"/></System><EventData><Data>1</Data><Data>2</Data>"
			     "<Data Name=\"n\xff\">3</Data></EventData></Event>"),
			&json, &id, NULL);
		assert_true(st == VD_OK || (st == VD_ENOMEM && vd_mem_failed()));
	}
}
