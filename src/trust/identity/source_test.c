#include "trust/identity/source.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>

#include "trust/identity/identity_fixture.h"
#include "vd_test.h"

#define NOW FIXTURE_NOW_MS
#define COLLECTOR "spiffe://vedette.local/ns/default/sa/collector"

static const char *const gateway[] = {FIXTURE_ID}, *const collector[] = {COLLECTOR};
static const struct vd_demand from_gateway = {.allow = gateway, .n_allow = 1},
			      from_collector = {.allow = collector, .n_allow = 1},
			      from_anybody = {.anonymous = true},
			      perhaps_collector = {.anonymous = true, .allow = collector, .n_allow = 1};

/* The gateway serves, the collector calls. */
struct world {
	struct vd_authority *authority;
	struct vd_svid *gateway, *collector;
	struct vd_source *server, *client;
};

static void
world_fini(struct world *world)
{
	vd_source_free(world->server);
	vd_source_free(world->client);
	vd_svid_unref(world->gateway);
	vd_svid_unref(world->collector);
	vd_authority_free(world->authority);
	ERR_clear_error();
}

static void
world_init(struct world *world)
{
	world->authority = fixture_authority("vedette.local", NOW);
	world->gateway = fixture_svid(world->authority, "gateway", NOW);
	world->collector = fixture_svid(world->authority, "collector", NOW);
	world->server = fixture_source(world->gateway);
	world->client = fixture_source(world->collector);
}

#define WORLD(name)                                                                                          \
	VD_AUTO_FINI(world) name;                                                                            \
	world_init(&name)

static SSL_CTX *
tls_of(const struct vd_source *source, bool server, const struct vd_demand *demand)
{
	const struct vd_identity *identity = vd_source_identity(source);
	SSL_CTX *tls = NULL;
	int64_t expires_ms = 0;
	struct vd_err err = VD_ERR_INIT;
	if (identity->tls(identity->owner, server, demand, &tls, &expires_ms, &err) != VD_OK)
		fail_msg("%s", err.text);
	assert_true(expires_ms > NOW);
	return tls;
}

static enum vd_status
judge(const struct vd_source *source, const SSL *ssl, const struct vd_demand *demand, struct vd_peer *ret,
	struct vd_err *err)
{
	const struct vd_identity *identity = vd_source_identity(source);
	VD_AUTO(x509_st) leaf = SSL_get1_peer_certificate(ssl);
	return identity->judge(identity->owner, leaf, demand, ret, err);
}

/* A connection of contexts that a source each gives; the contexts are dropped at once, as callers do. */
static void
connect_with(struct fixture_pair *pair, SSL_CTX *client, SSL_CTX *server, SSL_SESSION *session)
{
	fixture_pair_init(pair, client, server, session);
	SSL_CTX_free(client);
	SSL_CTX_free(server);
}

static void
connect_demanding(struct fixture_pair *pair, const struct world *world, const struct vd_demand *of_client,
	const struct vd_demand *of_server, SSL_SESSION *session)
{
	connect_with(pair, tls_of(world->client, false, of_client), tls_of(world->server, true, of_server),
		session);
}

static void
connect_usual(struct fixture_pair *pair, const struct world *world, SSL_SESSION *session)
{
	connect_demanding(pair, world, &from_gateway, &from_collector, session);
}

/* A client of no identity that trusts everybody, as a browser of the public door would after a click. */
static SSL_CTX *
stranger(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	assert_non_null(tls);
	return tls;
}

