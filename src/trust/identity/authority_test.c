#include "trust/identity/authority.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust/identity/authority_folder.h"
#include "trust/identity/identity_fixture.h"
#include "trust/identity/mint.h"
#include "trust/identity/verify.h"
#include "vd_test.h"

#define NOW FIXTURE_NOW_MS

static const struct vd_authority_options ours = {.trust_domain = "vedette.local"};

static X509 *
part(const struct vd_authority *authority, const char *kind, const char *role)
{
	struct vd_authority_part found;
	for (size_t i = 0; vd_authority_peek(authority, i, &found); i++)
		if (strcmp(found.kind, kind) == 0 && strcmp(found.role, role) == 0)
			return found.cert;
	return NULL;
}

static size_t
count_roots(const struct vd_authority *authority)
{
	VD_AUTO(vd_bundle) bundle = vd_authority_bundle(authority);
	return vd_bundle_count(bundle);
}

static uint64_t
sequence(const struct vd_authority *authority)
{
	VD_AUTO(vd_bundle) bundle = vd_authority_bundle(authority);
	return vd_bundle_sequence(bundle);
}

/* Does the SVID verify under the authority's bundle at that time? */
static bool
verifies(const struct vd_authority *authority, const struct vd_svid *svid, int64_t now_ms)
{
	VD_AUTO(vd_bundle) bundle = vd_authority_bundle(authority);
	const struct vd_trusted trusted = {
		.bundles = &bundle, .n_bundles = 1, .now_ms = now_ms, .skew_ms = VD_SKEW_MS};
	const char *const allow[] = {vd_svid_self(svid)->spiffe_id};
	const struct vd_demand demand = {.allow = allow, .n_allow = 1};
	struct vd_peer peer;
	struct vd_err err = VD_ERR_INIT;
	bool both = true;
	for (int server = 0; server < 2; server++)
		both = both && vd_verify_peer(&trusted, vd_svid_leaf(svid), vd_svid_chain(svid), server == 1,
				       &demand, &peer, NULL, &err) == VD_OK;
	return both;
}

static void
expect_subject(const X509 *cert, const char *begins)
{
	VD_AUTO_FINI(vd_buf) subject;
	vd_buf_init(&subject, 0);
	vd_cert_subject(cert, &subject);
	if (strncmp(subject.at, begins, strlen(begins)) != 0)
		fail_msg("%s", subject.at);
}

VD_TEST(the_signing_certificates_are_as_the_specifications_say)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	X509 *root = part(authority, "root", "signing"),
	     *intermediate = part(authority, "intermediate", "signing");
	char uri[VD_SPIFFE_URI_MAX + 1];
	size_t len = 0;
	expect_subject(root, "CN=Vedette root ");
	expect_subject(intermediate, "CN=Vedette intermediate ");
	X509 *both[] = {root, intermediate};
	for (int i = 0; i < 2; i++) {
		assert_int_equal(X509_check_ca(both[i]), 1);
		assert_int_equal(X509_get_pathlen(both[i]), 1 - i);
		assert_int_equal(X509_get_key_usage(both[i]), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
		assert_int_equal(vd_cert_uri(both[i], uri, &len), 1);
		assert_true(vd_str_is((struct vd_str){uri, len}, "spiffe://vedette.local"));
		assert_non_null(X509_get0_subject_key_id(both[i]));
		assert_true(X509_get_ext_by_NID(both[i], NID_name_constraints, -1) >= 0);
		assert_int_equal(X509_get_ext_by_NID(both[i], NID_ext_key_usage, -1), -1);
	}
	assert_int_equal(ASN1_OCTET_STRING_cmp(
				 X509_get0_authority_key_id(intermediate), X509_get0_subject_key_id(root)),
		0);
	assert_true(vd_cert_ends_ms(root) == NOW + VD_ROOT_LIFE_MS);
	assert_true(vd_cert_ends_ms(intermediate) == NOW + VD_INTERMEDIATE_LIFE_MS);
	assert_true(vd_cert_begins_ms(root) == NOW - VD_BACKDATE_MS);
}

