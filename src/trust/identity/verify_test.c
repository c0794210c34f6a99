#include "trust/identity/verify.h"

#include "trust/identity/identity_fixture.h"
#include "trust/identity/mint.h"
#include "vd_test.h"

static const char *const gateway[] = {FIXTURE_ID};
static const struct vd_demand allow_gateway = {.allow = gateway, .n_allow = 1};

/* A root, an intermediate under it, and what is trusted. */
struct world {
	EVP_PKEY *root_key, *key, *leaf_key;
	X509 *root, *intermediate;
	struct vd_bundle *bundle;
	struct stack_st_X509 *untrusted;
	struct vd_trusted trusted;
};

static void
world_fini(struct world *world)
{
	EVP_PKEY_free(world->root_key);
	EVP_PKEY_free(world->key);
	EVP_PKEY_free(world->leaf_key);
	X509_free(world->root);
	X509_free(world->intermediate);
	vd_bundle_unref(world->bundle);
	vd_chain_free(world->untrusted);
}

static void
world_init(struct world *world)
{
	*world = (struct world){.root_key = fixture_key(), .key = fixture_key(), .leaf_key = fixture_key()};
	struct fixture_cert ca = fixture_ca();
	world->root = fixture_mint(&ca, world->root_key);
	ca = fixture_ca();
	ca.subject = "intermediate";
	ca.issuer = world->root;
	ca.issuer_key = world->root_key;
	world->intermediate = fixture_mint(&ca, world->key);
	world->bundle = fixture_bundle("vedette.local", world->root);
	world->untrusted = fixture_stack(world->intermediate, NULL);
	world->trusted = (struct vd_trusted){
		.bundles = &world->bundle, .n_bundles = 1, .now_ms = FIXTURE_NOW_MS, .skew_ms = VD_SKEW_MS};
}

#define WORLD(name)                                                                                          \
	VD_AUTO_FINI(world) name;                                                                            \
	world_init(&name)

static enum vd_refusal
judge(const struct world *world, X509 *leaf, struct vd_peer *ret, struct vd_err *err)
{
	enum vd_refusal refusal = VD_REFUSAL_NONE;
	enum vd_status st = vd_verify_peer(
		&world->trusted, leaf, world->untrusted, true, &allow_gateway, ret, &refusal, err);
	assert_true((st == VD_OK && refusal == VD_REFUSAL_NONE) ||
		    (st == VD_EDENIED && refusal != VD_REFUSAL_NONE));
	return refusal;
}

/* Mints the leaf and says what becomes of it; the words must begin with the refusal's name. */
static void
expect(const struct world *world, const struct fixture_cert *what, enum vd_refusal wanted)
{
	struct vd_peer peer = {.kind = VD_PEER_LOCAL};
	struct vd_err err = VD_ERR_INIT;
	VD_AUTO(x509_st) leaf = fixture_mint(what, world->leaf_key);
	enum vd_refusal refusal = judge(world, leaf, &peer, &err);
	if (refusal != wanted)
		fail_msg("%s: wanted %s", err.text, vd_refusal_name(wanted));
	if (wanted == VD_REFUSAL_NONE)
		return;
	assert_int_equal(strncmp(err.text, vd_refusal_name(wanted), strlen(vd_refusal_name(wanted))), 0);
	assert_int_equal(peer.kind, VD_PEER_LOCAL); /* untouched */
}

static struct fixture_cert
usual(const struct world *world)
{
	return fixture_leaf(world->intermediate, world->key);
}

VD_TEST(an_svid_of_the_usual_form_comes_in_and_is_described)
{
	WORLD(world);
	struct fixture_cert what = usual(&world);
	VD_AUTO(x509_st) leaf = fixture_mint(&what, world.leaf_key);
	struct vd_peer peer;
	uint8_t anchor[VD_FINGERPRINT_LEN];
	assert_int_equal(judge(&world, leaf, &peer, NULL), VD_REFUSAL_NONE);
	assert_int_equal(peer.kind, VD_PEER_SVID);
	assert_string_equal(peer.spiffe_id, FIXTURE_ID);
	assert_string_equal(peer.serial, "1267");
	assert_true(peer.issued_ms == FIXTURE_NOW_MS && peer.expires_ms == FIXTURE_NOW_MS + VD_HOUR_MS);
	assert_true(vd_cert_fingerprint(world.root, anchor));
	assert_memory_equal(peer.anchor, anchor, sizeof anchor);
}

