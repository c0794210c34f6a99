/*
 * What the tests of this room share: certificates with any fault, a clock that goes when told to, a folder of their own,
 * and the two ends of a TLS connection in memory.  Asserts inside; one thread.
 */
#ifndef VD_TRUST_IDENTITY_IDENTITY_FIXTURE_H
#define VD_TRUST_IDENTITY_IDENTITY_FIXTURE_H

#include "trust/identity/authority.h"
#include "trust/identity/source.h"

#define FIXTURE_NOW_MS 1767600000000 /* 2026-01-05T08:00:00Z */
#define FIXTURE_ID "spiffe://vedette.local/ns/default/sa/gateway"

/* Extensions as OpenSSL's configurations spell them; NULL: left out. */
struct fixture_cert {
	const char *subject; /* common name, without an organisation */
	const char *names;   /* "URI:spiffe://…,DNS:…" */
	const char *basic, *usage, *purposes, *constraints;
	int64_t begins_ms, ends_ms;
	X509 *issuer;         /* NULL: itself */
	EVP_PKEY *issuer_key; /* NULL: key */
	long serial;
};

/* An SVID of the usual form, to be changed in one place. */
struct fixture_cert fixture_leaf(X509 *issuer, EVP_PKEY *issuer_key);
struct fixture_cert fixture_ca(void);
X509 *fixture_mint(const struct fixture_cert *what, EVP_PKEY *key);

EVP_PKEY *fixture_key(void);                                    /* a new one */
struct stack_st_X509 *fixture_stack(X509 *first, X509 *second); /* references; second may be NULL */
struct vd_bundle *fixture_bundle(const char *trust_domain, X509 *root);

struct vd_authority *fixture_authority(const char *trust_domain, int64_t now_ms);
struct vd_svid *fixture_svid(const struct vd_authority *authority, const char *service, int64_t now_ms);

/* ---- a clock ---- */

extern int64_t fixture_clock_ms;                        /* what every fixture's source takes for the time */
struct vd_source *fixture_source(struct vd_svid *svid); /* svid: may be NULL */

/* ---- a folder ---- */

struct fixture_folder {
	char path[64];
};
void fixture_folder_init(struct fixture_folder *folder);
void fixture_folder_fini(struct fixture_folder *folder); /* removes all that is in it */
void fixture_path(const struct fixture_folder *folder, const char *name, char ret[256]);
void fixture_write(const char *path, const char *text, unsigned mode);

/* ---- TLS ---- */

struct fixture_pair {
	SSL *client, *server;
};
void fixture_pair_init(struct fixture_pair *pair, SSL_CTX *client, SSL_CTX *server, SSL_SESSION *session);
void fixture_pair_fini(struct fixture_pair *pair);
/* True: both have finished, and what each wrote the other has read. */
bool fixture_handshake(struct fixture_pair *pair);

#endif