VD_TEST(a_leaf_is_as_the_specifications_say)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	static const char *const dns[] = {"localhost", "gateway.example.org"}, *const addresses[] = {
										       "127.0.0.1", "::1"};
	const struct vd_svid_request request = {.instance = VD_S("blue"),
		.service = VD_S("gateway"),
		.dns = dns,
		.n_dns = 2,
		.addresses = addresses,
		.n_addresses = 2};
	VD_AUTO(evp_pkey_st) key = fixture_key();
	VD_AUTO(stack_st_X509) chain = NULL;
	assert_int_equal(vd_authority_issue(authority, key, &request, NOW + 500, &chain, NULL), VD_OK);
	assert_int_equal(sk_X509_num(chain), 2);
	X509 *leaf = sk_X509_value(chain, 0);
	struct vd_peer peer;
	char serial[VD_SERIAL_MAX];
	assert_int_equal(vd_verify_form(leaf, &peer, NULL, NULL), VD_OK);
	assert_string_equal(peer.spiffe_id, "spiffe://vedette.local/ns/blue/sa/gateway");
	assert_string_equal(peer.service, "gateway");
	assert_true(peer.issued_ms == NOW - VD_BACKDATE_MS && peer.expires_ms == NOW + VD_HOUR_MS);
	assert_int_equal(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER | XKU_SSL_CLIENT);
	assert_int_equal(X509_check_ca(leaf), 0);
	assert_int_equal(X509_check_host(leaf, "gateway.example.org", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(leaf, "example.org", 0, 0, NULL), 0);
	assert_int_equal(X509_check_ip_asc(leaf, "127.0.0.1", 0), 1);
	assert_int_equal(X509_check_ip_asc(leaf, "::1", 0), 1);
	assert_int_equal(X509_check_ip_asc(leaf, "127.0.0.2", 0), 0);
	expect_subject(leaf, "CN=gateway,O=vedette");
	assert_int_equal(X509_check_private_key(leaf, key), 1);
	assert_true(vd_cert_serial(leaf, serial));
	assert_true(strlen(serial) > 24); /* 128 random bits: not below 2^96 but once in 2^32 */
	X509_NAME *subject = X509_get_subject_name(leaf);
	assert_int_not_equal(X509_NAME_cmp(subject, X509_get_issuer_name(leaf)), 0);
}

VD_TEST(a_name_cannot_bring_in_another)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	VD_AUTO(evp_pkey_st) key = fixture_key();
	static const char *const names[] = {"a,URI:spiffe://vedette.local/x", "a\nb", "", ".", "a..b", "a.",
		".a", "-a", "a-.b", "*.example.org", "a b", "\xc3\xa4.org",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org"};
	static const char *const addresses[] = {
		"127.0.0.1,URI:x", "127.0.0.1/8", "300.1.1.1", "1.2.3", "::g", "", "127.0.0.1 ", "localhost"};
	struct vd_err err = VD_ERR_INIT;
	struct stack_st_X509 *chain = NULL;
	struct vd_svid_request request = {.instance = VD_S("default"), .service = VD_S("x"), .n_dns = 1};
	for (size_t i = 0; i < VD_ARRAY_LEN(names); i++) {
		request.dns = &names[i];
		if (vd_authority_issue(authority, key, &request, NOW, &chain, &err) != VD_EINPUT)
			fail_msg("'%s' was taken", names[i]);
	}
	request.n_dns = 0;
	request.n_addresses = 1;
	for (size_t i = 0; i < VD_ARRAY_LEN(addresses); i++) {
		request.addresses = &addresses[i];
		if (vd_authority_issue(authority, key, &request, NOW, &chain, &err) != VD_EINPUT)
			fail_msg("'%s' was taken", addresses[i]);
	}
	request = (struct vd_svid_request){.instance = VD_S("default"), .service = VD_S("x/sa/y")};
	assert_int_equal(vd_authority_issue(authority, key, &request, NOW, &chain, &err), VD_EINPUT);
	request = (struct vd_svid_request){.instance = VD_S(".."), .service = VD_S("x")};
	assert_int_equal(vd_authority_issue(authority, key, &request, NOW, &chain, &err), VD_EINPUT);
	const char *many[VD_NAMES_MAX + 1];
	for (size_t i = 0; i < VD_ARRAY_LEN(many); i++)
		many[i] = "localhost";
	request = (struct vd_svid_request){
		.instance = VD_S("default"), .service = VD_S("x"), .dns = many, .n_dns = VD_ARRAY_LEN(many)};
	assert_int_equal(vd_authority_issue(authority, key, &request, NOW, &chain, &err), VD_ELIMIT);
	assert_null(chain);
}

