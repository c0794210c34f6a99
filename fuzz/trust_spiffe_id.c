/*
 * Any bytes as a SPIFFE id: what is taken is made of its parts, holds nothing that the specification forbids, and if it
 * has the form of a service, writing that service gives the same bytes.
 */
#include <stdlib.h>

#include "trust/identity/spiffe_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static bool
holds_text(struct vd_str in, const char *what)
{
	return memmem(in.at, in.len, what, strlen(what)) != NULL;
}

static void
check_parts(const struct vd_spiffe_id *id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/:";
	must(id->text.len <= VD_SPIFFE_URI_MAX && id->trust_domain.len <= VD_TRUST_DOMAIN_MAX);
	must(vd_str_starts(id->text, "spiffe://") && id->trust_domain.at == id->text.at + 9);
	must(id->trust_domain.len > 0 && id->text.len == 9 + id->trust_domain.len + id->path.len);
	must(id->path.len == 0 || (id->path.at[0] == '/' && id->path.at[id->path.len - 1] != '/'));
	for (size_t i = 0; i < id->text.len; i++)
		must(id->text.at[i] != '\0' && strchr(allowed, id->text.at[i]) != NULL);
	if (id->path.len > 0)
		must(!holds_text(id->path, "//") && !holds_text(id->path, "/./") &&
			!holds_text(id->path, "/../") && !vd_str_ends(id->path, "/.") &&
			!vd_str_ends(id->path, "/..") && !holds_text(id->path, ":"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct vd_str text = {(const char *)bytes, n}, instance, service;
	struct vd_spiffe_id id;
	struct vd_err err = VD_ERR_INIT;
	char written[VD_SPIFFE_ID_MAX + 1];
	if (vd_spiffe_id_parse(text, &id, &err) != VD_OK) {
		must(err.status == VD_EINPUT && err.text[0] != '\0');
		return 0;
	}
	check_parts(&id);
	must(vd_trust_domain_check(id.trust_domain, &err) == VD_OK);
	if (vd_spiffe_id_service(&id, &instance, &service) &&
		vd_spiffe_id_format(id.trust_domain, instance, service, written, &err) == VD_OK)
		must(vd_str_eq(vd_str_from(written), text));
	return 0;
}
