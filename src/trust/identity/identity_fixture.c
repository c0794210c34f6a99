#include "trust/identity/identity_fixture.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vd_test.h"

/* ---- certificates ---- */

EVP_PKEY *
fixture_key(void)
{
	EVP_PKEY *key = NULL;
	assert_int_equal(vd_key_new(&key, NULL), VD_OK);
	return key;
}

struct fixture_cert
fixture_leaf(X509 *issuer, EVP_PKEY *issuer_key)
{
	return (struct fixture_cert){.subject = "gateway",
		.names = "URI:" FIXTURE_ID ",DNS:localhost",
		.basic = "critical,CA:FALSE",
		.usage = "critical,digitalSignature",
		.purposes = "serverAuth,clientAuth",
		.begins_ms = FIXTURE_NOW_MS,
		.ends_ms = FIXTURE_NOW_MS + VD_HOUR_MS,
		.issuer = issuer,
		.issuer_key = issuer_key,
		.serial = 4711};
}

struct fixture_cert
fixture_ca(void)
{
	return (struct fixture_cert){.subject = "root",
		.names = "URI:spiffe://vedette.local",
		.basic = "critical,CA:TRUE",
		.usage = "critical,keyCertSign,cRLSign",
		.begins_ms = FIXTURE_NOW_MS - VD_DAY_MS,
		.ends_ms = FIXTURE_NOW_MS + VD_DAY_MS,
		.serial = 1};
}

static void
put(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX where;
	if (value == NULL)
		return;
	X509V3_set_ctx(&where, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &where, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(cert, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

X509 *
fixture_mint(const struct fixture_cert *what, EVP_PKEY *key)
{
	X509 *cert = X509_new(), *issuer = what->issuer == NULL ? cert : what->issuer;
	assert_non_null(cert);
	X509_NAME *subject = X509_get_subject_name(cert);
	assert_int_equal(X509_set_version(cert, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), what->serial), 1);
	if (what->subject != NULL)
		assert_int_equal(X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
					 (const unsigned char *)what->subject, -1, -1, 0),
			1);
	assert_int_equal(X509_set_issuer_name(cert, X509_get_subject_name(issuer)), 1);
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(what->begins_ms / 1000)));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(what->ends_ms / 1000)));
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	put(cert, issuer, NID_basic_constraints, what->basic);
	put(cert, issuer, NID_key_usage, what->usage);
	put(cert, issuer, NID_ext_key_usage, what->purposes);
	put(cert, issuer, NID_subject_alt_name, what->names);
	put(cert, issuer, NID_name_constraints, what->constraints);
	put(cert, issuer, NID_subject_key_identifier, "hash");
	put(cert, issuer, NID_authority_key_identifier, "keyid");
	assert_true(X509_sign(cert, what->issuer_key == NULL ? key : what->issuer_key, EVP_sha256()) > 0);
	return cert;
}

struct stack_st_X509 *
fixture_stack(X509 *first, X509 *second)
{
	struct stack_st_X509 *stack = sk_X509_new_null();
	assert_non_null(stack);
	assert_int_equal(X509_add_cert(stack, first, X509_ADD_FLAG_UP_REF), 1);
	if (second != NULL)
		assert_int_equal(X509_add_cert(stack, second, X509_ADD_FLAG_UP_REF), 1);
	return stack;
}

struct vd_bundle *
fixture_bundle(const char *trust_domain, X509 *root)
{
	VD_AUTO(stack_st_X509) roots = fixture_stack(root, NULL);
	struct vd_bundle *bundle = NULL;
	assert_int_equal(vd_bundle_new(vd_str_from(trust_domain), roots, 1, &bundle, NULL), VD_OK);
	return bundle;
}

struct vd_authority *
fixture_authority(const char *trust_domain, int64_t now_ms)
{
	struct vd_authority *authority = NULL;
	const struct vd_authority_options options = {.trust_domain = trust_domain};
	assert_int_equal(vd_authority_new(&options, now_ms, &authority, NULL), VD_OK);
	return authority;
}