VD_TEST(a_weak_key_gets_no_certificate)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	VD_AUTO(evp_pkey_st) weak = EVP_RSA_gen(1024);
	VD_AUTO(evp_pkey_st) strong = EVP_RSA_gen(2048);
	const struct vd_svid_request request = {.instance = VD_S("default"), .service = VD_S("x")};
	struct stack_st_X509 *chain = NULL;
	assert_int_equal(vd_authority_issue(authority, weak, &request, NOW, &chain, NULL), VD_EINPUT);
	assert_int_equal(vd_authority_issue(authority, strong, &request, NOW, &chain, NULL), VD_OK);
	vd_chain_free(chain);
}

VD_TEST(a_leaf_never_outlives_the_intermediate_and_begins_when_it_is_told_to)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	struct vd_svid_request request = {
		.instance = VD_S("default"), .service = VD_S("x"), .life_ms = 400 * (int64_t)VD_DAY_MS};
	VD_AUTO(vd_svid) svid = NULL;
	VD_AUTO(vd_svid) late = NULL;
	struct vd_svid *none = NULL;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_authority_issue_svid(authority, &request, NOW, &svid, NULL), VD_OK);
	assert_true(vd_svid_self(svid)->expires_ms == NOW + VD_INTERMEDIATE_LIFE_MS);
	request.life_ms = 0;
	request.earliest_ms = NOW - 30001; /* of a revocation: not a moment before it */
	assert_int_equal(vd_authority_issue_svid(authority, &request, NOW, &late, NULL), VD_OK);
	assert_true(vd_svid_self(late)->issued_ms == NOW - 30000);
	request.earliest_ms = 0;
	assert_int_equal(
		vd_authority_issue_svid(authority, &request, NOW + VD_INTERMEDIATE_LIFE_MS, &none, &err),
		VD_EAGAIN);
	assert_non_null(strstr(err.text, "rotate"));
	request.earliest_ms = INT64_MAX;
	assert_int_equal(vd_authority_issue_svid(authority, &request, NOW, &none, &err), VD_EINPUT);
	request.earliest_ms = 0;
	request.life_ms = 999;
	assert_int_equal(vd_authority_issue_svid(authority, &request, NOW, &none, &err), VD_EINPUT);
}

VD_TEST(lives_that_rotation_could_not_keep_up_with_are_refused)
{
	struct vd_authority *authority = NULL;
	struct vd_authority_options options = {.trust_domain = "a", .intermediate_life_ms = VD_HOUR_MS};
	assert_int_equal(vd_authority_new(&options, NOW, &authority, NULL), VD_EINPUT);
	options = (struct vd_authority_options){
		.trust_domain = "a", .root_life_ms = VD_INTERMEDIATE_LIFE_MS * 3};
	assert_int_equal(vd_authority_new(&options, NOW, &authority, NULL), VD_EINPUT);
	options = (struct vd_authority_options){.trust_domain = "A"};
	assert_int_equal(vd_authority_new(&options, NOW, &authority, NULL), VD_EINPUT);
}

/* ---- rotation ---- */

VD_TEST(a_new_intermediate_leaves_what_the_old_one_signed_valid)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	VD_AUTO(vd_svid) before = fixture_svid(authority, "x", NOW);
	assert_int_equal(vd_authority_due(authority, NOW), 0);
	int64_t half_ms = NOW + VD_INTERMEDIATE_LIFE_MS / 2;
	assert_int_equal(vd_authority_due(authority, half_ms), VD_ROTATE_INTERMEDIATE);
	assert_int_equal(vd_authority_rotate(authority, VD_ROTATE_INTERMEDIATE, NOW, NULL), VD_OK);
	VD_AUTO(vd_svid) after = fixture_svid(authority, "x", NOW);
	assert_true(verifies(authority, before, NOW) && verifies(authority, after, NOW));
	assert_int_not_equal(X509_NAME_cmp(X509_get_issuer_name(vd_svid_leaf(before)),
				     X509_get_issuer_name(vd_svid_leaf(after))),
		0);
	assert_int_equal(sequence(authority), 1); /* the bundle is the same */
}

