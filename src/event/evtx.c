#include "event/evtx.h"

#include <libevtx.h>

#include "base/mem.h"
#include "event/evtx_xml.h"

#define XML_MAX (64u << 20) /* bytes of one record's XML: templates may repeat a value many times over */

struct vd_evtx {
	uint32_t magic;
#define VD_EVTX_MAGIC 0x65767801u
	struct vd_evtx_xml *xml;
	struct vd_buf text; /* a record's XML */
	libbfio_handle_t *io;
	libevtx_file_t *file;
	int n, i; /* records of file, and how many were taken */
	struct vd_evtx_frames frames;
	uint8_t image[VD_EVTX_FILE_HEADER + VD_EVTX_CHUNK];
};

struct vd_evtx *
vd_evtx_new(void)
{
	VD_AUTO(vd_evtx) evtx = vd_obj_new(struct vd_evtx, VD_EVTX_MAGIC);
	if (evtx == NULL)
		return NULL;
	vd_buf_init(&evtx->text, XML_MAX);
	evtx->xml = vd_evtx_xml_new();
	if (evtx->xml == NULL)
		return NULL;
	vd_evtx_file_header(evtx->image);
	return vd_evtx_take(&evtx);
}

static void
close_chunk(struct vd_evtx *evtx)
{
	if (evtx->file != NULL)
		(void)libevtx_file_free(&evtx->file, NULL);
	if (evtx->io != NULL)
		(void)libbfio_handle_free(&evtx->io, NULL);
	evtx->file = NULL;
	evtx->io = NULL;
	evtx->n = evtx->i = 0;
}

void
vd_evtx_free(struct vd_evtx *evtx)
{
	if (evtx == NULL)
		return;
	vd_obj_check(evtx, VD_EVTX_MAGIC);
	close_chunk(evtx);
	vd_evtx_xml_free(evtx->xml);
	vd_buf_fini(&evtx->text);
	vd_obj_free(evtx);
}

const struct vd_evtx_frames *
vd_evtx_frames(const struct vd_evtx *evtx)
{
	return &evtx->frames;
}

enum vd_status
vd_evtx_chunk(struct vd_evtx *evtx, struct vd_str chunk, bool dirty, struct vd_err *err)
{
	vd_obj_check(evtx, VD_EVTX_MAGIC);
	close_chunk(evtx);
	uint8_t *at = evtx->image + VD_EVTX_FILE_HEADER;
	memcpy(at, chunk.at, chunk.len);
	memset(at + chunk.len, 0, VD_EVTX_CHUNK - chunk.len);
	vd_evtx_chunk_mend(at, chunk.len, dirty, &evtx->frames);
	if (evtx->frames.n == 0)
		return VD_OK;
	if (libbfio_memory_range_initialize(&evtx->io, NULL) != 1 ||
		libbfio_memory_range_set(evtx->io, evtx->image, sizeof evtx->image, NULL) != 1 ||
		libevtx_file_initialize(&evtx->file, NULL) != 1 ||
		libevtx_file_open_file_io_handle(evtx->file, evtx->io, LIBEVTX_OPEN_READ, NULL) != 1 ||
		libevtx_file_get_number_of_records(evtx->file, &evtx->n, NULL) != 1) {
		close_chunk(evtx);
		return vd_fail(err, VD_EINPUT, "libevtx cannot read its records");
	}
	if (evtx->n < 0 || (size_t)evtx->n < evtx->frames.n)
		return vd_fail(
			err, VD_EINPUT, "libevtx finds %d of its %zu records", evtx->n, evtx->frames.n);
	return VD_OK;
}

/* The record's XML into evtx->text. */
static enum vd_status
read_xml(struct vd_evtx *evtx, libevtx_record_t *record, struct vd_err *err)
{
	size_t size = 0; /* with a NUL */
	vd_buf_reset(&evtx->text);
	if (libevtx_record_get_utf8_xml_string_size(record, &size, NULL) != 1 || size == 0)
		return vd_fail(err, VD_EINPUT, "its values cannot be read");
	if (size > XML_MAX)
		return vd_fail(err, VD_ELIMIT, "its text has %zu bytes, the limit is %u", size, XML_MAX);
	if (!vd_buf_room(&evtx->text, size))
		return vd_fail(err, VD_ENOMEM, "no memory for an EVTX record of %zu bytes", size);
	if (libevtx_record_get_utf8_xml_string(record, (uint8_t *)evtx->text.at, size, NULL) != 1)
		return vd_fail(err, VD_EINPUT, "its values cannot be read");
	evtx->text.len = size - 1;
	return VD_OK;
}

enum vd_status
vd_evtx_record(struct vd_evtx *evtx, struct vd_buf *json, uint64_t *ret_id, struct vd_err *err)
{
	vd_obj_check(evtx, VD_EVTX_MAGIC);
	while (evtx->i < evtx->n && evtx->frames.at[evtx->i].id == VD_EVTX_NO_RECORD)
		evtx->i++;
	if (evtx->i == evtx->n)
		return VD_END;
	libevtx_record_t *record = NULL;
	*ret_id = evtx->frames.at[evtx->i].id;
	enum vd_status st = VD_OK;
	if (libevtx_file_get_record_by_index(evtx->file, evtx->i++, &record, NULL) != 1)
		st = vd_fail(err, VD_EINPUT, "its values cannot be read");
	else
		st = read_xml(evtx, record, err);
	/* also where it could not be read: what a failure leaves of it is ours */
	(void)libevtx_record_free(&record, NULL);
	return st == VD_OK ? vd_evtx_xml_convert(evtx->xml, vd_buf_view(&evtx->text), json, ret_id, err) : st;
}
