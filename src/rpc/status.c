#include "rpc/status.h"

#include "base/utf8.h"
#include "rpc/text.h"
#include "rpc/unpack.h"

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

#define TYPES "type.googleapis.com/"
#define OF_REASON "google.rpc.ErrorInfo"
#define OF_VIOLATIONS "google.rpc.BadRequest"
#define DETAILS_OF_TYPES 2u

/* A header holds some kilobytes, so these suffice. */
static const struct vd_unpack_limits limits = {
	.bytes = (size_t)64 << 10, .depth = 8, .fields = 512, .elements = 128};

/* ---- writing ---- */

/* The text as a string of C: valid UTF-8 without a NUL.  NULL: no memory. */
static char *
text_of(struct vd_arena *arena, struct vd_str text)
{
	char *to = vd_arena_alloc(arena, 3 * text.len + 1);
	if (to == NULL)
		return NULL;
	size_t n = vd_utf8_repair(to, text.at, text.len);
	for (size_t i = 0; i < n; i++)
		if (to[i] == '\0')
			to[i] = ' ';
	to[n] = '\0';
	return to;
}

/* Packs a detail and puts it into any; false: no memory. */
static bool
wrap(struct vd_arena *arena, char *type, const ProtobufCMessage *detail, Google__Protobuf__Any *any)
{
	google__protobuf__any__init(any);
	any->type_url = type;
	any->value.len = protobuf_c_message_get_packed_size(detail);
	any->value.data = vd_arena_alloc(arena, any->value.len);
	if (any->value.data == NULL)
		return false;
	(void)protobuf_c_message_pack(detail, any->value.data);
	return true;
}

static bool
wrap_reason(const struct vd_rpc_status *status, struct vd_arena *arena, Google__Protobuf__Any *any)
{
	static char type[] = TYPES OF_REASON;
	Google__Rpc__ErrorInfo detail;
	Google__Rpc__ErrorInfo__MetadataEntry entries[VD_RPC_PAIRS_MAX], *at[VD_RPC_PAIRS_MAX];
	google__rpc__error_info__init(&detail);
	detail.reason = text_of(arena, status->reason);
	detail.domain = text_of(arena, status->domain);
	if (detail.reason == NULL || detail.domain == NULL)
		return false;
	for (size_t i = 0; i < status->n_pairs; i++) {
		google__rpc__error_info__metadata_entry__init(&entries[i]);
		entries[i].key = text_of(arena, status->pairs[i].key);
		entries[i].value = text_of(arena, status->pairs[i].value);
		if (entries[i].key == NULL || entries[i].value == NULL)
			return false;
		at[i] = &entries[i];
	}
	detail.n_metadata = status->n_pairs;
	detail.metadata = at;
	return wrap(arena, type, &detail.base, any);
}

static bool
wrap_violations(const struct vd_rpc_status *status, struct vd_arena *arena, Google__Protobuf__Any *any)
{
	static char type[] = TYPES OF_VIOLATIONS;
	Google__Rpc__BadRequest detail = GOOGLE__RPC__BAD_REQUEST__INIT;
	Google__Rpc__BadRequest__FieldViolation violations[VD_RPC_VIOLATIONS_MAX];
	Google__Rpc__BadRequest__FieldViolation *at[VD_RPC_VIOLATIONS_MAX];
	for (size_t i = 0; i < status->n_violations; i++) {
		google__rpc__bad_request__field_violation__init(&violations[i]);
		violations[i].field = text_of(arena, status->violations[i].field);
		violations[i].description = text_of(arena, status->violations[i].words);
		if (violations[i].field == NULL || violations[i].description == NULL)
			return false;
		at[i] = &violations[i];
	}
	detail.n_field_violations = status->n_violations;
	detail.field_violations = at;
	return wrap(arena, type, &detail.base, any);
}

static enum vd_status
no_memory(struct vd_err *err)
{
	return vd_fail(err, VD_ENOMEM, "no memory for a call's status");
}

/* The status without its envelope: what base64 makes a header of. */
static enum vd_status
pack(const struct vd_rpc_status *status, struct vd_arena *arena, struct vd_buf *bytes, struct vd_err *err)
{
	Google__Rpc__Status message;
	Google__Protobuf__Any details[DETAILS_OF_TYPES], *at[] = {&details[0], &details[1]};
	google__rpc__status__init(&message);
	message.code = (int32_t)status->code;
	message.message = text_of(arena, status->message);
	message.details = at;
	if (message.message == NULL)
		return no_memory(err);
	if (status->reason.len != 0 && !wrap_reason(status, arena, &details[message.n_details++]))
		return no_memory(err);
	if (status->n_violations != 0 && !wrap_violations(status, arena, &details[message.n_details++]))
		return no_memory(err);
	return vd_pack(&message.base, bytes, err);
}