VD_TEST(a_root_is_known_to_all_before_it_signs_and_stays_until_all_it_signed_has_ended)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	VD_AUTO(vd_svid) before = fixture_svid(authority, "x", NOW);
	struct vd_err err = VD_ERR_INIT;
	VD_AUTO(vd_bundle) first = vd_authority_bundle(authority);
	assert_int_equal(vd_authority_rotate(authority, VD_ROTATE_USE_ROOT, NOW, &err), VD_ENOTFOUND);
	assert_int_equal(vd_authority_rotate(authority, VD_ROTATE_NEXT_ROOT, NOW, NULL), VD_OK);
	assert_int_equal(sequence(authority), 2);
	assert_int_equal(count_roots(authority), 2);
	assert_int_equal(vd_bundle_count(first), 1); /* who holds a bundle keeps that one */
	assert_int_equal(vd_authority_rotate(authority, VD_ROTATE_NEXT_ROOT, NOW, &err), VD_EEXIST);
	/* everything is signed under the old one still */
	VD_AUTO(vd_svid) between = fixture_svid(authority, "x", NOW);
	assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(part(authority, "intermediate", "signing")),
				 X509_get_subject_name(part(authority, "root", "signing"))),
		0);
	int64_t day_ms = NOW + VD_BUNDLE_SPREAD_MS;
	assert_int_equal(vd_authority_due(authority, day_ms - 1), 0);
	assert_int_equal(vd_authority_due(authority, day_ms), VD_ROTATE_USE_ROOT);
	assert_int_equal(vd_authority_rotate(authority, VD_ROTATE_USE_ROOT, day_ms - 1, &err), VD_EAGAIN);
	assert_int_equal(vd_authority_rotate(authority, VD_ROTATE_USE_ROOT, day_ms, NULL), VD_OK);
	assert_int_equal(sequence(authority), 2);
	VD_AUTO(vd_svid) after = fixture_svid(authority, "x", day_ms);
	assert_true(verifies(authority, before, NOW) && verifies(authority, between, NOW) &&
		    verifies(authority, after, day_ms));
	assert_non_null(part(authority, "root", "old"));
	/* the old one's intermediate ends 90 days after it was made */
	int64_t end_ms = NOW + VD_INTERMEDIATE_LIFE_MS;
	assert_int_equal(vd_authority_due(authority, end_ms) & VD_ROTATE_PRUNE, 0);
	assert_int_equal(vd_authority_rotate(authority, VD_ROTATE_PRUNE, end_ms, NULL), VD_OK);
	assert_int_equal(count_roots(authority), 2);
	end_ms += VD_SKEW_MS + 1;
	assert_int_not_equal(vd_authority_due(authority, end_ms) & VD_ROTATE_PRUNE, 0);
	assert_int_equal(vd_authority_rotate(authority, VD_ROTATE_PRUNE, end_ms, NULL), VD_OK);
	assert_int_equal(count_roots(authority), 1);
	assert_int_equal(sequence(authority), 3);
	assert_null(part(authority, "root", "old"));
}

VD_TEST(a_stolen_root_is_replaced_at_once_and_what_it_signed_is_refused)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	VD_AUTO(vd_svid) before = fixture_svid(authority, "x", NOW);
	assert_int_equal(vd_authority_rotate(authority,
				 VD_ROTATE_NEXT_ROOT | VD_ROTATE_USE_ROOT | VD_ROTATE_PRUNE | VD_ROTATE_NOW,
				 NOW, NULL),
		VD_OK);
	VD_AUTO(vd_svid) after = fixture_svid(authority, "x", NOW);
	assert_int_equal(count_roots(authority), 1);
	assert_true(verifies(authority, after, NOW) && !verifies(authority, before, NOW));
}

VD_TEST(a_next_root_is_due_long_before_the_old_one_ends)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	int64_t due_ms = NOW + VD_ROOT_LIFE_MS - 2 * VD_INTERMEDIATE_LIFE_MS;
	assert_int_equal(vd_authority_due(authority, due_ms) & VD_ROTATE_NEXT_ROOT, 0);
	assert_int_equal(vd_authority_due(authority, due_ms + 1) & VD_ROTATE_NEXT_ROOT, VD_ROTATE_NEXT_ROOT);
}

