/*
 * Making certificates: the extensions of an X.509-SVID and of the certificates that sign them (X509-SVID
 * specification, sections 3 and 4; RFC 5280, 4.2.1).
 *
 * Every name is put in as the structure it becomes, never as text for OpenSSL's reader of configurations, where a name
 * could bring in another ("x,URI:spiffe://…").
 *
 * Pure but for OpenSSL's random numbers; any thread.
 */
#ifndef VD_TRUST_IDENTITY_MINT_H
#define VD_TRUST_IDENTITY_MINT_H

#include "trust/identity/cert.h"

#define VD_NAMES_MAX 32u     /* DNS names of a certificate, and addresses */
#define VD_DNS_NAME_MAX 253u /* bytes */

/* A certificate to be; texts are borrowed. */
struct vd_mint {
	const char *name; /* with the organisation "vedette" it is the subject */
	const char *uri;
	const char *const *dns;       /* names as in DNS, no wildcards */
	const char *const *addresses; /* IPv4 or IPv6 */
	size_t n_dns, n_addresses;
	int64_t begins_ms, ends_ms;
	int path_length; /* of a certificate that signs: how many of its kind may follow; below 0: a leaf */
	const char
		*permitted; /* of one that signs: the only trust domain that may stand below it; NULL: any */
	X509 *issuer;       /* NULL: signs itself */
	EVP_PKEY *issuer_key;
};

/* key: the public key that is certified; its private part is not needed. */
enum vd_status vd_mint(const struct vd_mint *what, EVP_PKEY *key, X509 **ret, struct vd_err *err) VD_MUST_USE;

#endif
