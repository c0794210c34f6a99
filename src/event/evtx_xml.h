/*
 * One event as libevtx writes it in XML, as one flat JSON object with the field names Sigma expects:
 *
 *   System      elements under their own names, attributes as Element_Attribute
 *   EventData   Data under its Name, or as "Data" where it has none; other elements under their own names
 *   UserData    innermost elements under their own names
 *
 * Values are JSON strings, but EventID is a number and an empty element null; a name that comes several times
 * gets an array.  Where System has a name that stands elsewhere too, System's value is kept apart, as
 * {"Event": {"System": …}}, which gives it the same field name.  docs/events.md has the whole.
 *
 * Why no XML library: what libevtx writes is close to XML and no more.  It leaves control characters, NUL and
 * carriage returns in text as they were logged; a real parser refuses or changes these, and rules look for them.
 *
 * Pure.  Bounds: VD_EVTX_XML_*.  Thread: one owner.
 */
#ifndef VD_EVENT_EVTX_XML_H
#define VD_EVENT_EVTX_XML_H

#include "base/status.h"
#include "base/str.h"

#define VD_EVTX_XML_FIELDS 4096u /* of one event */
#define VD_EVTX_XML_DEPTH 32u    /* elements inside one another */

struct vd_evtx_xml;

struct vd_evtx_xml *vd_evtx_xml_new(void) VD_MUST_USE;
void vd_evtx_xml_free(struct vd_evtx_xml *xml);

/*
 * Appends the object to json.  ret_record_id: System's EventRecordID, untouched where there is none.  VD_EINPUT:
 * not such an event; VD_ELIMIT: more than the bounds; json is then as it was.
 */
enum vd_status vd_evtx_xml_convert(struct vd_evtx_xml *xml, struct vd_str text, struct vd_buf *json,
	uint64_t *ret_record_id, struct vd_err *err) VD_MUST_USE;

VD_AUTO_DEFINE(vd_evtx_xml, vd_evtx_xml_free)

#endif
