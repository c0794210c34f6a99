/*
 * Any bytes as a message of each of several types: what the walk lets pass, protobuf-c unpacks within the memory that
 * the walk foresaw; packed again, it passes again and packs to the same bytes.  The first byte chooses the type.
 */
#include <stdlib.h>

#include "rpc/status.h"
#include "rpc/unpack.h"

#include "google/rpc/status.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "spiffe/workload/workload.pb-c.h"
#include "vedette/rpc/v1/outline.pb-c.h"
#include "vedette/test/v1/echo.pb-c.h"
#include "vedette/test/v1/shapes.pb-c.h"
#include "vedette/test/v1/strict.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static const ProtobufCMessageDescriptor *const types[] = {
	&vedette__test__v1__shapes__descriptor,
	&vedette__test__v1__echo_request__descriptor,
	&grpc__reflection__v1__server_reflection_response__descriptor,
	&vedette__rpc__v1__file_outline__descriptor,
	&x509_svidresponse__descriptor,
	&google__rpc__status__descriptor,
	&vedette__test__v1__strict__descriptor,
};

/* The message packs into bytes that pass, to a message that packs the same. */
static void
pack_again(const ProtobufCMessageDescriptor *desc, const ProtobufCMessage *message,
	const struct vd_unpack_limits *limits)
{
	struct vd_buf first, second;
	struct vd_arena *arena = vd_arena_new(0);
	ProtobufCMessage *again;
	must(arena != NULL);
	vd_buf_init(&first, 0);
	vd_buf_init(&second, 0);
	must(vd_pack(message, &first, NULL) == VD_OK);
	if (vd_unpack(desc, vd_buf_view(&first), limits, arena, &again, NULL) == VD_OK) {
		must(vd_pack(again, &second, NULL) == VD_OK);
		must(vd_str_eq(vd_buf_view(&first), vd_buf_view(&second)));
	}
	vd_buf_fini(&first);
	vd_buf_fini(&second);
	vd_arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (n == 0)
		return 0;
	const ProtobufCMessageDescriptor *desc = types[bytes[0] % VD_ARRAY_LEN(types)];
	struct vd_str wire = {(const char *)bytes + 1, n - 1};
	struct vd_unpack_limits limits = vd_unpack_limits_usual;
	struct vd_arena *arena = vd_arena_new(0);
	struct vd_err err = VD_ERR_INIT;
	ProtobufCMessage *message = NULL;
	must(arena != NULL);
	enum vd_status st = vd_unpack_check(desc, wire, &limits, &limits.bytes, &err);
	must(st == VD_OK || ((st == VD_EINPUT || st == VD_ELIMIT) && err.text[0] != '\0'));
	if (st == VD_OK) {
		st = vd_unpack(desc, wire, &limits, arena, &message, &err);
		/* proto2 alone has fields that must be there */
		must(st == VD_OK || (st == VD_EINPUT && desc == &vedette__test__v1__strict__descriptor));
	}
	if (st == VD_OK) {
		must(protobuf_c_message_check(message));
		limits.bytes = vd_unpack_limits_usual.bytes;
		pack_again(desc, message, &limits);
	}
	vd_arena_free(arena);
	return 0;
}
