#include "trust/identity/svid.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust/identity/identity_fixture.h"
#include "vd_test.h"

#define NOW FIXTURE_NOW_MS

static enum vd_status
again(const struct vd_svid *svid, EVP_PKEY *key, struct vd_bundle *bundle, int64_t now_ms, struct vd_err *err)
{
	struct vd_svid *none = NULL;
	enum vd_status st = vd_svid_new(vd_svid_chain(svid), key, bundle, now_ms, &none, err);
	vd_svid_unref(none);
	return st;
}

VD_TEST(key_end_and_trust_domain_must_fit_the_certificate)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	VD_AUTO(vd_authority) other = fixture_authority("other.local", NOW);
	VD_AUTO(vd_svid) svid = fixture_svid(authority, "gateway", NOW);
	VD_AUTO(vd_bundle) elsewhere = vd_authority_bundle(other);
	VD_AUTO(evp_pkey_st) key = fixture_key();
	struct vd_err err = VD_ERR_INIT;
	struct vd_bundle *bundle = vd_svid_bundle(svid);
	assert_string_equal(vd_svid_self(svid)->spiffe_id, FIXTURE_ID);
	assert_true(vd_str_is(vd_svid_trust_domain(svid), "vedette.local"));
	assert_int_equal(again(svid, vd_svid_key(svid), bundle, NOW, &err), VD_OK);
	assert_int_equal(again(svid, key, bundle, NOW, &err), VD_EINPUT);
	assert_non_null(strstr(err.text, "the key is not that of " FIXTURE_ID));
	assert_int_equal(again(svid, vd_svid_key(svid), bundle, NOW + VD_HOUR_MS, &err), VD_EINPUT);
	assert_non_null(strstr(err.text, "ended at 2026-01-05T09:00:00.000Z"));
	assert_int_equal(again(svid, vd_svid_key(svid), elsewhere, NOW, &err), VD_EINPUT);
	assert_non_null(strstr(err.text, "another trust domain"));
}

VD_TEST(what_is_no_svid_is_no_identity)
{
	VD_AUTO(evp_pkey_st) root_key = fixture_key();
	VD_AUTO(evp_pkey_st) key = fixture_key();
	struct fixture_cert ca = fixture_ca();
	VD_AUTO(x509_st) root = fixture_mint(&ca, root_key);
	VD_AUTO(vd_bundle) bundle = fixture_bundle("vedette.local", root);
	struct fixture_cert what = fixture_leaf(root, root_key);
	what.names = "DNS:localhost";
	VD_AUTO(x509_st) leaf = fixture_mint(&what, key);
	VD_AUTO(stack_st_X509) chain = fixture_stack(leaf, NULL);
	VD_AUTO(stack_st_X509) empty = sk_X509_new_null();
	struct vd_svid *svid = NULL;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_svid_new(chain, key, bundle, NOW, &svid, &err), VD_EINPUT);
	assert_string_equal(err.text, "the certificate is no X509-SVID: no_uri: it has no URI name");
	assert_int_equal(vd_svid_new(empty, key, bundle, NOW, &svid, &err), VD_EINPUT);
	assert_null(svid);
}

/* ---- files ---- */

struct paths {
	char svid[256], key[256], bundle[256];
};

static struct vd_svid_paths
paths_in(const struct fixture_folder *folder, struct paths *to)
{
	fixture_path(folder, "svid.pem", to->svid);
	fixture_path(folder, "key.pem", to->key);
	fixture_path(folder, "bundle.pem", to->bundle);
	return (struct vd_svid_paths){to->svid, to->key, to->bundle};
}

static struct vd_svid *
load(const struct vd_svid_paths *paths)
{
	struct vd_svid *svid = NULL;
	struct vd_err err = VD_ERR_INIT;
	if (vd_svid_load(paths, NOW, &svid, &err) != VD_OK)
		fail_msg("%s", err.text);
	return svid;
}