VD_TEST(the_calendar_alone_keeps_an_authority_going_for_twenty_years)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	size_t roots_max = 0;
	VD_AUTO(vd_svid) last = NULL;
	for (int64_t now_ms = NOW; now_ms < NOW + 4 * VD_ROOT_LIFE_MS; now_ms += VD_DAY_MS) {
		struct vd_err err = VD_ERR_INIT;
		unsigned due = vd_authority_due(authority, now_ms);
		if (due != 0 && vd_authority_rotate(authority, due, now_ms, &err) != VD_OK)
			fail_msg("%s", err.text);
		roots_max = VD_MAX(roots_max, count_roots(authority));
		if ((now_ms - NOW) / VD_DAY_MS % 20 != 0)
			continue;
		struct vd_svid *svid = fixture_svid(authority, "x", now_ms);
		assert_true(vd_svid_self(svid)->expires_ms == now_ms + VD_HOUR_MS);
		assert_true(verifies(authority, svid, now_ms));
		vd_svid_unref(last);
		last = svid;
	}
	assert_true(roots_max >= 2 && roots_max <= 3);
	assert_true(sequence(authority) >= 6);
}

/* ---- folders ---- */

static struct vd_authority *
open_it(const struct fixture_folder *folder, const char *passphrase)
{
	struct vd_authority *authority = NULL;
	struct vd_err err = VD_ERR_INIT;
	if (vd_authority_open(folder->path, vd_str_from(passphrase), &authority, &err) != VD_OK)
		fail_msg("%s", err.text);
	return authority;
}

static struct vd_authority *
create(const struct fixture_folder *folder, const char *passphrase)
{
	struct vd_authority *authority = NULL;
	struct vd_err err = VD_ERR_INIT;
	if (vd_authority_create(folder->path, &ours, vd_str_from(passphrase), NOW, &authority, &err) != VD_OK)
		fail_msg("%s", err.text);
	return authority;
}

/* How many files there are whose names hold a word; "" counts all.  Each is checked to be 0600. */
static unsigned
count_files(const struct fixture_folder *folder, const char *word)
{
	DIR *dir = opendir(folder->path);
	unsigned n = 0;
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		struct stat st;
		if (entry->d_name[0] == '.' || strstr(entry->d_name, word) == NULL)
			continue;
		assert_int_equal(fstatat(dirfd(dir), entry->d_name, &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		n++;
	}
	(void)closedir(dir);
	return n;
}

/* The path of the only file whose name has this beginning and end. */
static void
find_file(const struct fixture_folder *folder, const char *begin, const char *end, char ret[256])
{
	DIR *dir = opendir(folder->path);
	assert_non_null(dir);
	ret[0] = '\0';
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		struct vd_str name = vd_str_from(entry->d_name);
		if (vd_str_starts(name, begin) && vd_str_ends(name, end))
			fixture_path(folder, entry->d_name, ret);
	}
	(void)closedir(dir);
	assert_int_not_equal(ret[0], '\0');
}

VD_TEST(an_authority_outlives_its_process)
{
	VD_AUTO_FINI(fixture_folder) folder;
	fixture_folder_init(&folder);
	VD_AUTO(vd_authority) made = create(&folder, "");
	VD_AUTO(vd_authority) opened = open_it(&folder, "");
	VD_AUTO(vd_bundle) bundle = vd_authority_bundle(made);
	VD_AUTO(vd_bundle) same = vd_authority_bundle(opened);
	assert_true(vd_bundle_eq(bundle, same) && vd_bundle_sequence(same) == 1);
	assert_true(vd_str_is(vd_authority_trust_domain(opened), "vedette.local"));
	VD_AUTO(vd_svid) svid = fixture_svid(opened, "x", NOW);
	assert_true(verifies(made, svid, NOW));
	assert_int_equal(count_files(&folder, ""), 5);
	struct vd_authority *again = NULL;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_authority_create(folder.path, &ours, VD_S(""), NOW, &again, &err), VD_EEXIST);
}

