#include "rpc/metadata.h"

#include "rpc/text.h"

#define ROWS_FIRST 8u

/* gRPC over HTTP2, Request-Headers; RFC 9113, 8.2.2 and RFC 9110, 7.6.1 (of one connection); Trace Context, 3 */
static const char *const reserved[] = {"te", "content-type", "content-length", "user-agent", "host",
	"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings",
	"trailer", "traceparent", "tracestate"};

static bool
key_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.';
}

enum vd_metadata_kind
vd_metadata_kind(struct vd_str key)
{
	if (key.len > 0 && key.at[0] == ':')
		return VD_METADATA_RESERVED;
	if (key.len == 0 || key.len > VD_METADATA_KEY_MAX)
		return VD_METADATA_INVALID;
	for (size_t i = 0; i < key.len; i++)
		if (!key_char(key.at[i]))
			return VD_METADATA_INVALID;
	if (vd_str_starts(key, "grpc-"))
		return VD_METADATA_RESERVED;
	for (unsigned i = 0; i < VD_ARRAY_LEN(reserved); i++)
		if (vd_str_is(key, reserved[i]))
			return VD_METADATA_RESERVED;
	return vd_str_ends(key, "-bin") ? VD_METADATA_BINARY : VD_METADATA_ASCII;
}

bool
vd_metadata_is_ascii(struct vd_str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] < 0x20 || value.at[i] > 0x7e)
			return false;
	return true;
}

void
vd_metadata_init(struct vd_metadata *metadata, struct vd_arena *arena, size_t limit)
{
	*metadata = (struct vd_metadata){.arena = arena, .limit = limit};
}

/* Puts a key of n_key bytes and a value of n_value as sent on the account. */
static enum vd_status
charge(struct vd_metadata *metadata, size_t n_key, size_t n_value, struct vd_err *err)
{
	size_t cost = vd_metadata_cost(n_key, n_value);
	if (n_key > metadata->limit || n_value > metadata->limit || cost > metadata->limit - metadata->cost)
		return vd_fail(err, VD_ELIMIT, "metadata of more than %zu bytes: send less", metadata->limit);
	metadata->cost += cost;
	return VD_OK;
}

/* Makes room for one more row; the rows before stay where they were for who borrows from them. */
static enum vd_status
grow(struct vd_metadata *metadata, struct vd_err *err)
{
	if (metadata->n == VD_METADATA_ROWS)
		return vd_fail(
			err, VD_ELIMIT, "more than %u values of metadata: send less", VD_METADATA_ROWS);
	if (metadata->n < metadata->cap)
		return VD_OK;
	size_t cap = metadata->cap == 0 ? ROWS_FIRST : metadata->cap * 2;
	struct vd_metadata_row *rows = vd_arena_array(metadata->arena, cap, sizeof *rows);
	if (rows == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for metadata");
	if (metadata->n != 0)
		memcpy(rows, metadata->rows, metadata->n * sizeof *rows);
	metadata->rows = rows;
	metadata->cap = cap;
	return VD_OK;
}

static enum vd_status
keep(struct vd_metadata *metadata, struct vd_str key, struct vd_str value, struct vd_err *err)
{
	struct vd_metadata_row row;
	enum vd_status st = grow(metadata, err);
	if (st != VD_OK)
		return st;
	if (!vd_arena_str(metadata->arena, key, &row.key) ||
		!vd_arena_str(metadata->arena, value, &row.value))
		return vd_fail(err, VD_ENOMEM, "no memory for metadata");
	metadata->rows[metadata->n++] = row;
	return VD_OK;
}

static bool
blank_at_an_end(struct vd_str value)
{
	return value.len > 0 && (value.at[0] == ' ' || value.at[value.len - 1] == ' ');
}

enum vd_status
vd_metadata_add(struct vd_metadata *metadata, struct vd_str key, struct vd_str value, struct vd_err *err)
{
	enum vd_metadata_kind kind = vd_metadata_kind(key);
	int shown = (int)VD_MIN(key.len, (size_t)VD_METADATA_KEY_MAX);
	if (kind == VD_METADATA_INVALID)
		return vd_fail(err, VD_EINPUT,
			"metadata '%.*s': a key has 1 to %u bytes of 0-9 a-z _ - and .", shown, key.at,
			VD_METADATA_KEY_MAX);
	if (kind == VD_METADATA_RESERVED)
		return vd_fail(
			err, VD_EINPUT, "metadata '%.*s': the key is not for applications", shown, key.at);
	if (kind == VD_METADATA_ASCII && (!vd_metadata_is_ascii(value) || blank_at_an_end(value)))
		return vd_fail(err, VD_EINPUT,
			"metadata '%.*s': the value is not printable ASCII without blanks at its ends; "
			"a key that ends in -bin takes any bytes",
			shown, key.at);
	size_t cost = metadata->cost;
	size_t sent = kind == VD_METADATA_BINARY ? (value.len * 4 + 2) / 3 : value.len;
	enum vd_status st = charge(metadata, key.len, sent, err);
	if (st == VD_OK && (st = keep(metadata, key, value, err)) != VD_OK)
		metadata->cost = cost;
	return st;
}

/* The values of a -bin key, split at commas. */
static enum vd_status
take_binary(struct vd_metadata *metadata, struct vd_str key, struct vd_str values, struct vd_err *err)
{
	VD_AUTO_FINI(vd_buf) bytes;
	vd_buf_init(&bytes, 0);
	enum vd_status st = VD_OK;
	for (bool more = true; more && st == VD_OK;) {
		const char *comma = values.len == 0 ? NULL : memchr(values.at, ',', values.len);
		size_t n = comma == NULL ? values.len : (size_t)(comma - values.at);
		vd_buf_reset(&bytes);
		if (!vd_base64_decode(&bytes, vd_str_trim((struct vd_str){values.at, n})))
			return bytes.failed ? vd_fail(err, VD_ENOMEM, "no memory for metadata")
					    : vd_fail(err, VD_EINPUT, "metadata '%.*s': not base64",
						      (int)key.len, key.at);
		st = keep(metadata, key, vd_buf_view(&bytes), err);
		more = comma != NULL;
		if (more)
			values = (struct vd_str){comma + 1, values.len - n - 1};
	}
	return st;
}

enum vd_status
vd_metadata_take(struct vd_metadata *metadata, struct vd_str key, struct vd_str value, struct vd_err *err)
{
	enum vd_status st = charge(metadata, key.len, value.len, err);
	if (st != VD_OK)
		return st;
	switch (vd_metadata_kind(key)) {
	case VD_METADATA_BINARY:
		return take_binary(metadata, key, value, err);
	case VD_METADATA_ASCII:
		return vd_metadata_is_ascii(value) ? keep(metadata, key, vd_str_trim(value), err) : VD_OK;
	case VD_METADATA_RESERVED:
	case VD_METADATA_INVALID:
		break;
	}
	return VD_OK;
}

const struct vd_str *
vd_metadata_find(const struct vd_metadata *metadata, struct vd_str key, size_t nth)
{
	for (size_t i = 0; i < metadata->n; i++)
		if (vd_str_eq(metadata->rows[i].key, key) && nth-- == 0)
			return &metadata->rows[i].value;
	return NULL;
}

void
vd_metadata_write(const struct vd_metadata_row *row, struct vd_buf *buf)
{
	if (vd_metadata_kind(row->key) == VD_METADATA_BINARY)
		vd_base64_encode(buf, row->value);
	else
		vd_buf_str(buf, row->value);
}
