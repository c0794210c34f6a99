#include "trust/identity/spiffe_id.h"

#include <stdio.h>

#define SCHEME "spiffe://"
#define SCHEME_LEN (sizeof SCHEME - 1)

static bool
in_trust_domain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static bool
in_segment(char c)
{
	return in_trust_domain(c) || (c >= 'A' && c <= 'Z');
}

/* How a byte is named in words: it may be anything. */
static const char *
spelled(char c, char to[8])
{
	if (c > ' ' && c < 0x7f)
		(void)snprintf(to, 8, "'%c'", c);
	else
		(void)snprintf(to, 8, "\\x%02x", (unsigned)(unsigned char)c);
	return to;
}

static enum vd_status
refuse(struct vd_err *err, size_t at, const char *why)
{
	return vd_fail_at(err, VD_EINPUT, 0, (uint32_t)at + 1, "%s", why);
}

/* Why this byte may not stand in a trust domain. */
static enum vd_status
refuse_host_byte(struct vd_err *err, size_t at, char c)
{
	char spelling[8];
	const char *why = c == ':'               ? "a trust domain has no port"
			  : c == '@'             ? "a trust domain has no user"
			  : c == '?'             ? "an id has no query"
			  : c == '#'             ? "an id has no fragment"
			  : c >= 'A' && c <= 'Z' ? "a trust domain is written in lower case"
						 : NULL;
	if (why != NULL)
		return refuse(err, at, why);
	return vd_fail_at(err, VD_EINPUT, 0, (uint32_t)at + 1,
		"%s in the trust domain: a-z, 0-9, '.', '-' and '_' may stand there", spelled(c, spelling));
}

static enum vd_status
refuse_path_byte(struct vd_err *err, size_t at, char c)
{
	char spelling[8];
	const char *why = c == '?'   ? "an id has no query"
			  : c == '#' ? "an id has no fragment"
			  : c == '%' ? "nothing in an id may be percent-encoded"
				     : NULL;
	if (why != NULL)
		return refuse(err, at, why);
	return vd_fail_at(err, VD_EINPUT, 0, (uint32_t)at + 1,
		"%s in the path: a-z, A-Z, 0-9, '.', '-' and '_' may stand there", spelled(c, spelling));
}

/* at: where the name begins in the whole, for the column. */
static enum vd_status
check_trust_domain(struct vd_str name, size_t at, struct vd_err *err)
{
	if (name.len == 0)
		return refuse(err, at, "the trust domain is empty");
	for (size_t i = 0; i < name.len; i++)
		if (!in_trust_domain(name.at[i]))
			return refuse_host_byte(err, at + i, name.at[i]);
	if (name.len > VD_TRUST_DOMAIN_MAX)
		return vd_fail_at(err, VD_EINPUT, 0, (uint32_t)at + 1,
			"a trust domain of %zu bytes: at most %u", name.len, VD_TRUST_DOMAIN_MAX);
	return VD_OK;
}

static enum vd_status
check_segment(struct vd_str segment, size_t at, struct vd_err *err)
{
	if (segment.len == 0)
		return refuse(err, at, "an empty segment of the path, or a '/' at its end");
	for (size_t i = 0; i < segment.len; i++)
		if (!in_segment(segment.at[i]))
			return refuse_path_byte(err, at + i, segment.at[i]);
	if (vd_str_is(segment, ".") || vd_str_is(segment, ".."))
		return refuse(err, at, "'.' or '..' as a segment of the path");
	return VD_OK;
}

/* The bytes up to the next '/' or the end. */
static struct vd_str
up_to_slash(struct vd_str text)
{
	const char *slash = text.len == 0 ? NULL : memchr(text.at, '/', text.len);
	return (struct vd_str){text.at, slash == NULL ? text.len : (size_t)(slash - text.at)};
}

/* The segment behind a '/' that path begins with; path then begins with the next one or is empty. */
static struct vd_str
take_segment(struct vd_str *path)
{
	struct vd_str rest = {path->at + 1, path->len - 1};
	struct vd_str segment = up_to_slash(rest);
	*path = (struct vd_str){rest.at + segment.len, rest.len - segment.len};
	return segment;
}

enum vd_status
vd_spiffe_id_parse(struct vd_str text, struct vd_spiffe_id *ret, struct vd_err *err)
{
	if (text.len > VD_SPIFFE_URI_MAX)
		return vd_fail(err, VD_EINPUT, "an id of %zu bytes: at most %u", text.len, VD_SPIFFE_URI_MAX);
	if (text.len < SCHEME_LEN || memcmp(text.at, SCHEME, SCHEME_LEN) != 0)
		return refuse(err, 0, "a SPIFFE id begins with " SCHEME);
	struct vd_str rest = {text.at + SCHEME_LEN, text.len - SCHEME_LEN};
	struct vd_str host = up_to_slash(rest);
	struct vd_str path = {host.at + host.len, rest.len - host.len};
	enum vd_status st = check_trust_domain(host, SCHEME_LEN, err);
	for (struct vd_str left = path; st == VD_OK && left.len > 0;) {
		struct vd_str segment = take_segment(&left);
		st = check_segment(segment, (size_t)(segment.at - text.at), err);
	}
	if (st == VD_OK)
		*ret = (struct vd_spiffe_id){text, host, path};
	return st;
}

enum vd_status
vd_trust_domain_check(struct vd_str name, struct vd_err *err)
{
	return check_trust_domain(name, 0, err);
}

enum vd_status
vd_spiffe_name_check(struct vd_str name, const char *what, struct vd_err *err)
{
	if (name.len == 0)
		return vd_fail(err, VD_EINPUT, "the %s is empty", what);
	if (name.len > VD_SPIFFE_NAME_MAX)
		return vd_fail(
			err, VD_EINPUT, "a %s of %zu bytes: at most %u", what, name.len, VD_SPIFFE_NAME_MAX);
	enum vd_status st = check_segment(name, 0, err);
	return st == VD_OK ? VD_OK : vd_fail_in(err, st, "the %s", what);
}

bool
vd_spiffe_id_service(const struct vd_spiffe_id *id, struct vd_str *ret_instance, struct vd_str *ret_service)
{
	struct vd_str left = id->path, segments[4];
	for (size_t i = 0; i < VD_ARRAY_LEN(segments); i++) {
		if (left.len == 0)
			return false;
		segments[i] = take_segment(&left);
	}
	if (left.len > 0 || !vd_str_is(segments[0], "ns") || !vd_str_is(segments[2], "sa"))
		return false;
	*ret_instance = segments[1];
	*ret_service = segments[3];
	return true;
}

enum vd_status
vd_spiffe_id_format(struct vd_str trust_domain, struct vd_str instance, struct vd_str service,
	char ret[VD_SPIFFE_ID_MAX + 1], struct vd_err *err)
{
	char text[VD_SPIFFE_ID_MAX + 1];
	enum vd_status st = vd_trust_domain_check(trust_domain, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "the trust domain");
	if ((st = vd_spiffe_name_check(instance, "instance", err)) != VD_OK ||
		(st = vd_spiffe_name_check(service, "service", err)) != VD_OK)
		return st;
	int n = snprintf(text, sizeof text, SCHEME "%.*s/ns/%.*s/sa/%.*s", (int)trust_domain.len,
		trust_domain.at, (int)instance.len, instance.at, (int)service.len, service.at);
	if (n < 0 || (size_t)n >= sizeof text)
		return vd_fail(err, VD_ELIMIT, "an id of %d bytes: at most %u", n, VD_SPIFFE_ID_MAX);
	memcpy(ret, text, (size_t)n + 1);
	return VD_OK;
}