VD_TEST(the_form_of_an_svid_is_demanded)
{
	WORLD(world);
	struct fixture_cert what;
	static const struct {
		const char *names;
		enum vd_refusal refusal;
	} names[] = {
		{NULL, VD_REFUSAL_NO_URI},
		{"DNS:localhost,IP:127.0.0.1", VD_REFUSAL_NO_URI},
		{"URI:" FIXTURE_ID ",URI:" FIXTURE_ID, VD_REFUSAL_SEVERAL_URIS},
		{"URI:" FIXTURE_ID ",DNS:x,URI:https://example.org", VD_REFUSAL_SEVERAL_URIS},
		{"URI:https://example.org/x", VD_REFUSAL_ID},
		{"URI:spiffe://vedette.local", VD_REFUSAL_ID},
		{"URI:spiffe://vedette.local/", VD_REFUSAL_ID},
		{"URI:spiffe://Vedette.local/ns/default/sa/gateway", VD_REFUSAL_ID},
		{"URI:spiffe://vedette.local/ns/default/../sa/gateway", VD_REFUSAL_ID},
	};
	for (size_t i = 0; i < VD_ARRAY_LEN(names); i++) {
		what = usual(&world);
		what.names = names[i].names;
		expect(&world, &what, names[i].refusal);
	}
	what = usual(&world);
	what.basic = "critical,CA:TRUE";
	expect(&world, &what, VD_REFUSAL_CA);
	what.basic = "critical,CA:FALSE";
	what.usage = "critical,digitalSignature,keyCertSign";
	expect(&world, &what, VD_REFUSAL_CA);
	what.usage = "critical,digitalSignature,cRLSign";
	expect(&world, &what, VD_REFUSAL_KEY_USAGE);
	what.usage = "critical,keyEncipherment";
	expect(&world, &what, VD_REFUSAL_KEY_USAGE);
	what.usage = NULL;
	expect(&world, &what, VD_REFUSAL_KEY_USAGE);
	what = usual(&world);
	what.purposes = "serverAuth";
	expect(&world, &what, VD_REFUSAL_PURPOSE);
	what.purposes = "clientAuth,emailProtection";
	expect(&world, &what, VD_REFUSAL_PURPOSE);
	what.purposes = "codeSigning";
	expect(&world, &what, VD_REFUSAL_PURPOSE);
}

VD_TEST(what_the_form_leaves_open_may_be_absent)
{
	WORLD(world);
	struct fixture_cert what = usual(&world);
	what.purposes = NULL;
	what.basic = NULL;
	what.subject = NULL;
	what.names = "critical,URI:" FIXTURE_ID;
	expect(&world, &what, VD_REFUSAL_NONE);
	what.usage = "critical,digitalSignature,keyEncipherment,keyAgreement";
	what.names = "DNS:a,URI:" FIXTURE_ID ",IP:::1,email:a@b";
	expect(&world, &what, VD_REFUSAL_NONE);
}

/* Who may call what goes by this name: an id that only resembles ours must not borrow one. */
VD_TEST(an_id_of_another_form_names_no_service)
{
	WORLD(world);
	static const struct {
		const char *names, *service;
	} ids[] = {
		{"URI:" FIXTURE_ID, "gateway"},
		{"URI:spiffe://vedette.local/sa/gateway", ""},
		{"URI:spiffe://vedette.local/x/default/sa/gateway", ""},
		{"URI:spiffe://vedette.local/ns/default/sa/other/sa/gateway", ""},
		{"URI:spiffe://vedette.local/gateway", ""},
	};
	for (size_t i = 0; i < VD_ARRAY_LEN(ids); i++) {
		struct fixture_cert what = usual(&world);
		struct vd_peer peer;
		what.names = ids[i].names;
		VD_AUTO(x509_st) leaf = fixture_mint(&what, world.leaf_key);
		assert_int_equal(vd_verify_form(leaf, &peer, NULL, NULL), VD_OK);
		assert_string_equal(peer.service, ids[i].service);
	}
}