enum vd_status
vd_rpc_status_write(
	const struct vd_rpc_status *status, struct vd_arena *arena, struct vd_buf *buf, struct vd_err *err)
{
	if (status->n_pairs > VD_RPC_PAIRS_MAX || status->n_violations > VD_RPC_VIOLATIONS_MAX)
		return vd_fail(err, VD_ELIMIT, "a call's status has more than %u pairs or %u violations",
			VD_RPC_PAIRS_MAX, VD_RPC_VIOLATIONS_MAX);
	VD_AUTO_FINI(vd_buf) bytes;
	vd_buf_init(&bytes, VD_RPC_DETAILS_MAX / 4 * 3);
	enum vd_status st = pack(status, arena, &bytes, err);
	if (st != VD_OK)
		return st;
	vd_base64_encode(buf, vd_buf_view(&bytes));
	return buf->failed ? no_memory(err) : VD_OK;
}

/* ---- reading ---- */

static enum vd_status
take_reason(struct vd_str bytes, struct vd_arena *arena, struct vd_rpc_status *status, struct vd_err *err)
{
	ProtobufCMessage *message;
	enum vd_status st =
		vd_unpack(&google__rpc__error_info__descriptor, bytes, &limits, arena, &message, err);
	if (st != VD_OK)
		return st;
	const Google__Rpc__ErrorInfo *detail = (const Google__Rpc__ErrorInfo *)message;
	size_t n = VD_MIN(detail->n_metadata, (size_t)VD_RPC_PAIRS_MAX);
	struct vd_rpc_pair *pairs = vd_arena_array(arena, n, sizeof *pairs);
	if (pairs == NULL)
		return no_memory(err);
	for (size_t i = 0; i < n; i++)
		pairs[i] = (struct vd_rpc_pair){
			vd_str_from(detail->metadata[i]->key), vd_str_from(detail->metadata[i]->value)};
	status->reason = vd_str_from(detail->reason);
	status->domain = vd_str_from(detail->domain);
	status->pairs = pairs;
	status->n_pairs = n;
	return VD_OK;
}

static enum vd_status
take_violations(struct vd_str bytes, struct vd_arena *arena, struct vd_rpc_status *status, struct vd_err *err)
{
	ProtobufCMessage *message;
	enum vd_status st =
		vd_unpack(&google__rpc__bad_request__descriptor, bytes, &limits, arena, &message, err);
	if (st != VD_OK)
		return st;
	const Google__Rpc__BadRequest *detail = (const Google__Rpc__BadRequest *)message;
	size_t n = VD_MIN(detail->n_field_violations, (size_t)VD_RPC_VIOLATIONS_MAX);
	struct vd_rpc_violation *violations = vd_arena_array(arena, n, sizeof *violations);
	if (violations == NULL)
		return no_memory(err);
	for (size_t i = 0; i < n; i++)
		violations[i] = (struct vd_rpc_violation){vd_str_from(detail->field_violations[i]->field),
			vd_str_from(detail->field_violations[i]->description)};
	status->violations = violations;
	status->n_violations = n;
	return VD_OK;
}

/* The type is what stands behind the last slash. */
static bool
is_type(const Google__Protobuf__Any *any, const char *type)
{
	const char *slash = strrchr(any->type_url, '/');
	return slash != NULL && strcmp(slash + 1, type) == 0;
}

static enum vd_status
take_detail(const Google__Protobuf__Any *any, struct vd_arena *arena, struct vd_rpc_status *status,
	struct vd_err *err)
{
	struct vd_str bytes = {(const char *)any->value.data, any->value.len};
	if (is_type(any, OF_REASON) && status->reason.len == 0)
		return take_reason(bytes, arena, status, err);
	if (is_type(any, OF_VIOLATIONS) && status->n_violations == 0)
		return take_violations(bytes, arena, status, err);
	return VD_OK;
}

enum vd_status
vd_rpc_status_read(struct vd_str value, struct vd_arena *arena, struct vd_rpc_status *ret, struct vd_err *err)
{
	VD_AUTO_FINI(vd_buf) bytes;
	vd_buf_init(&bytes, 0);
	ProtobufCMessage *message = NULL;
	if (!vd_base64_decode(&bytes, value))
		return bytes.failed ? no_memory(err)
				    : vd_fail(err, VD_EINPUT, "grpc-status-details-bin is not base64");
	enum vd_status st = vd_unpack(
		&google__rpc__status__descriptor, vd_buf_view(&bytes), &limits, arena, &message, err);
	const Google__Rpc__Status *read = (const Google__Rpc__Status *)message;
	struct vd_rpc_status status = {0};
	for (size_t i = 0; st == VD_OK && i < read->n_details; i++)
		st = take_detail(read->details[i], arena, &status, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "grpc-status-details-bin");
	status.code = vd_rpc_code_from_number(read->code);
	status.message = vd_str_from(read->message);
	*ret = status;
	return VD_OK;
}
