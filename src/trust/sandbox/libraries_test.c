/* What services stand on still works when they are confined: TLS, the event loop, names, compiled expressions. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "trust/sandbox/cell.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pcre2.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "net/loop.h"
#include "vd_test.h"

static const struct vd_sandbox_path paths[] = {{"@state", VD_SANDBOX_READ | VD_SANDBOX_CREATE}};
static const uint16_t any_port[] = {0};

static const struct vd_sandbox_profile server = {
	.name = "server",
	.paths = paths,
	.n_paths = 1,
	.bind = {VD_SANDBOX_LISTED, any_port, 1},
	.calls = VD_SANDBOX_THREADS,
};

#define IN_A_CELL(cell)                                                                                      \
	if (cell_cannot() != NULL)                                                                           \
		VD_SKIP(cell_cannot());                                                                      \
	VD_AUTO_FINI(cell) cell;                                                                             \
	cell_init(&cell)

/* ---- TLS ---- */

/* A key and a certificate of its own, as a test's server has them. */
static int
certify(SSL_CTX *tls)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *leaf = X509_new();
	X509_NAME *name = X509_get_subject_name(leaf);
	int good = key != NULL && X509_set_version(leaf, X509_VERSION_3) &&
		   ASN1_INTEGER_set(X509_get_serialNumber(leaf), 1) &&
		   X509_gmtime_adj(X509_getm_notBefore(leaf), -60) != NULL &&
		   X509_gmtime_adj(X509_getm_notAfter(leaf), 3600) != NULL &&
		   X509_NAME_add_entry_by_txt(
			   name, "CN", MBSTRING_ASC, (const unsigned char *)"server", -1, -1, 0) &&
		   X509_set_issuer_name(leaf, name) && X509_set_pubkey(leaf, key) &&
		   X509_sign(leaf, key, EVP_sha256()) > 0 && SSL_CTX_use_certificate(tls, leaf) == 1 &&
		   SSL_CTX_use_PrivateKey(tls, key) == 1;
	X509_free(leaf);
	EVP_PKEY_free(key);
	return good;
}

/* Both sides by turns over two pipes of memory; nothing of OpenSSL was used before. */
static int
shakes_hands(const struct cell *cell, const void *arg)
{
	BIO *ours, *theirs;
	(void)cell;
	(void)arg;
	SSL_CTX *serving = SSL_CTX_new(TLS_server_method()), *calling = SSL_CTX_new(TLS_client_method());
	if (serving == NULL || calling == NULL || !certify(serving))
		return 1;
	SSL *server_end = SSL_new(serving), *client_end = SSL_new(calling);
	if (server_end == NULL || client_end == NULL || BIO_new_bio_pair(&ours, 0, &theirs, 0) != 1)
		return 2;
	SSL_set_bio(server_end, ours, ours);
	SSL_set_bio(client_end, theirs, theirs);
	SSL_set_accept_state(server_end);
	SSL_set_connect_state(client_end);
	for (unsigned turn = 0; turn < 10; turn++)
		(void)(SSL_do_handshake(client_end) + SSL_do_handshake(server_end));
	int good = SSL_is_init_finished(client_end) && SSL_is_init_finished(server_end) &&
		   SSL_version(client_end) == TLS1_3_VERSION;
	char word[8] = "";
	good = good && SSL_write(client_end, "hello", 5) == 5 && SSL_read(server_end, word, 5) == 5;
	SSL_free(server_end);
	SSL_free(client_end);
	SSL_CTX_free(serving);
	SSL_CTX_free(calling);
	return good && memcmp(word, "hello", 5) == 0 ? 0 : 3;
}

VD_TEST(tls_works_confined)
{
	IN_A_CELL(cell);
	assert_int_equal(cell_run(&cell, &server, shakes_hands, NULL), 0);
}

/* ---- the event loop, with a thread that posts to it ---- */

struct posting {
	struct vd_task task;
	struct vd_loop *loop;
};

static void
stop(struct vd_task *task)
{
	vd_loop_stop(((struct posting *)(void *)task)->loop);
}

static void *
post(void *arg)
{
	struct posting *posting = arg;
	const struct timespec soon = {.tv_nsec = 1000000};
	(void)nanosleep(&soon, NULL);
	vd_loop_post(posting->loop, &posting->task);
	return NULL;
}

static int
goes_round(const struct cell *cell, const void *arg)
{
	VD_AUTO(vd_loop) loop = NULL;
	pthread_t id;
	(void)cell;
	(void)arg;
	if (vd_loop_new(&vd_clock_system, &loop, NULL) != VD_OK)
		return 1;
	struct posting posting = {.task.run = stop, .loop = loop};
	if (pthread_create(&id, NULL, post, &posting) != 0)
		return 2;
	enum vd_status st = vd_loop_run(loop, NULL);
	return pthread_join(id, NULL) == 0 && st == VD_OK ? 0 : 3;
}

VD_TEST(the_event_loop_works_confined)
{
	IN_A_CELL(cell);
	assert_int_equal(cell_run(&cell, &server, goes_round, NULL), 0);
}

/* ---- names ---- */

static int
looks_up(const struct cell *cell, const void *arg)
{
	struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM};
	(void)cell;
	int failed = getaddrinfo(arg, "443", &hints, &list);
	if (list != NULL)
		freeaddrinfo(list);
	return failed < 0 ? -failed : failed;
}

VD_TEST(names_are_looked_up_by_who_may)
{
	IN_A_CELL(cell);
	static const struct vd_sandbox_path names[] = {VD_SANDBOX_RESOLVER_PATHS};
	struct vd_sandbox_profile client = {.name = "client",
		.paths = names,
		.n_paths = VD_ARRAY_LEN(names),
		.connect = {VD_SANDBOX_ALL, NULL, 0},
		.sockets = VD_SANDBOX_UDP | VD_SANDBOX_ROUTES};
	assert_int_equal(cell_run(&cell, &client, looks_up, "127.0.0.1"), 0);
	if (looks_up(&cell, "localhost") != 0)
		VD_SKIP("localhost has no address here");
	assert_int_equal(cell_run(&cell, &client, looks_up, "localhost"), 0);
}

/* ---- expressions ---- */

static int
compiles(const struct cell *cell, const void *arg)
{
	int error;
	size_t at;
	(void)cell;
	(void)arg;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR) "a+b", PCRE2_ZERO_TERMINATED, 0, &error, &at, NULL);
	if (code == NULL)
		return 1;
	int failed = pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	pcre2_code_free(code);
	return failed == 0 ? 0 : 2;
}

VD_TEST(expressions_become_code_only_where_the_profile_says_so)
{
	IN_A_CELL(cell);
	struct vd_sandbox_profile detector = server;
	assert_int_equal(cell_run(&cell, &detector, compiles, NULL), 2);
	detector.calls |= VD_SANDBOX_CODE;
	assert_int_equal(cell_run(&cell, &detector, compiles, NULL), 0);
}