VD_TEST(a_nul_within_the_uri_is_no_end_of_it)
{
	WORLD(world);
	static const char uri[] = FIXTURE_ID "\0.evil";
	struct fixture_cert what = usual(&world);
	what.names = NULL;
	VD_AUTO(x509_st) leaf = fixture_mint(&what, world.leaf_key);
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *value = ASN1_IA5STRING_new();
	assert_int_equal(ASN1_STRING_set(value, uri, sizeof uri - 1), 1);
	GENERAL_NAME_set0_value(name, GEN_URI, value);
	assert_true(sk_GENERAL_NAME_push(names, name) > 0);
	assert_int_equal(X509_add1_ext_i2d(leaf, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT), 1);
	GENERAL_NAMES_free(names);
	assert_true(X509_sign(leaf, world.key, EVP_sha256()) > 0);
	struct vd_peer peer;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(judge(&world, leaf, &peer, &err), VD_REFUSAL_ID);
	assert_non_null(strstr(err.text, "\\x00"));
}

VD_TEST(an_id_longer_than_ours_is_refused_and_not_cut)
{
	WORLD(world);
	char names[400] = "URI:" FIXTURE_ID;
	memset(names + strlen(names), 'x', VD_SPIFFE_ID_MAX - strlen(FIXTURE_ID) + 1);
	struct fixture_cert what = usual(&world);
	what.names = names;
	expect(&world, &what, VD_REFUSAL_ID);
	names[4 + VD_SPIFFE_ID_MAX] = '\0';
	expect(&world, &what, VD_REFUSAL_NOT_ALLOWED);
}

VD_TEST(times_are_taken_with_an_allowance_for_clocks)
{
	WORLD(world);
	struct fixture_cert what = usual(&world);
	what.ends_ms = FIXTURE_NOW_MS - VD_SKEW_MS;
	what.begins_ms = what.ends_ms - VD_HOUR_MS;
	expect(&world, &what, VD_REFUSAL_NONE);
	what.ends_ms -= 1000;
	expect(&world, &what, VD_REFUSAL_EXPIRED);
	what.ends_ms = FIXTURE_NOW_MS + VD_HOUR_MS;
	what.begins_ms = FIXTURE_NOW_MS + VD_SKEW_MS;
	expect(&world, &what, VD_REFUSAL_NONE);
	what.begins_ms += 1000;
	expect(&world, &what, VD_REFUSAL_NOT_YET_VALID);
}

VD_TEST(the_times_of_what_signed_it_count_too)
{
	WORLD(world);
	struct fixture_cert what = usual(&world);
	what.begins_ms = FIXTURE_NOW_MS;
	what.ends_ms = FIXTURE_NOW_MS + 9 * VD_DAY_MS;
	world.trusted.now_ms = FIXTURE_NOW_MS + VD_DAY_MS + VD_SKEW_MS - 1000; /* the CAs end after a day */
	expect(&world, &what, VD_REFUSAL_NONE);
	world.trusted.now_ms += 3000;
	expect(&world, &what, VD_REFUSAL_EXPIRED);
	what.begins_ms = FIXTURE_NOW_MS - 9 * VD_DAY_MS;
	world.trusted.now_ms = FIXTURE_NOW_MS - VD_DAY_MS - VD_SKEW_MS - 3000;
	expect(&world, &what, VD_REFUSAL_NOT_YET_VALID);
}

VD_TEST(only_the_bundle_of_its_trust_domain_verifies_a_certificate)
{
	WORLD(world);
	struct fixture_cert what = usual(&world);
	what.names = "URI:spiffe://other.local/ns/default/sa/gateway";
	expect(&world, &what, VD_REFUSAL_TRUST_DOMAIN);
	/* with a bundle of that domain, which another root signs for */
	VD_AUTO(evp_pkey_st) other_key = fixture_key();
	struct fixture_cert ca = fixture_ca();
	ca.subject = "other root";
	VD_AUTO(x509_st) other = fixture_mint(&ca, other_key);
	VD_AUTO(vd_bundle) other_bundle = fixture_bundle("other.local", other);
	struct vd_bundle *both[] = {world.bundle, other_bundle};
	world.trusted.bundles = both;
	world.trusted.n_bundles = 2;
	expect(&world, &what, VD_REFUSAL_UNKNOWN_ISSUER);
	what.issuer = other;
	what.issuer_key = other_key;
	expect(&world, &what, VD_REFUSAL_NOT_ALLOWED);
	what.names = "URI:" FIXTURE_ID;
	expect(&world, &what, VD_REFUSAL_UNKNOWN_ISSUER);
}

