#include "engine/compile/database.h"

#include <hs.h>
#include <nettle/sha2.h>
#include <stdio.h>

#include "base/mem.h"

#define BLOB_MAGIC "VDHS0001"

enum vd_status
vd_databases_setup(struct vd_err *err)
{
	if (hs_valid_platform() != HS_SUCCESS)
		return vd_fail(err, VD_EIO, "this processor lacks what Vectorscan needs (SSE4.2)");
	if (hs_set_allocator(vd_mem_alloc, vd_mem_free) != HS_SUCCESS)
		return vd_fail(err, VD_EIO, "Vectorscan does not take our allocator");
	return VD_OK;
}

static enum vd_status
compile(const struct vd_database_plan *plan, hs_database_t **ret, struct vd_err *err)
{
	const char **texts = vd_mem_zalloc(plan->n, sizeof *texts);
	unsigned *flags = vd_mem_zalloc(plan->n, sizeof *flags);
	unsigned *ids = vd_mem_zalloc(plan->n, sizeof *ids);
	enum vd_status st = VD_ENOMEM;
	hs_compile_error_t *why = NULL;
	if (texts != NULL && flags != NULL && ids != NULL) {
		for (size_t i = 0; i < plan->n; i++) {
			texts[i] = plan->expressions[i].text;
			flags[i] = plan->expressions[i].flags;
			ids[i] = (unsigned)i;
		}
		if (hs_compile_multi(texts, flags, ids, (unsigned)plan->n, HS_MODE_BLOCK, NULL, ret, &why) ==
			HS_SUCCESS)
			st = VD_OK;
	}
	if (st != VD_OK) {
		bool memory = why == NULL || strstr(why->message, "allocat") != NULL;
		st = vd_fail(err, memory ? VD_ENOMEM : VD_EINPUT,
			"a pattern database of %zu patterns: %s%s%s", plan->n,
			why == NULL ? "no memory" : why->message,
			why != NULL && why->expression >= 0 ? " in " : "",
			why != NULL && why->expression >= 0 ? texts[why->expression] : "");
	}
	if (why != NULL)
		(void)hs_free_compile_error(why);
	vd_mem_free(texts);
	vd_mem_free(flags);
	vd_mem_free(ids);
	return st;
}

static void
digest_number(struct sha256_ctx *hash, uint64_t number)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
	sha256_update(hash, sizeof bytes, bytes);
}

static bool
blob_key(const struct vd_database_plan *plans, size_t n, char ret[65])
{
	hs_platform_info_t cpu;
	if (hs_populate_platform(&cpu) != HS_SUCCESS)
		return false;
	struct sha256_ctx hash;
	sha256_init(&hash);
	const char *version = hs_version();
	sha256_update(&hash, strlen(version), (const uint8_t *)version);
	sha256_update(
		&hash, strlen(VD_ENGINE_VERSION BLOB_MAGIC), (const uint8_t *)VD_ENGINE_VERSION BLOB_MAGIC);
	digest_number(&hash, cpu.tune);
	digest_number(&hash, cpu.cpu_features);
	for (size_t p = 0; p < n; p++) {
		digest_number(&hash, plans[p].n);
		for (size_t i = 0; i < plans[p].n; i++) {
			const struct vd_expression *one = &plans[p].expressions[i];
			digest_number(&hash, one->flags);
			sha256_update(&hash, strlen(one->text) + 1, (const uint8_t *)one->text);
		}
	}
	uint8_t sum[SHA256_DIGEST_SIZE];
	sha256_digest(&hash, sizeof sum, sum);
	for (size_t i = 0; i < sizeof sum; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", sum[i]);
	return true;
}

/* blob: magic, then per database a 64-bit length and its bytes */
static bool
read_blob(struct vd_ruleset *set, struct vd_database_plan *plans, size_t n, struct vd_str blob)
{
	size_t at = strlen(BLOB_MAGIC);
	if (blob.len < at || memcmp(blob.at, BLOB_MAGIC, at) != 0)
		return false;
	for (size_t p = 0; p < n; p++) {
		uint64_t len;
		if (blob.len - at < sizeof len)
			return false;
		memcpy(&len, blob.at + at, sizeof len);
		at += sizeof len;
		hs_database_t *db = NULL;
		if (blob.len - at < len || hs_deserialize_database(blob.at + at, len, &db) != HS_SUCCESS)
			return false;
		set->databases[set->n_databases++] = db;
		plans[p].target->db = db;
		at += len;
	}
	return at == blob.len;
}

static void
write_blob(const struct vd_database_plan *plans, size_t n, const struct vd_blob_cache *cache, const char *key)
{
	VD_AUTO_FINI(vd_buf) blob;
	vd_buf_init(&blob, 0);
	vd_buf_text(&blob, BLOB_MAGIC);
	for (size_t p = 0; p < n && !blob.failed; p++) {
		char *bytes = NULL;
		size_t len = 0;
		if (hs_serialize_database(plans[p].target->db, &bytes, &len) != HS_SUCCESS)
			return;
		uint64_t wide = len;
		vd_buf_add(&blob, &wide, sizeof wide);
		vd_buf_add(&blob, bytes, len);
		vd_mem_free(bytes);
	}
	/* a cache that cannot be written costs time at the next start, nothing else: its owner reports it */
	if (!blob.failed)
		(void)cache->put(cache->owner, key, vd_buf_view(&blob));
}

static enum vd_status
compile_all(struct vd_ruleset *set, struct vd_database_plan *plans, size_t n, struct vd_err *err)
{
	for (size_t p = 0; p < n; p++) {
		hs_database_t *db = NULL;
		enum vd_status st = compile(&plans[p], &db, err);
		if (st != VD_OK)
			return st;
		set->databases[set->n_databases++] = db;
		plans[p].target->db = db;
	}
	return VD_OK;
}

enum vd_status
vd_databases_build(struct vd_ruleset *set, struct vd_database_plan *plans, size_t n,
	const struct vd_blob_cache *cache, struct vd_err *err)
{
	set->databases = vd_arena_array(set->arena, n == 0 ? 1 : n, sizeof(void *));
	if (set->databases == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for %zu pattern databases", n);
	char key[65];
	struct vd_str blob;
	bool keyed = cache != NULL && n > 0 && blob_key(plans, n, key);
	bool read = keyed && cache->get(cache->owner, key, &blob) == VD_OK && read_blob(set, plans, n, blob);
	if (!read) {
		vd_databases_free(set);
		enum vd_status st = compile_all(set, plans, n, err);
		if (st != VD_OK)
			return st;
		if (keyed)
			write_blob(plans, n, cache, key);
	}
	hs_scratch_t *scratch = NULL;
	hs_error_t grown = HS_SUCCESS;
	for (size_t i = 0; grown == HS_SUCCESS && i < set->n_databases; i++)
		grown = hs_alloc_scratch(set->databases[i], &scratch);
	set->scratch = scratch;
	return grown == HS_SUCCESS ? VD_OK : vd_fail(err, VD_ENOMEM, "no memory for Vectorscan's scratch");
}

void
vd_databases_free(struct vd_ruleset *set)
{
	for (size_t i = 0; i < set->n_databases; i++)
		(void)hs_free_database(set->databases[i]);
	set->n_databases = 0;
	(void)hs_free_scratch(set->scratch);
	set->scratch = NULL;
}