VD_TEST(what_is_saved_loads_and_is_swapped_in_one_step)
{
	VD_AUTO_FINI(fixture_folder) folder;
	struct paths room;
	struct vd_svid_stamps before, after;
	char target[256];
	struct stat st;
	fixture_folder_init(&folder);
	struct vd_svid_paths paths = paths_in(&folder, &room);
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	VD_AUTO(vd_svid) first = fixture_svid(authority, "gateway", NOW);
	VD_AUTO(vd_svid) second = fixture_svid(authority, "gateway", NOW);
	assert_int_equal(vd_svid_save(first, folder.path, NULL), VD_OK);
	VD_AUTO(vd_svid) loaded = load(&paths);
	assert_string_equal(vd_svid_self(loaded)->serial, vd_svid_self(first)->serial);
	assert_int_equal(sk_X509_num(vd_svid_chain(loaded)), 2);
	assert_true(vd_bundle_eq(vd_svid_bundle(loaded), vd_svid_bundle(first)));
	assert_int_equal(stat(room.key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(vd_svid_stamps(&paths, &before, NULL), VD_OK);
	assert_int_equal(vd_svid_save(second, folder.path, NULL), VD_OK);
	assert_int_equal(vd_svid_stamps(&paths, &after, NULL), VD_OK);
	assert_false(vd_svid_stamps_eq(&before, &after));
	VD_AUTO(vd_svid) again_loaded = load(&paths);
	assert_string_equal(vd_svid_self(again_loaded)->serial, vd_svid_self(second)->serial);
	/* the names are links for good, and nothing of the first is left */
	ssize_t n = readlink(room.key, target, sizeof target);
	assert_true(vd_str_is((struct vd_str){target, (size_t)n}, ".current/key.pem"));
	char old[300];
	(void)snprintf(old, sizeof old, "%s/.svid-%s", folder.path, vd_svid_self(first)->serial);
	assert_int_not_equal(access(old, F_OK), 0);
}

VD_TEST(files_that_are_another_s_are_not_overwritten)
{
	VD_AUTO_FINI(fixture_folder) folder;
	struct paths room;
	struct vd_err err = VD_ERR_INIT;
	fixture_folder_init(&folder);
	(void)paths_in(&folder, &room);
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	VD_AUTO(vd_svid) svid = fixture_svid(authority, "gateway", NOW);
	fixture_write(room.key, "precious", 0600);
	assert_int_equal(vd_svid_save(svid, folder.path, &err), VD_EEXIST);
	assert_non_null(strstr(err.text, "key.pem is there"));
}

/* The texts of an SVID into files of their own, as cert-manager or a mesh lays them out. */
static void
lay_out(const struct vd_svid *svid, const struct paths *room, unsigned key_mode)
{
	VD_AUTO_FINI(vd_buf) chain;
	VD_AUTO_FINI(vd_buf) key;
	VD_AUTO_FINI(vd_buf) bundle;
	vd_buf_init(&chain, 0);
	vd_buf_init(&key, 0);
	vd_buf_init(&bundle, 0);
	for (int i = 0; i < sk_X509_num(vd_svid_chain(svid)); i++)
		assert_true(vd_cert_write(sk_X509_value(vd_svid_chain(svid), i), &chain));
	assert_int_equal(vd_key_write(vd_svid_key(svid), VD_S(""), &key, NULL), VD_OK);
	vd_bundle_pem(vd_svid_bundle(svid), &bundle);
	fixture_write(room->svid, chain.at, 0644);
	fixture_write(room->key, key.at, key_mode);
	fixture_write(room->bundle, bundle.at, 0644);
}

static void
expect_no_load(const struct vd_svid_paths *paths, enum vd_status wanted, const char *why)
{
	struct vd_svid *svid = NULL;
	struct vd_err err = VD_ERR_INIT;
	enum vd_status st = vd_svid_load(paths, NOW, &svid, &err);
	if (st != wanted || strstr(err.text, why) == NULL)
		fail_msg("%s: %s", vd_status_name(st), err.text);
	assert_null(svid);
}

VD_TEST(files_of_others_making_load_with_their_modes_judged)
{
	VD_AUTO_FINI(fixture_folder) folder;
	struct paths room;
	fixture_folder_init(&folder);
	struct vd_svid_paths paths = paths_in(&folder, &room);
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	VD_AUTO(vd_svid) svid = fixture_svid(authority, "gateway", NOW);
	VD_AUTO(vd_svid) other = fixture_svid(authority, "gateway", NOW);
	lay_out(svid, &room, 0600);
	vd_svid_unref(load(&paths));
	lay_out(svid, &room, 0644);
	expect_no_load(&paths, VD_EDENIED, "key.pem: others could have read");
	lay_out(svid, &room, 0600);
	assert_int_equal(chmod(room.bundle, 0666), 0);
	expect_no_load(&paths, VD_EDENIED, "bundle.pem: others could have written");
	VD_AUTO_FINI(vd_buf) key;
	vd_buf_init(&key, 0);
	assert_int_equal(vd_key_write(vd_svid_key(other), VD_S(""), &key, NULL), VD_OK);
	lay_out(svid, &room, 0600);
	fixture_write(room.key, key.at, 0600);
	expect_no_load(&paths, VD_EINPUT, "the key is not that of");
	lay_out(svid, &room, 0600);
	fixture_write(room.svid, "nothing", 0644);
	expect_no_load(&paths, VD_EINPUT, "svid.pem: the certificate: no certificate in PEM form");
	lay_out(svid, &room, 0600);
	assert_int_equal(unlink(room.bundle), 0);
	expect_no_load(&paths, VD_ENOTFOUND, "bundle.pem");
}

VD_TEST(key_and_certificate_may_stand_in_one_file)
{
	VD_AUTO_FINI(fixture_folder) folder;
	struct paths room;
	VD_AUTO_FINI(vd_buf) both;
	fixture_folder_init(&folder);
	struct vd_svid_paths paths = paths_in(&folder, &room);
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	VD_AUTO(vd_svid) svid = fixture_svid(authority, "gateway", NOW);
	vd_buf_init(&both, 0);
	lay_out(svid, &room, 0600);
	assert_int_equal(vd_key_write(vd_svid_key(svid), VD_S(""), &both, NULL), VD_OK);
	for (int i = 0; i < sk_X509_num(vd_svid_chain(svid)); i++)
		assert_true(vd_cert_write(sk_X509_value(vd_svid_chain(svid), i), &both));
	fixture_write(room.svid, both.at, 0600);
	paths.key = NULL;
	vd_svid_unref(load(&paths));
	paths.key = paths.svid;
	VD_AUTO(vd_svid) loaded = load(&paths);
	assert_int_equal(sk_X509_num(vd_svid_chain(loaded)), 2);
	assert_int_equal(chmod(room.svid, 0644), 0); /* now a secret is in it */
	expect_no_load(&paths, VD_EDENIED, "svid.pem: others could have read");
}

VD_TEST(survives_every_out_of_memory)
{
	VD_AUTO_FINI(fixture_folder) folder;
	struct paths room;
	fixture_folder_init(&folder);
	struct vd_svid_paths paths = paths_in(&folder, &room);
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", NOW);
	VD_AUTO(vd_svid) svid = fixture_svid(authority, "gateway", NOW);
	VD_TORTURE
	{
		VD_AUTO(vd_svid) loaded = NULL;
		enum vd_status st = vd_svid_save(svid, folder.path, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		if (st != VD_OK)
			continue;
		st = vd_svid_load(&paths, NOW, &loaded, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		assert_true((st == VD_OK) == (loaded != NULL));
	}
}