VD_TEST(a_chain_must_lead_to_the_bundle)
{
	WORLD(world);
	struct fixture_cert what = usual(&world);
	struct vd_peer peer;
	/* a leaf that another leaf signed, with both shown */
	VD_AUTO(x509_st) first = fixture_mint(&what, world.leaf_key);
	struct fixture_cert below = fixture_leaf(first, world.leaf_key);
	below.subject = "below";
	VD_AUTO(x509_st) second = fixture_mint(&below, world.key);
	VD_AUTO(stack_st_X509) shown = fixture_stack(first, world.intermediate);
	enum vd_refusal refusal = VD_REFUSAL_NONE;
	assert_int_equal(
		vd_verify_peer(&world.trusted, second, shown, true, &allow_gateway, &peer, &refusal, NULL),
		VD_EDENIED);
	assert_true(refusal == VD_REFUSAL_UNKNOWN_ISSUER || refusal == VD_REFUSAL_CHAIN);
	/* one that signs itself */
	what.issuer = NULL;
	what.issuer_key = NULL;
	expect(&world, &what, VD_REFUSAL_SELF_ISSUED);
	/* the right issuer's name, another's signature */
	what = usual(&world);
	what.issuer_key = world.leaf_key;
	expect(&world, &what, VD_REFUSAL_UNKNOWN_ISSUER);
	/* without the intermediate */
	what = usual(&world);
	VD_AUTO(x509_st) leaf = fixture_mint(&what, world.leaf_key);
	assert_int_equal(
		vd_verify_peer(&world.trusted, leaf, NULL, true, &allow_gateway, &peer, &refusal, NULL),
		VD_EDENIED);
	assert_int_equal(refusal, VD_REFUSAL_UNKNOWN_ISSUER);
	assert_int_equal(
		vd_verify_peer(&world.trusted, NULL, NULL, true, &allow_gateway, &peer, &refusal, NULL),
		VD_EDENIED);
	assert_int_equal(refusal, VD_REFUSAL_NO_CERTIFICATE);
}

VD_TEST(a_subject_like_the_issuer_s_is_named_as_the_fault_it_is)
{
	WORLD(world);
	struct fixture_cert what = usual(&world);
	what.subject = "intermediate";
	expect(&world, &what, VD_REFUSAL_SELF_ISSUED);
}

VD_TEST(a_path_longer_than_an_issuer_allows_is_refused)
{
	WORLD(world);
	struct fixture_cert ca = fixture_ca();
	ca.basic = "critical,CA:TRUE,pathlen:0";
	ca.subject = "short";
	ca.issuer = world.root;
	ca.issuer_key = world.root_key;
	VD_AUTO(x509_st) brief = fixture_mint(&ca, world.key);
	ca.basic = "critical,CA:TRUE";
	ca.subject = "one too many";
	ca.issuer = brief;
	ca.issuer_key = world.key;
	VD_AUTO(evp_pkey_st) key = fixture_key();
	VD_AUTO(x509_st) too_many = fixture_mint(&ca, key);
	struct fixture_cert what = fixture_leaf(too_many, key);
	vd_chain_free(world.untrusted);
	world.untrusted = fixture_stack(brief, too_many);
	expect(&world, &what, VD_REFUSAL_CHAIN);
	what = fixture_leaf(brief, world.key);
	expect(&world, &what, VD_REFUSAL_NONE);
}