struct vd_svid *
fixture_svid(const struct vd_authority *authority, const char *service, int64_t now_ms)
{
	struct vd_svid *svid = NULL;
	struct vd_err err = VD_ERR_INIT;
	const struct vd_svid_request request = {.instance = VD_S("default"), .service = vd_str_from(service)};
	if (vd_authority_issue_svid(authority, &request, now_ms, &svid, &err) != VD_OK)
		fail_msg("%s", err.text);
	return svid;
}

/* ---- a clock ---- */

int64_t fixture_clock_ms = FIXTURE_NOW_MS;

static int64_t
clock_ms(void *owner)
{
	(void)owner;
	return fixture_clock_ms;
}

struct vd_source *
fixture_source(struct vd_svid *svid)
{
	struct vd_source *source = NULL;
	const struct vd_source_options options = {.wall_ms = clock_ms};
	fixture_clock_ms = FIXTURE_NOW_MS;
	assert_int_equal(vd_source_new(&options, &source, NULL), VD_OK);
	if (svid != NULL)
		assert_int_equal(vd_source_set_svid(source, svid, NULL), VD_OK);
	return source;
}

/* ---- a folder ---- */

void
fixture_folder_init(struct fixture_folder *folder)
{
	(void)snprintf(folder->path, sizeof folder->path, "/tmp/vedette-identity-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void
fixture_folder_fini(struct fixture_folder *folder)
{
	(void)nftw(folder->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void
fixture_path(const struct fixture_folder *folder, const char *name, char ret[256])
{
	assert_true(snprintf(ret, 256, "%s/%s", folder->path, name) < 256);
}

void
fixture_write(const char *path, const char *text, unsigned mode)
{
	(void)unlink(path); /* another inode, as writers of certificates make */
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* ---- TLS ---- */

void
fixture_pair_init(struct fixture_pair *pair, SSL_CTX *client, SSL_CTX *server, SSL_SESSION *session)
{
	BIO *ours, *theirs;
	*pair = (struct fixture_pair){SSL_new(client), SSL_new(server)};
	assert_non_null(pair->client);
	assert_non_null(pair->server);
	assert_int_equal(BIO_new_bio_pair(&ours, 65536, &theirs, 65536), 1);
	SSL_set_bio(pair->client, ours, ours);
	SSL_set_bio(pair->server, theirs, theirs);
	SSL_set_connect_state(pair->client);
	SSL_set_accept_state(pair->server);
	if (session != NULL)
		assert_int_equal(SSL_set_session(pair->client, session), 1);
}

void
fixture_pair_fini(struct fixture_pair *pair)
{
	/* a session of a connection that ended without a word counts as broken */
	(void)SSL_shutdown(pair->client);
	SSL_free(pair->client);
	SSL_free(pair->server);
}

/* One byte from one to the other; it also brings tickets, or the alert of one who refused. */
static bool
send_byte(SSL *from, SSL *to)
{
	char byte = 'x';
	return SSL_write(from, &byte, 1) == 1 && SSL_read(to, &byte, 1) == 1;
}

bool
fixture_handshake(struct fixture_pair *pair)
{
	int client = 0, server = 0;
	for (unsigned i = 0; i < 8 && (client != 1 || server != 1); i++) {
		client = SSL_do_handshake(pair->client);
		if (client != 1 && SSL_get_error(pair->client, client) != SSL_ERROR_WANT_READ)
			(void)SSL_do_handshake(pair->server); /* takes the alert */
		server = SSL_do_handshake(pair->server);
		if (server != 1 && SSL_get_error(pair->server, server) != SSL_ERROR_WANT_READ)
			return false;
	}
	return client == 1 && server == 1 && send_byte(pair->server, pair->client) &&
	       send_byte(pair->client, pair->server);
}