VD_TEST(sealed_keys_open_with_their_passphrase_alone)
{
	VD_AUTO_FINI(fixture_folder) folder;
	char path[256];
	struct vd_authority *none = NULL;
	struct vd_err err = VD_ERR_INIT;
	fixture_folder_init(&folder);
	vd_authority_free(create(&folder, "correct horse"));
	find_file(&folder, "root-", ".key", path);
	size_t len;
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	assert_int_equal(vd_file_read(AT_FDCWD, path, 65536, VD_FILE_SECRET, &text, NULL), VD_OK);
	len = text.len;
	assert_non_null(memmem(text.at, len, "BEGIN ENCRYPTED PRIVATE KEY", 27));
	assert_int_equal(vd_authority_open(folder.path, VD_S("wrong"), &none, &err), VD_EDENIED);
	assert_non_null(strstr(err.text, "wrong passphrase"));
	assert_int_equal(vd_authority_open(folder.path, VD_S(""), &none, &err), VD_EDENIED);
	assert_non_null(strstr(err.text, "sealed"));
	/* to look at it needs none */
	VD_AUTO(vd_authority) looked_at = NULL;
	const struct vd_svid_request request = {.instance = VD_S("default"), .service = VD_S("x")};
	struct vd_svid *nothing = NULL;
	assert_int_equal(vd_authority_open_public(folder.path, &looked_at, NULL), VD_OK);
	assert_int_equal(count_roots(looked_at), 1);
	assert_int_equal(vd_authority_issue_svid(looked_at, &request, NOW, &nothing, &err), VD_EDENIED);
	assert_int_equal(vd_authority_rotate(looked_at, VD_ROTATE_INTERMEDIATE, NOW, &err), VD_EDENIED);
	VD_AUTO(vd_authority) opened = open_it(&folder, "correct horse");
	assert_int_equal(vd_authority_rotate(opened, VD_ROTATE_INTERMEDIATE, NOW, NULL), VD_OK);
	find_file(&folder, "intermediate-", ".key", path);
	vd_buf_reset(&text);
	assert_int_equal(vd_file_read(AT_FDCWD, path, 65536, VD_FILE_SECRET, &text, NULL), VD_OK);
	assert_non_null(memmem(text.at, text.len, "BEGIN ENCRYPTED PRIVATE KEY", 27));
	char longer[VD_PASSPHRASE_MAX + 1] = {0};
	assert_int_equal(vd_authority_open(folder.path, (struct vd_str){longer, sizeof longer}, &none, &err),
		VD_EINPUT);
}

VD_TEST(a_passphrase_for_open_keys_is_a_mistake_that_is_told)
{
	VD_AUTO_FINI(fixture_folder) folder;
	struct vd_authority *none = NULL;
	struct vd_err err = VD_ERR_INIT;
	fixture_folder_init(&folder);
	vd_authority_free(create(&folder, ""));
	assert_int_equal(vd_authority_open(folder.path, VD_S("x"), &none, &err), VD_EINPUT);
	assert_non_null(strstr(err.text, "not sealed"));
}

static void
expect_no_open(const struct fixture_folder *folder, enum vd_status wanted, const char *why)
{
	struct vd_authority *none = NULL;
	struct vd_err err = VD_ERR_INIT;
	enum vd_status st = vd_authority_open(folder->path, VD_S(""), &none, &err);
	if (st != wanted || strstr(err.text, why) == NULL)
		fail_msg("%s: %s", vd_status_name(st), err.text);
	assert_non_null(strstr(err.text, folder->path));
}

VD_TEST(what_others_could_have_touched_is_refused)
{
	VD_AUTO_FINI(fixture_folder) folder;
	char path[256];
	fixture_folder_init(&folder);
	vd_authority_free(create(&folder, ""));
	static const char *const ends[][2] = {{"authority", "authority"}, {"root-", ".pem"},
		{"intermediate-", ".key"}, {"intermediate-", ".pem"}};
	for (size_t i = 0; i < VD_ARRAY_LEN(ends); i++) {
		find_file(&folder, ends[i][0], ends[i][1], path);
		assert_int_equal(chmod(path, 0644), 0);
		expect_no_open(&folder, VD_EDENIED, "others could have");
		assert_int_equal(chmod(path, 0640), 0);
		expect_no_open(&folder, VD_EDENIED, "others could have");
		assert_int_equal(chmod(path, 0600), 0);
	}
	assert_int_equal(chmod(folder.path, 0711), 0);
	expect_no_open(&folder, VD_EDENIED, "others may enter");
	assert_int_equal(chmod(folder.path, 0700), 0);
	vd_authority_free(open_it(&folder, ""));
}