VD_TEST(openssl_holds_an_issuer_to_its_constraint_on_uri_names)
{
	WORLD(world);
	struct fixture_cert ca = fixture_ca();
	ca.constraints = "critical,permitted;URI:vedette.local";
	ca.names = NULL;
	ca.subject = "constrained";
	ca.issuer = world.root;
	ca.issuer_key = world.root_key;
	VD_AUTO(x509_st) constrained = fixture_mint(&ca, world.key);
	struct fixture_cert what = fixture_leaf(constrained, world.key);
	vd_chain_free(world.untrusted);
	world.untrusted = fixture_stack(constrained, NULL);
	expect(&world, &what, VD_REFUSAL_NONE);
	/* the same root, trusted for another domain: only the constraint stands in the way */
	VD_AUTO(vd_bundle) other = fixture_bundle("sub.vedette.local", world.root);
	world.trusted.bundles = &other;
	what.names = "URI:spiffe://sub.vedette.local/ns/default/sa/gateway";
	expect(&world, &what, VD_REFUSAL_NAME_CONSTRAINT);
	what.issuer = world.intermediate;
	vd_chain_free(world.untrusted);
	world.untrusted = fixture_stack(world.intermediate, NULL);
	expect(&world, &what, VD_REFUSAL_NOT_ALLOWED);
}

VD_TEST(an_issuer_that_may_not_sign_is_no_issuer)
{
	WORLD(world);
	struct fixture_cert ca = fixture_ca();
	ca.usage = "critical,digitalSignature";
	ca.subject = "no signer";
	ca.issuer = world.root;
	ca.issuer_key = world.root_key;
	VD_AUTO(x509_st) wrong = fixture_mint(&ca, world.key);
	struct fixture_cert what = fixture_leaf(wrong, world.key);
	struct vd_peer peer;
	VD_AUTO(x509_st) leaf = fixture_mint(&what, world.leaf_key);
	vd_chain_free(world.untrusted);
	world.untrusted = fixture_stack(wrong, NULL);
	enum vd_refusal refusal = judge(&world, leaf, &peer, NULL);
	assert_true(refusal == VD_REFUSAL_CHAIN || refusal == VD_REFUSAL_UNKNOWN_ISSUER);
}

VD_TEST(a_weak_key_is_refused)
{
	WORLD(world);
	VD_AUTO(evp_pkey_st) weak = EVP_RSA_gen(1024);
	struct fixture_cert what = usual(&world);
	VD_AUTO(x509_st) leaf = fixture_mint(&what, weak);
	struct vd_peer peer;
	assert_int_equal(judge(&world, leaf, &peer, NULL), VD_REFUSAL_CHAIN);
}

VD_TEST(an_anchor_need_not_sign_itself_but_must_be_one_that_signs)
{
	WORLD(world);
	struct fixture_cert what = usual(&world);
	vd_bundle_unref(world.bundle);
	world.bundle = fixture_bundle("vedette.local", world.intermediate);
	expect(&world, &what, VD_REFUSAL_NONE);
	VD_AUTO(x509_st) leaf = fixture_mint(&what, world.leaf_key);
	VD_AUTO(stack_st_X509) leaves = fixture_stack(leaf, NULL);
	struct vd_bundle *bundle;
	assert_int_equal(vd_bundle_new(VD_S("vedette.local"), leaves, 1, &bundle, NULL), VD_EINPUT);
}

static struct vd_revoked *
revoked(const char *lines)
{
	struct vd_buf text;
	struct vd_revoked *ret = NULL;
	vd_buf_init(&text, 0);
	vd_buf_printf(&text, "vedette revoked 1\n%s\nend\n", lines);
	assert_int_equal(vd_revoked_read(vd_buf_view(&text), &ret, NULL), VD_OK);
	vd_buf_fini(&text);
	return ret;
}

static void
expect_revoked(struct world *world, const char *lines, enum vd_refusal wanted)
{
	VD_AUTO(vd_revoked) list = revoked(lines);
	struct fixture_cert what = usual(world);
	world->trusted.revoked = list;
	expect(world, &what, wanted);
	world->trusted.revoked = NULL;
}