VD_TEST(both_sides_show_and_verify_an_identity)
{
	WORLD(world);
	VD_AUTO_FINI(fixture_pair) pair;
	struct vd_peer peer;
	connect_usual(&pair, &world, NULL);
	assert_true(fixture_handshake(&pair));
	assert_int_equal(SSL_version(pair.client), TLS1_3_VERSION);
	assert_int_equal(judge(world.server, pair.server, &from_collector, &peer, NULL), VD_OK);
	assert_string_equal(peer.spiffe_id, COLLECTOR);
	assert_string_equal(peer.serial, vd_svid_self(world.collector)->serial);
	assert_true(peer.kind == VD_PEER_SVID && peer.expires_ms == NOW + VD_HOUR_MS);
	assert_int_equal(judge(world.client, pair.client, &from_gateway, &peer, NULL), VD_OK);
	assert_string_equal(peer.spiffe_id, FIXTURE_ID);
	/* the same certificate under another demand */
	assert_int_equal(judge(world.server, pair.server, &from_gateway, &peer, NULL), VD_EDENIED);
}

static void
expect_refused(const struct world *world, const struct vd_demand *of_client,
	const struct vd_demand *of_server, bool by_server, const char *why)
{
	VD_AUTO_FINI(fixture_pair) pair;
	struct vd_err err = VD_ERR_INIT;
	const struct vd_source *source = by_server ? world->server : world->client;
	const struct vd_identity *identity = vd_source_identity(source);
	connect_demanding(&pair, world, of_client, of_server, NULL);
	assert_false(fixture_handshake(&pair));
	assert_true(identity->refusal(identity->owner, by_server ? pair.server : pair.client, &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("%s", err.text);
	assert_false(identity->refusal(identity->owner, by_server ? pair.client : pair.server, &err));
	ERR_clear_error();
}

VD_TEST(who_is_not_on_the_list_is_refused_in_the_handshake_with_the_reason)
{
	WORLD(world);
	expect_refused(&world, &from_gateway, &from_gateway, true, "not_allowed: " COLLECTOR);
	expect_refused(&world, &from_collector, &from_collector, false, "not_allowed: " FIXTURE_ID);
}

VD_TEST(a_peer_of_another_trust_domain_is_refused)
{
	WORLD(world);
	VD_AUTO(vd_authority) other = fixture_authority("other.local", NOW);
	VD_AUTO(vd_svid) svid = fixture_svid(other, "collector", NOW);
	VD_AUTO(vd_bundle) theirs = vd_authority_bundle(other);
	VD_AUTO(vd_bundle) ours = vd_authority_bundle(world.authority);
	static const char *const foreign[] = {"spiffe://other.local/ns/default/sa/collector"};
	const struct vd_demand demand = {.allow = foreign, .n_allow = 1};
	assert_int_equal(vd_source_set_svid(world.client, svid, NULL), VD_OK);
	assert_int_equal(vd_source_set_bundles(world.client, &ours, 1, NULL), VD_OK);
	expect_refused(&world, &from_gateway, &demand, true, "trust_domain: ");
	/* until its bundle is there */
	VD_AUTO_FINI(fixture_pair) pair;
	struct vd_peer peer;
	assert_int_equal(vd_source_set_bundles(world.server, &theirs, 1, NULL), VD_OK);
	connect_demanding(&pair, &world, &from_gateway, &demand, NULL);
	assert_true(fixture_handshake(&pair));
	assert_int_equal(judge(world.server, pair.server, &demand, &peer, NULL), VD_OK);
	/* another's bundle does not stand in for one's own */
	VD_AUTO(vd_authority) twin = fixture_authority("vedette.local", NOW);
	VD_AUTO(vd_bundle) twins = vd_authority_bundle(twin);
	assert_int_equal(vd_source_set_bundles(world.server, &twins, 1, NULL), VD_OK);
	VD_AUTO(vd_svid) of_twin = fixture_svid(twin, "collector", NOW);
	assert_int_equal(vd_source_set_svid(world.client, of_twin, NULL), VD_OK);
	assert_int_equal(vd_source_set_bundles(world.client, &ours, 1, NULL), VD_OK);
	expect_refused(&world, &from_gateway, &from_collector, false, "unknown_issuer: ");
}

VD_TEST(a_client_without_a_certificate_passes_only_the_public_door)
{
	WORLD(world);
	struct vd_peer peer;
	struct vd_err err = VD_ERR_INIT;
	VD_AUTO_FINI(fixture_pair) refused;
	connect_with(&refused, stranger(), tls_of(world.server, true, &from_collector), NULL);
	assert_false(fixture_handshake(&refused));
	ERR_clear_error();
	const struct vd_demand *doors[] = {&from_anybody, &perhaps_collector};
	for (size_t i = 0; i < VD_ARRAY_LEN(doors); i++) {
		VD_AUTO_FINI(fixture_pair) pair;
		connect_with(&pair, stranger(), tls_of(world.server, true, doors[i]), NULL);
		assert_true(fixture_handshake(&pair));
		assert_int_equal(judge(world.server, pair.server, doors[i], &peer, NULL), VD_OK);
		assert_true(peer.kind == VD_PEER_ANONYMOUS && peer.expires_ms == INT64_MAX &&
			    peer.spiffe_id[0] == '\0');
		assert_int_equal(judge(world.server, pair.server, &from_collector, &peer, &err), VD_EDENIED);
		assert_non_null(strstr(err.text, "no_certificate"));
	}
	/* who shows a certificate there is judged by the list */
	VD_AUTO_FINI(fixture_pair) known;
	connect_demanding(&known, &world, &from_gateway, &perhaps_collector, NULL);
	assert_true(fixture_handshake(&known));
	assert_int_equal(judge(world.server, known.server, &perhaps_collector, &peer, NULL), VD_OK);
	assert_string_equal(peer.spiffe_id, COLLECTOR);
	/* a door that lets in no certificate asks for none */
	VD_AUTO_FINI(fixture_pair) unasked;
	connect_demanding(&unasked, &world, &from_gateway, &from_anybody, NULL);
	assert_true(fixture_handshake(&unasked));
	assert_null(SSL_get0_peer_certificate(unasked.server));
}

VD_TEST(tls_below_1_3_and_other_ciphers_and_groups_are_refused)
{
	WORLD(world);
	static struct {
		int version;
		const char *ciphers;
		char groups[8];
		bool goes;
	} clients[] = {
		{TLS1_2_VERSION, NULL, "", false},
		{TLS1_3_VERSION, NULL, "", true},
		{TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256", "", true},
		{TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384", "P-256", true},
		{TLS1_3_VERSION, "TLS_AES_128_CCM_SHA256", "", false},
		{TLS1_3_VERSION, NULL, "P-521", false},
	};
	for (size_t i = 0; i < VD_ARRAY_LEN(clients); i++) {
		VD_AUTO_FINI(fixture_pair) pair;
		SSL_CTX *tls = stranger();
		assert_int_equal(SSL_CTX_set_max_proto_version(tls, clients[i].version), 1);
		if (clients[i].ciphers != NULL)
			assert_int_equal(SSL_CTX_set_ciphersuites(tls, clients[i].ciphers), 1);
		if (clients[i].groups[0] != '\0')
			assert_int_equal(SSL_CTX_set1_groups_list(tls, clients[i].groups), 1);
		connect_with(&pair, tls, tls_of(world.server, true, &from_anybody), NULL);
		assert_int_equal(fixture_handshake(&pair), clients[i].goes);
		ERR_clear_error();
	}
}

VD_TEST(a_server_chooses_the_protocol_it_likes_best_or_refuses)
{
	WORLD(world);
	struct vd_demand server = from_collector, client = from_gateway;
	const unsigned char *chosen;
	unsigned n;
	server.alpn = "\x02h2\x08http/1.1";
	client.alpn = "\x08http/1.1\x02h2";
	VD_AUTO_FINI(fixture_pair) pair;
	connect_demanding(&pair, &world, &client, &server, NULL);
	assert_true(fixture_handshake(&pair));
	SSL_get0_alpn_selected(pair.client, &chosen, &n);
	assert_true(n == 2 && memcmp(chosen, "h2", 2) == 0);
	client.alpn = "\x04smtp";
	VD_AUTO_FINI(fixture_pair) refused;
	connect_demanding(&refused, &world, &client, &server, NULL);
	assert_false(fixture_handshake(&refused));
	ERR_clear_error();
	client.alpn = NULL; /* the caller sees that nothing was chosen */
	VD_AUTO_FINI(fixture_pair) silent;
	connect_demanding(&silent, &world, &client, &server, NULL);
	assert_true(fixture_handshake(&silent));
	SSL_get0_alpn_selected(silent.server, &chosen, &n);
	assert_int_equal(n, 0);
}

/* ---- sessions ---- */

/* The session of a usual connection, for a client to offer again. */
static SSL_SESSION *
session_of(const struct world *world)
{
	VD_AUTO_FINI(fixture_pair) pair;
	connect_usual(&pair, world, NULL);
	assert_true(fixture_handshake(&pair));
	SSL_SESSION *session = SSL_get1_session(pair.client);
	assert_non_null(session);
	assert_int_equal(SSL_SESSION_is_resumable(session), 1);
	assert_true(SSL_SESSION_get_ticket_lifetime_hint(session) <= VD_TICKET_LIFE_S);
	return session;
}

static bool
resumes(const struct world *world, SSL_SESSION *session)
{
	VD_AUTO_FINI(fixture_pair) pair;
	struct vd_peer peer;
	connect_usual(&pair, world, session);
	assert_true(fixture_handshake(&pair));
	/* both are judged, resumed or not */
	assert_int_equal(judge(world->server, pair.server, &from_collector, &peer, NULL), VD_OK);
	assert_string_equal(peer.spiffe_id, COLLECTOR);
	assert_int_equal(judge(world->client, pair.client, &from_gateway, &peer, NULL), VD_OK);
	assert_int_equal(SSL_session_reused(pair.client), SSL_session_reused(pair.server));
	return SSL_session_reused(pair.server) == 1;
}

VD_TEST(a_session_is_resumed_while_nothing_has_changed)
{
	WORLD(world);
	SSL_SESSION *session = session_of(&world);
	assert_true(resumes(&world, session));
	SSL_SESSION_free(session);
}

VD_TEST(a_session_of_before_a_new_svid_or_revocation_is_not_resumed)
{
	WORLD(world);
	SSL_SESSION *session = session_of(&world);
	VD_AUTO(vd_svid) renewed = fixture_svid(world.authority, "gateway", NOW);
	assert_int_equal(vd_source_set_svid(world.server, renewed, NULL), VD_OK);
	assert_false(resumes(&world, session));
	SSL_SESSION_free(session);
	session = session_of(&world);
	VD_AUTO(vd_revoked) list = NULL;
	assert_int_equal(vd_revoked_read(VD_S("vedette revoked 1\nserial 01\nend\n"), &list, NULL), VD_OK);
	assert_int_equal(vd_source_set_revoked(world.server, list, NULL), VD_OK);
	assert_false(resumes(&world, session));
	SSL_SESSION_free(session);
}

VD_TEST(a_session_of_another_demand_is_not_resumed)
{
	WORLD(world);
	SSL_SESSION *session = session_of(&world);
	VD_AUTO_FINI(fixture_pair) pair;
	connect_demanding(&pair, &world, &from_gateway, &perhaps_collector, session);
	assert_true(fixture_handshake(&pair));
	assert_int_equal(SSL_session_reused(pair.server), 0);
	SSL_SESSION_free(session);
}

VD_TEST(a_session_whose_peer_has_ended_is_not_resumed)
{
	WORLD(world);
	SSL_SESSION *session = session_of(&world);
	/* the client's SVID was shorter than the server's */
	const struct vd_svid_request brief = {
		.instance = VD_S("default"), .service = VD_S("collector"), .life_ms = 60000};
	VD_AUTO(vd_svid) short_lived = NULL;
	assert_int_equal(vd_authority_issue_svid(world.authority, &brief, NOW, &short_lived, NULL), VD_OK);
	assert_int_equal(vd_source_set_svid(world.client, short_lived, NULL), VD_OK);
	SSL_SESSION_free(session);
	session = session_of(&world);
	assert_true(resumes(&world, session));
	assert_int_equal(vd_source_set_svid(world.client, world.collector, NULL), VD_OK);
	fixture_clock_ms = NOW + 60000 + VD_SKEW_MS + 1;
	assert_false(resumes(&world, session));
	SSL_SESSION_free(session);
}

VD_TEST(a_client_judges_the_server_of_a_resumed_session_by_what_it_trusts_now)
{
	WORLD(world);
	SSL_SESSION *session = session_of(&world);
	VD_AUTO(vd_revoked) list = NULL;
	struct vd_peer peer;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(
		vd_revoked_read(VD_S("vedette revoked 1\nid " FIXTURE_ID "\nend\n"), &list, NULL), VD_OK);
	assert_int_equal(vd_source_set_revoked(world.client, list, NULL), VD_OK);
	VD_AUTO_FINI(fixture_pair) pair;
	connect_usual(&pair, &world, session);
	assert_true(fixture_handshake(&pair));
	assert_int_equal(SSL_session_reused(pair.client), 1);
	assert_int_equal(judge(world.client, pair.client, &from_gateway, &peer, &err), VD_EDENIED);
	assert_non_null(strstr(err.text, "revoked_id"));
	SSL_SESSION_free(session);
}

VD_TEST(an_anonymous_session_is_resumed_as_anonymous)
{
	WORLD(world);
	SSL_CTX *client = stranger();
	struct vd_peer peer;
	SSL_SESSION *session;
	{
		VD_AUTO_FINI(fixture_pair) pair;
		assert_int_equal(SSL_CTX_up_ref(client), 1);
		connect_with(&pair, client, tls_of(world.server, true, &perhaps_collector), NULL);
		assert_true(fixture_handshake(&pair));
		session = SSL_get1_session(pair.client);
	}
	VD_AUTO_FINI(fixture_pair) again;
	connect_with(&again, client, tls_of(world.server, true, &perhaps_collector), session);
	assert_true(fixture_handshake(&again));
	assert_int_equal(SSL_session_reused(again.server), 1);
	assert_int_equal(judge(world.server, again.server, &perhaps_collector, &peer, NULL), VD_OK);
	assert_int_equal(peer.kind, VD_PEER_ANONYMOUS);
	SSL_SESSION_free(session);
}

VD_TEST(a_certificate_that_no_handshake_verified_passes_no_judgement)
{
	WORLD(world);
	const struct vd_identity *identity = vd_source_identity(world.server);
	struct vd_peer peer;
	struct vd_err err = VD_ERR_INIT;
	VD_AUTO(x509_st) copy = X509_dup(vd_svid_leaf(world.collector));
	assert_int_equal(identity->judge(identity->owner, copy, &from_collector, &peer, &err), VD_EDENIED);
	assert_non_null(strstr(err.text, "its chain was never verified"));
}

/* ---- what is current ---- */

VD_TEST(without_a_living_svid_there_are_no_contexts)
{
	WORLD(world);
	VD_AUTO(vd_source) empty = fixture_source(NULL);
	const struct vd_identity *identity = vd_source_identity(empty);
	SSL_CTX *tls = NULL;
	int64_t expires_ms = 0;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(
		identity->tls(identity->owner, true, &from_anybody, &tls, &expires_ms, &err), VD_EAGAIN);
	assert_null(vd_source_svid(empty));
	identity = vd_source_identity(world.server);
	fixture_clock_ms = NOW + VD_HOUR_MS;
	assert_int_equal(
		identity->tls(identity->owner, true, &from_anybody, &tls, &expires_ms, &err), VD_EAGAIN);
	assert_non_null(strstr(err.text, "was not renewed"));
	assert_null(tls);
}

VD_TEST(a_context_is_made_once_a_side_and_demand_and_anew_with_an_svid)
{
	WORLD(world);
	SSL_CTX *a = tls_of(world.server, true, &from_collector),
		*b = tls_of(world.server, true, &from_collector);
	SSL_CTX *c = tls_of(world.server, false, &from_collector),
		*d = tls_of(world.server, true, &from_gateway);
	struct vd_demand with_protocol = from_collector;
	with_protocol.alpn = "\x02h2";
	SSL_CTX *e = tls_of(world.server, true, &with_protocol);
	assert_ptr_equal(a, b);
	assert_true(a != c && a != d && a != e);
	VD_AUTO(vd_svid) renewed = fixture_svid(world.authority, "gateway", NOW);
	assert_int_equal(vd_source_set_svid(world.server, renewed, NULL), VD_OK);
	SSL_CTX *f = tls_of(world.server, true, &from_collector);
	assert_ptr_not_equal(a, f);
	SSL_CTX *all[] = {a, b, c, d, e, f};
	for (size_t i = 0; i < VD_ARRAY_LEN(all); i++)
		SSL_CTX_free(all[i]);
}

VD_TEST(more_demands_than_are_kept_still_get_their_contexts)
{
	WORLD(world);
	char ids[100][64];
	for (size_t i = 0; i < VD_ARRAY_LEN(ids); i++) {
		const char *allow[] = {ids[i]};
		const struct vd_demand demand = {.allow = allow, .n_allow = 1};
		(void)snprintf(ids[i], sizeof ids[i], "spiffe://vedette.local/ns/default/sa/s%zu", i);
		SSL_CTX_free(tls_of(world.server, true, &demand));
	}
	VD_AUTO_FINI(fixture_pair) pair;
	connect_usual(&pair, &world, NULL);
	assert_true(fixture_handshake(&pair));
}

VD_TEST(the_epoch_changes_with_what_is_trusted_and_open_connections_are_judged_anew)
{
	WORLD(world);
	const struct vd_identity *identity = vd_source_identity(world.server);
	VD_AUTO_FINI(fixture_pair) pair;
	struct vd_peer peer;
	struct vd_err err = VD_ERR_INIT;
	uint64_t epoch = identity->epoch(identity->owner);
	connect_usual(&pair, &world, NULL);
	assert_true(fixture_handshake(&pair));
	assert_int_equal(judge(world.server, pair.server, &from_collector, &peer, NULL), VD_OK);
	/* its own SVID alone changes nothing for others */
	VD_AUTO(vd_svid) renewed = fixture_svid(world.authority, "gateway", NOW);
	assert_int_equal(vd_source_set_svid(world.server, renewed, NULL), VD_OK);
	assert_int_equal(identity->epoch(identity->owner), epoch);
	/* another root in the bundle */
	assert_int_equal(vd_authority_rotate(world.authority, VD_ROTATE_NEXT_ROOT, NOW, NULL), VD_OK);
	VD_AUTO(vd_svid) wider = fixture_svid(world.authority, "gateway", NOW);
	assert_int_equal(vd_source_set_svid(world.server, wider, NULL), VD_OK);
	assert_int_equal(identity->epoch(identity->owner), epoch + 1);
	assert_int_equal(identity->again(identity->owner, &peer, &err), VD_OK);
	/* a revocation */
	VD_AUTO(vd_revoked) list = NULL;
	assert_int_equal(
		vd_revoked_read(VD_S("vedette revoked 1\nid " COLLECTOR "\nend\n"), &list, NULL), VD_OK);
	assert_int_equal(vd_source_set_revoked(world.server, list, NULL), VD_OK);
	assert_int_equal(identity->epoch(identity->owner), epoch + 2);
	assert_int_equal(identity->again(identity->owner, &peer, &err), VD_EDENIED);
	assert_non_null(strstr(err.text, "revoked_id"));
	assert_int_equal(vd_source_set_revoked(world.server, NULL, NULL), VD_OK);
	assert_int_equal(identity->again(identity->owner, &peer, &err), VD_OK);
	/* the root that the peer's chain led to is gone */
	assert_int_equal(vd_authority_rotate(world.authority,
				 VD_ROTATE_USE_ROOT | VD_ROTATE_PRUNE | VD_ROTATE_NOW, NOW, NULL),
		VD_OK);
	VD_AUTO(vd_svid) narrower = fixture_svid(world.authority, "gateway", NOW);
	assert_int_equal(vd_source_set_svid(world.server, narrower, NULL), VD_OK);
	assert_int_equal(identity->again(identity->owner, &peer, &err), VD_EDENIED);
	assert_non_null(strstr(err.text, "unknown_issuer"));
}

VD_TEST(a_context_outlives_the_snapshot_that_it_came_from)
{
	WORLD(world);
	SSL_CTX *server = tls_of(world.server, true, &from_collector);
	SSL_CTX *client = tls_of(world.client, false, &from_gateway);
	VD_AUTO(vd_svid) renewed = fixture_svid(world.authority, "gateway", NOW);
	assert_int_equal(vd_source_set_svid(world.server, renewed, NULL), VD_OK);
	assert_int_equal(vd_source_set_svid(world.server, world.gateway, NULL), VD_OK);
	VD_AUTO_FINI(fixture_pair) pair;
	struct vd_peer peer;
	connect_with(&pair, client, server, NULL);
	assert_true(fixture_handshake(&pair));
	assert_int_equal(judge(world.server, pair.server, &from_collector, &peer, NULL), VD_OK);
}

struct swapper {
	struct world *world;
	_Atomic bool stop;
};

static void *
swap_again_and_again(void *owner)
{
	struct swapper *swapper = owner;
	VD_AUTO(vd_svid) other = fixture_svid(swapper->world->authority, "gateway", NOW);
	for (unsigned i = 0; !atomic_load(&swapper->stop); i++)
		assert_int_equal(vd_source_set_svid(swapper->world->server,
					 i % 2 == 0 ? other : swapper->world->gateway, NULL),
			VD_OK);
	return NULL;
}

VD_TEST(an_svid_is_swapped_while_others_shake_hands)
{
	WORLD(world);
	struct swapper swapper = {.world = &world};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, swap_again_and_again, &swapper), 0);
	for (unsigned i = 0; i < 50; i++) {
		VD_AUTO_FINI(fixture_pair) pair;
		struct vd_peer peer;
		connect_usual(&pair, &world, NULL);
		assert_true(fixture_handshake(&pair));
		assert_int_equal(judge(world.server, pair.server, &from_collector, &peer, NULL), VD_OK);
	}
	atomic_store(&swapper.stop, true);
	(void)pthread_join(thread, NULL);
}

/* ---- from files ---- */

static bool
reload(struct vd_source *source, enum vd_status wanted, const char *why)
{
	bool changed = false;
	struct vd_err err = VD_ERR_INIT;
	enum vd_status st = vd_source_reload(source, &changed, &err);
	if (st != wanted || strstr(err.text, why) == NULL)
		fail_msg("%s: %s", vd_status_name(st), err.text);
	return changed;
}

VD_TEST(files_are_read_again_when_they_change_and_a_broken_one_leaves_the_old)
{
	WORLD(world);
	VD_AUTO_FINI(fixture_folder) folder;
	char svid_path[256], key[256], bundle[256], revoked[256], current[256];
	fixture_folder_init(&folder);
	fixture_path(&folder, "svid.pem", svid_path);
	fixture_path(&folder, "key.pem", key);
	fixture_path(&folder, "bundle.pem", bundle);
	fixture_path(&folder, "revoked", revoked);
	fixture_path(&folder, ".current", current);
	VD_AUTO(vd_source) source = fixture_source(NULL);
	const struct vd_identity *identity = vd_source_identity(source);
	const struct vd_source_paths paths = {{svid_path, key, bundle}, revoked};
	assert_int_equal(vd_source_set_paths(source, &paths, NULL), VD_OK);
	assert_false(reload(source, VD_ENOTFOUND, "revoked"));
	fixture_write(revoked, "vedette revoked 1\nend\n", 0644);
	assert_true(reload(source, VD_ENOTFOUND, "svid.pem"));
	assert_int_equal(vd_svid_save(world.gateway, folder.path, NULL), VD_OK);
	assert_true(reload(source, VD_OK, ""));
	VD_AUTO(vd_svid) first = vd_source_svid(source);
	assert_string_equal(vd_svid_self(first)->serial, vd_svid_self(world.gateway)->serial);
	assert_false(reload(source, VD_OK, ""));
	/* swapped as a whole */
	VD_AUTO(vd_svid) renewed = fixture_svid(world.authority, "gateway", NOW);
	assert_int_equal(vd_svid_save(renewed, folder.path, NULL), VD_OK);
	assert_true(reload(source, VD_OK, ""));
	VD_AUTO(vd_svid) second = vd_source_svid(source);
	assert_string_equal(vd_svid_self(second)->serial, vd_svid_self(renewed)->serial);
	/* broken: the old stays, and it is said each time */
	assert_int_equal(unlink(bundle), 0);
	fixture_write(bundle, "nonsense", 0644);
	assert_false(reload(source, VD_EINPUT, "the bundle: no certificate"));
	assert_false(reload(source, VD_EINPUT, "the bundle: no certificate"));
	assert_int_equal(rename(current, svid_path), 0); /* no file at all */
	assert_false(reload(source, VD_ENOTFOUND, ""));
	VD_AUTO(vd_svid) third = vd_source_svid(source);
	assert_ptr_equal(second, third);
	/* the list of revocations on its own */
	uint64_t epoch = identity->epoch(identity->owner);
	fixture_write(revoked, "vedette revoked 1\nid " COLLECTOR "\n", 0644);
	assert_false(reload(source, VD_EINPUT, "revoked: the list has no 'end'"));
	assert_int_equal(identity->epoch(identity->owner), epoch);
	fixture_write(revoked, "vedette revoked 1\nid " COLLECTOR "\nend\n", 0644);
	assert_true(reload(source, VD_ENOTFOUND, ""));
	assert_int_equal(identity->epoch(identity->owner), epoch + 1);
	fixture_write(revoked, "vedette revoked 1\nend\n", 0666);
	assert_false(reload(source, VD_EDENIED, "others could have written"));
}

VD_TEST(survives_every_out_of_memory)
{
	WORLD(world);
	VD_TORTURE
	{
		struct vd_source *made = NULL;
		SSL_CTX *tls = NULL;
		int64_t expires_ms;
		const struct vd_source_paths paths = {{"/a", "/b", "/c"}, "/d"};
		enum vd_status st = vd_source_new(NULL, &made, NULL);
		VD_AUTO(vd_source) source = made;
		assert_true(st == VD_OK || st == VD_ENOMEM);
		if (st != VD_OK || (st = vd_source_set_paths(source, &paths, NULL)) != VD_OK ||
			(st = vd_source_set_svid(source, world.gateway, NULL)) != VD_OK) {
			assert_int_equal(st, VD_ENOMEM);
			continue;
		}
		const struct vd_identity *identity = vd_source_identity(world.client);
		st = vd_source_set_svid(world.client, world.collector, NULL); /* drops what is kept */
		if (st == VD_OK)
			st = identity->tls(
				identity->owner, true, &perhaps_collector, &tls, &expires_ms, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		SSL_CTX_free(tls);
	}
}

VD_TEST(a_handshake_survives_every_out_of_memory)
{
	WORLD(world);
	SSL_CTX *server = tls_of(world.server, true, &from_collector);
	SSL_CTX *client = tls_of(world.client, false, &from_gateway);
	VD_TORTURE
	{
		struct vd_peer peer;
		VD_AUTO_FINI(fixture_pair) pair;
		fixture_pair_init(&pair, client, server, NULL);
		if (fixture_handshake(&pair))
			assert_int_equal(
				judge(world.server, pair.server, &from_collector, &peer, NULL), VD_OK);
		ERR_clear_error();
	}
	SSL_CTX_free(server);
	SSL_CTX_free(client);
}