VD_TEST(foreign_missing_and_damaged_files_are_told_apart)
{
	VD_AUTO_FINI(fixture_folder) folder;
	VD_AUTO_FINI(fixture_folder) other;
	char path[256], foreign[256], kept[256];
	fixture_folder_init(&folder);
	fixture_folder_init(&other);
	expect_no_open(&folder, VD_ENOTFOUND, "authority");
	vd_authority_free(create(&folder, ""));
	vd_authority_free(create(&other, ""));
	fixture_path(&folder, "kept", kept);
	static const struct {
		const char *begin, *end, *missing, *foreign;
	} files[] = {
		{"root-", ".pem", "No such file", "holds another certificate"},
		{"intermediate-", ".pem", "No such file", "holds another certificate"},
		{"intermediate-", ".key", "No such file", "is the key of another certificate"},
		{"authority", "authority", "No such file", "No such file"},
	};
	for (size_t i = 0; i < VD_ARRAY_LEN(files); i++) {
		find_file(&folder, files[i].begin, files[i].end, path);
		find_file(&other, files[i].begin, files[i].end, foreign);
		assert_int_equal(rename(path, kept), 0);
		expect_no_open(&folder, VD_ENOTFOUND, files[i].missing);
		assert_int_equal(link(foreign, path), 0);
		expect_no_open(&folder, i == 3 ? VD_ENOTFOUND : VD_EINPUT, files[i].foreign);
		assert_int_equal(unlink(path), 0);
		fixture_write(path, "", 0600);
		expect_no_open(&folder, VD_EINPUT, "");
		assert_int_equal(rename(kept, path), 0);
	}
	vd_authority_free(open_it(&folder, ""));
}

VD_TEST(a_root_key_may_be_elsewhere_until_it_must_sign)
{
	VD_AUTO_FINI(fixture_folder) folder;
	char path[256], kept[256];
	struct vd_err err = VD_ERR_INIT;
	fixture_folder_init(&folder);
	vd_authority_free(create(&folder, ""));
	find_file(&folder, "root-", ".key", path);
	fixture_path(&folder, "kept", kept);
	assert_int_equal(rename(path, kept), 0);
	VD_AUTO(vd_authority) opened = open_it(&folder, "");
	vd_svid_unref(fixture_svid(opened, "x", NOW));
	assert_int_equal(vd_authority_rotate(opened, VD_ROTATE_INTERMEDIATE, NOW, &err), VD_ENOTFOUND);
	assert_non_null(strstr(err.text, "root-"));
	vd_svid_unref(fixture_svid(opened, "x", NOW)); /* as it was */
	assert_int_equal(vd_authority_rotate(opened, VD_ROTATE_NEXT_ROOT, NOW, &err), VD_OK);
	assert_int_not_equal(access(path, F_OK), 0); /* nor was it written again */
	assert_int_equal(rename(kept, path), 0);
	assert_int_equal(vd_authority_rotate(opened, VD_ROTATE_INTERMEDIATE, NOW, &err), VD_OK);
}

VD_TEST(rotation_in_a_folder_leaves_no_key_behind_that_signs_nothing)
{
	VD_AUTO_FINI(fixture_folder) folder;
	fixture_folder_init(&folder);
	VD_AUTO(vd_authority) authority = create(&folder, "");
	assert_int_equal(vd_authority_rotate(authority, VD_ROTATE_INTERMEDIATE, NOW, NULL), VD_OK);
	assert_int_equal(count_files(&folder, "intermediate-"), 2);
	assert_int_equal(vd_authority_rotate(authority, VD_ROTATE_NEXT_ROOT, NOW, NULL), VD_OK);
	assert_int_equal(count_files(&folder, "root-"), 4);
	int64_t then_ms = NOW + VD_BUNDLE_SPREAD_MS;
	assert_int_equal(vd_authority_rotate(authority, VD_ROTATE_USE_ROOT, then_ms, NULL), VD_OK);
	assert_int_equal(count_files(&folder, "root-"), 3); /* the old one's certificate, not its key */
	assert_int_equal(count_files(&folder, ".key"), 2);
	VD_AUTO(vd_authority) opened = open_it(&folder, "");
	assert_int_equal(count_roots(opened), 2);
	then_ms += VD_INTERMEDIATE_LIFE_MS + VD_DAY_MS;
	assert_int_equal(
		vd_authority_rotate(opened, VD_ROTATE_PRUNE | VD_ROTATE_INTERMEDIATE, then_ms, NULL), VD_OK);
	assert_int_equal(count_files(&folder, ""), 5);
	VD_AUTO(vd_svid) svid = fixture_svid(opened, "x", then_ms);
	assert_true(verifies(opened, svid, then_ms));
}