VD_TEST(what_is_revoked_stays_out)
{
	WORLD(world);
	expect_revoked(&world, "serial 1267", VD_REFUSAL_REVOKED_SERIAL);
	expect_revoked(&world, "serial 1268", VD_REFUSAL_NONE);
	expect_revoked(&world, "id " FIXTURE_ID, VD_REFUSAL_REVOKED_ID);
	expect_revoked(&world, "id " FIXTURE_ID "2", VD_REFUSAL_NONE);
	/* it was issued at 08:00:00 */
	expect_revoked(&world, "id " FIXTURE_ID " before 2026-01-05T08:00:01Z", VD_REFUSAL_REVOKED_BEFORE);
	expect_revoked(&world, "id " FIXTURE_ID " before 2026-01-05T08:00:00Z", VD_REFUSAL_NONE);
	expect_revoked(&world, "before 2026-01-05T08:00:01Z", VD_REFUSAL_REVOKED_BEFORE);
	expect_revoked(&world, "before 2026-01-05T08:00:00Z", VD_REFUSAL_NONE);
}

VD_TEST(an_empty_allow_list_lets_nobody_in)
{
	WORLD(world);
	const struct vd_demand nobody = {.anonymous = true};
	struct fixture_cert what = usual(&world);
	VD_AUTO(x509_st) leaf = fixture_mint(&what, world.leaf_key);
	struct vd_peer peer;
	enum vd_refusal refusal = VD_REFUSAL_NONE;
	assert_int_equal(
		vd_verify_peer(&world.trusted, leaf, world.untrusted, true, &nobody, &peer, &refusal, NULL),
		VD_EDENIED);
	assert_int_equal(refusal, VD_REFUSAL_NOT_ALLOWED);
}

VD_TEST(an_admitted_peer_is_judged_again_by_what_is_trusted_now)
{
	WORLD(world);
	struct fixture_cert what = usual(&world);
	VD_AUTO(x509_st) leaf = fixture_mint(&what, world.leaf_key);
	VD_AUTO(vd_revoked) list = revoked("serial 1267");
	VD_AUTO(vd_bundle) other = fixture_bundle("vedette.local", world.intermediate);
	struct vd_peer peer, local = {.kind = VD_PEER_LOCAL}, nobody = {.kind = VD_PEER_ANONYMOUS};
	enum vd_refusal why = VD_REFUSAL_NONE;
	assert_int_equal(judge(&world, leaf, &peer, NULL), VD_REFUSAL_NONE);
	struct vd_trusted now = world.trusted;
	assert_int_equal(vd_verify_again(&now, &peer, &why, NULL), VD_OK);
	assert_int_equal(vd_verify_leaf(&now, leaf, peer.anchor, &allow_gateway, &peer, &why, NULL), VD_OK);
	assert_int_equal(vd_verify_leaf(&now, leaf, NULL, &allow_gateway, &peer, &why, NULL), VD_EDENIED);
	assert_int_equal(why, VD_REFUSAL_UNKNOWN_ISSUER);
	now.revoked = list;
	assert_int_equal(vd_verify_again(&now, &peer, &why, NULL), VD_EDENIED);
	assert_int_equal(why, VD_REFUSAL_REVOKED_SERIAL);
	assert_int_equal(
		vd_verify_leaf(&now, leaf, peer.anchor, &allow_gateway, &peer, NULL, NULL), VD_EDENIED);
	assert_int_equal(vd_verify_again(&now, &local, &why, NULL), VD_OK);
	assert_int_equal(vd_verify_again(&now, &nobody, &why, NULL), VD_OK);
	now = world.trusted;
	now.bundles = &other;
	assert_int_equal(vd_verify_again(&now, &peer, &why, NULL), VD_EDENIED);
	assert_int_equal(why, VD_REFUSAL_UNKNOWN_ISSUER);
	now.n_bundles = 0;
	assert_int_equal(vd_verify_again(&now, &peer, &why, NULL), VD_EDENIED);
	assert_int_equal(why, VD_REFUSAL_TRUST_DOMAIN);
	now = world.trusted;
	now.now_ms = FIXTURE_NOW_MS + VD_HOUR_MS + VD_SKEW_MS + 1;
	assert_int_equal(vd_verify_again(&now, &peer, &why, NULL), VD_EDENIED);
	assert_int_equal(why, VD_REFUSAL_EXPIRED);
}

VD_TEST(every_refusal_has_a_name_of_its_own)
{
	for (unsigned a = 0; a <= VD_REFUSAL_NOT_ALLOWED; a++)
		for (unsigned b = 0; b < a; b++)
			assert_string_not_equal(
				vd_refusal_name((enum vd_refusal)a), vd_refusal_name((enum vd_refusal)b));
}
