#include "trust/identity/renew.h"

#include "trust/identity/identity_fixture.h"
#include "vd_test.h"

static const struct vd_svid_request request = {.instance = {"default", 7}, .service = {"gateway", 7}};

VD_TEST(renewal_falls_between_two_fifths_and_half_of_a_life)
{
	bool early = false, late = false;
	for (uint64_t draw = 0; draw < 1000; draw++) {
		int64_t at = vd_renew_at(1000000, 1000000 + VD_HOUR_MS, draw * 7919);
		assert_true(at >= 1000000 + VD_HOUR_MS * 2 / 5 && at <= 1000000 + VD_HOUR_MS / 2);
		early = early || at < 1000000 + VD_HOUR_MS * 42 / 100;
		late = late || at > 1000000 + VD_HOUR_MS * 48 / 100;
	}
	assert_true(early && late);
	assert_int_equal(vd_renew_at(5, 5, UINT64_MAX), 5);
	assert_true(vd_renew_at(0, INT64_MAX, UINT64_MAX) > 0);
	assert_int_equal(vd_renew_at(0, 10000, 0), 5000);
	assert_int_equal(vd_renew_at(0, 10000, 1000), 4000);
}

VD_TEST(failures_wait_longer_each_time_up_to_a_minute)
{
	assert_int_equal(vd_renew_retry_ms(1, 0), 750);
	assert_int_equal(vd_renew_retry_ms(1, 500), 1250);
	assert_int_equal(vd_renew_retry_ms(4, 0), 6000);
	assert_int_equal(vd_renew_retry_ms(7, 0), 45000);
	assert_int_equal(vd_renew_retry_ms(4000000000u, 30000), 75000);
}

VD_TEST(a_source_is_kept_in_an_svid_that_is_renewed_in_time)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", FIXTURE_NOW_MS);
	VD_AUTO(vd_source) source = fixture_source(NULL);
	int64_t next_ms = 0, then_ms = 0;
	assert_int_equal(
		vd_identity_renew(source, authority, &request, FIXTURE_NOW_MS, &next_ms, NULL), VD_OK);
	VD_AUTO(vd_svid) first = vd_source_svid(source);
	assert_non_null(first);
	assert_string_equal(vd_svid_self(first)->spiffe_id, FIXTURE_ID);
	assert_true(next_ms > FIXTURE_NOW_MS && next_ms <= FIXTURE_NOW_MS + VD_HOUR_MS / 2);
	/* nothing before that moment, which stays the same */
	assert_int_equal(vd_identity_renew(source, authority, &request, next_ms - 1, &then_ms, NULL), VD_OK);
	VD_AUTO(vd_svid) second = vd_source_svid(source);
	assert_ptr_equal(first, second);
	assert_int_equal(next_ms, then_ms);
	assert_int_equal(vd_identity_renew(source, authority, &request, next_ms, &then_ms, NULL), VD_OK);
	VD_AUTO(vd_svid) third = vd_source_svid(source);
	assert_ptr_not_equal(first, third);
	assert_int_equal(EVP_PKEY_eq(vd_svid_key(first), vd_svid_key(third)), 0); /* a new key too */
	assert_true(then_ms > next_ms);
}

VD_TEST(a_new_bundle_comes_at_once_without_a_new_certificate)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", FIXTURE_NOW_MS);
	VD_AUTO(vd_source) source = fixture_source(NULL);
	int64_t next_ms = 0;
	assert_int_equal(
		vd_identity_renew(source, authority, &request, FIXTURE_NOW_MS, &next_ms, NULL), VD_OK);
	VD_AUTO(vd_svid) first = vd_source_svid(source);
	assert_int_equal(vd_authority_rotate(authority, VD_ROTATE_NEXT_ROOT, FIXTURE_NOW_MS, NULL), VD_OK);
	assert_int_equal(
		vd_identity_renew(source, authority, &request, FIXTURE_NOW_MS + 1, &next_ms, NULL), VD_OK);
	VD_AUTO(vd_svid) second = vd_source_svid(source);
	assert_string_equal(vd_svid_self(first)->serial, vd_svid_self(second)->serial);
	assert_int_equal(vd_bundle_count(vd_svid_bundle(second)), 2);
}

VD_TEST(where_nothing_can_be_issued_the_old_one_stays)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", FIXTURE_NOW_MS);
	VD_AUTO(vd_source) source = fixture_source(NULL);
	int64_t next_ms = 0;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(
		vd_identity_renew(source, authority, &request, FIXTURE_NOW_MS, &next_ms, NULL), VD_OK);
	VD_AUTO(vd_svid) first = vd_source_svid(source);
	int64_t late_ms = FIXTURE_NOW_MS + VD_INTERMEDIATE_LIFE_MS;
	next_ms = 4711;
	assert_int_equal(vd_identity_renew(source, authority, &request, late_ms, &next_ms, &err), VD_EAGAIN);
	assert_non_null(strstr(err.text, "rotate"));
	assert_int_equal(next_ms, 4711);
	VD_AUTO(vd_svid) second = vd_source_svid(source);
	assert_ptr_equal(first, second);
}