VD_TEST(what_a_crash_left_behind_goes_when_the_folder_is_opened)
{
	VD_AUTO_FINI(fixture_folder) folder;
	char path[256], state_path[256];
	VD_AUTO_FINI(vd_buf) text;
	fixture_folder_init(&folder);
	vd_buf_init(&text, 0);
	vd_authority_free(create(&folder, ""));
	/* as if the process had died between the commit and the removal */
	fixture_path(&folder, "authority", state_path);
	assert_int_equal(vd_file_read(AT_FDCWD, state_path, 65536, VD_FILE_SECRET, &text, NULL), VD_OK);
	text.len -= 4;
	vd_buf_text(&text, "drop intermediate-00ff.key\nend\n");
	fixture_write(state_path, text.at, 0600);
	fixture_path(&folder, "intermediate-00ff.key", path);
	fixture_write(path, "old", 0600);
	vd_authority_free(open_it(&folder, ""));
	assert_int_not_equal(access(path, F_OK), 0);
}

VD_TEST(two_processes_see_each_other_s_changes_and_do_not_change_at_once)
{
	VD_AUTO_FINI(fixture_folder) folder;
	bool changed = true;
	struct vd_err err = VD_ERR_INIT;
	fixture_folder_init(&folder);
	VD_AUTO(vd_authority) one = create(&folder, "");
	VD_AUTO(vd_authority) two = open_it(&folder, "");
	assert_int_equal(vd_authority_refresh(two, &changed, NULL), VD_OK);
	assert_false(changed);
	assert_int_equal(vd_authority_rotate(one, VD_ROTATE_NEXT_ROOT, NOW, NULL), VD_OK);
	assert_int_equal(vd_authority_refresh(two, &changed, NULL), VD_OK);
	assert_true(changed);
	assert_int_equal(count_roots(two), 2);
	/* a change is made on what the folder says, not on what was in memory */
	assert_int_equal(vd_authority_rotate(two, VD_ROTATE_INTERMEDIATE, NOW, NULL), VD_OK);
	assert_int_equal(vd_authority_rotate(one, VD_ROTATE_USE_ROOT | VD_ROTATE_NOW, NOW, NULL), VD_OK);
	assert_int_equal(count_roots(one), 2);
	VD_AUTO_FD fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(vd_authority_rotate(one, VD_ROTATE_INTERMEDIATE, NOW, &err), VD_EAGAIN);
	assert_non_null(strstr(err.text, "another process"));
	assert_int_equal(flock(fd, LOCK_UN), 0);
	assert_int_equal(vd_authority_rotate(one, VD_ROTATE_INTERMEDIATE, NOW, &err), VD_OK);
	/* in memory there is nobody to refresh from */
	VD_AUTO(vd_authority) alone = fixture_authority("vedette.local", NOW);
	assert_int_equal(vd_authority_refresh(alone, &changed, NULL), VD_OK);
	assert_false(changed);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_authority) authority = NULL;
		VD_AUTO(vd_svid) svid = NULL;
		const struct vd_svid_request request = {.instance = VD_S("default"), .service = VD_S("x")};
		enum vd_status st = vd_authority_new(&ours, NOW, &authority, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		if (st != VD_OK)
			continue;
		st = vd_authority_issue_svid(authority, &request, NOW, &svid, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		st = vd_authority_rotate(authority, VD_ROTATE_NEXT_ROOT, NOW, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		assert_int_equal(count_roots(authority), st == VD_OK ? 2 : 1);
	}
}

VD_TEST(a_folder_survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO_FINI(fixture_folder) folder;
		VD_AUTO(vd_authority) made = NULL;
		VD_AUTO(vd_authority) opened = NULL;
		fixture_folder_init(&folder);
		enum vd_status st = vd_authority_create(folder.path, &ours, VD_S(""), NOW, &made, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		if (st != VD_OK)
			continue;
		st = vd_authority_rotate(made, VD_ROTATE_INTERMEDIATE, NOW, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		st = vd_authority_open(folder.path, VD_S(""), &opened, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
	}
}
