#include "trust/identity/source.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/mem.h"
#include "base/time.h"
#include "trust/identity/source_tls.h"

#define CONTEXTS_MAX 64u /* of one snapshot; a process has a few listeners and channels */

struct cached {
	uint8_t key[VD_TLS_KEY_LEN];
	SSL_CTX *tls;
};

/* What is current: immutable but for the contexts, which are made when they are asked for. */
struct snapshot {
	uint32_t magic;
#define SNAPSHOT_MAGIC 0x736e6170u
	atomic_uint refs;
	struct vd_svid *svid;                             /* NULL: none yet */
	struct vd_bundle *bundles[VD_SOURCE_BUNDLES_MAX]; /* the SVID's first, where there is one */
	size_t n_bundles;
	struct vd_revoked *revoked;
	uint64_t epoch;
	pthread_mutex_t lock; /* guards what follows; taken after no other */
	struct cached contexts[CONTEXTS_MAX];
	size_t n_contexts, oldest;
};

/* What was read from files, to see whether they changed. */
struct files {
	char *svid, *key, *bundle, *revoked; /* svid NULL: no files; key NULL: in svid */
	struct vd_svid_stamps svid_stamps;
	struct vd_file_stamp revoked_stamp;
	bool svid_read, revoked_read;
};

struct vd_source {
	uint32_t magic;
#define VD_SOURCE_MAGIC 0x736f7572u
	struct vd_source_options clock;
	struct vd_identity identity;
	_Atomic uint64_t epoch;
	pthread_mutex_t lock; /* guards current */
	struct snapshot *current;
	pthread_mutex_t changing; /* one change at a time; taken before lock */
	struct files files;       /* guarded by changing */
};

/* ---- snapshots ---- */

static void
snapshot_unref(struct snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	vd_obj_check(snapshot, SNAPSHOT_MAGIC);
	if (atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < snapshot->n_contexts; i++)
		SSL_CTX_free(snapshot->contexts[i].tls);
	for (size_t i = 0; i < snapshot->n_bundles; i++)
		vd_bundle_unref(snapshot->bundles[i]);
	vd_svid_unref(snapshot->svid);
	vd_revoked_unref(snapshot->revoked);
	(void)pthread_mutex_destroy(&snapshot->lock);
	vd_obj_free(snapshot);
}

VD_AUTO_DEFINE(snapshot, snapshot_unref)

static struct snapshot *
current(struct vd_source *source)
{
	(void)pthread_mutex_lock(&source->lock);
	struct snapshot *snapshot = source->current;
	atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
	(void)pthread_mutex_unlock(&source->lock);
	return snapshot;
}

static bool
same_trust(const struct snapshot *a, const struct snapshot *b)
{
	if (a->n_bundles != b->n_bundles || !vd_revoked_eq(a->revoked, b->revoked))
		return false;
	for (size_t i = 0; i < a->n_bundles; i++)
		if (!vd_bundle_eq(a->bundles[i], b->bundles[i]))
			return false;
	return true;
}

/* The SVID's own bundle, then those of other trust domains. */
static enum vd_status
add_bundles(struct snapshot *snapshot, struct vd_bundle *const *others, size_t n, struct vd_err *err)
{
	struct vd_str own = {0};
	if (snapshot->svid != NULL) {
		own = vd_svid_trust_domain(snapshot->svid);
		snapshot->bundles[snapshot->n_bundles++] = vd_bundle_ref(vd_svid_bundle(snapshot->svid));
	}
	for (size_t i = 0; i < n; i++) {
		if (own.len > 0 && vd_str_eq(vd_bundle_trust_domain(others[i]), own))
			continue;
		if (snapshot->n_bundles == VD_SOURCE_BUNDLES_MAX)
			return vd_fail(err, VD_ELIMIT, "bundles of more than %u trust domains",
				VD_SOURCE_BUNDLES_MAX);
		snapshot->bundles[snapshot->n_bundles++] = vd_bundle_ref(others[i]);
	}
	return VD_OK;
}

static enum vd_status
snapshot_new(struct vd_svid *svid, struct vd_bundle *const *others, size_t n, struct vd_revoked *revoked,
	struct snapshot **ret, struct vd_err *err)
{
	VD_AUTO(snapshot) snapshot = vd_obj_new(struct snapshot, SNAPSHOT_MAGIC);
	if (snapshot == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for an identity");
	snapshot->refs = 1;
	(void)pthread_mutex_init(&snapshot->lock, NULL);
	snapshot->svid = vd_svid_ref(svid);
	snapshot->revoked = vd_revoked_ref(revoked);
	enum vd_status st = add_bundles(snapshot, others, n, err);
	if (st == VD_OK)
		*ret = snapshot_take(&snapshot);
	return st;
}

/* Makes it current, with source->changing held. */
static void
swap(struct vd_source *source, struct snapshot *made)
{
	struct snapshot *before = source->current; /* only we change it */
	bool same = same_trust(before, made);
	made->epoch = before->epoch + (same ? 0 : 1);
	(void)pthread_mutex_lock(&source->lock);
	source->current = made;
	(void)pthread_mutex_unlock(&source->lock);
	/* after: who sees the new number finds the new answers */
	atomic_store(&source->epoch, made->epoch);
	snapshot_unref(before);
}

/* The bundles of other trust domains than the SVID's. */
static struct vd_bundle *const *
others_of(const struct snapshot *snapshot, size_t *ret_n)
{
	size_t own = snapshot->svid == NULL ? 0 : 1;
	*ret_n = snapshot->n_bundles - own;
	return snapshot->bundles + own;
}

static enum vd_status
change_svid(struct vd_source *source, struct vd_svid *svid, struct vd_err *err)
{
	size_t n;
	struct snapshot *made;
	struct vd_bundle *const *others = others_of(source->current, &n);
	enum vd_status st = snapshot_new(svid, others, n, source->current->revoked, &made, err);
	if (st == VD_OK)
		swap(source, made);
	return st;
}

static enum vd_status
change_revoked(struct vd_source *source, struct vd_revoked *revoked, struct vd_err *err)
{
	size_t n;
	struct snapshot *made;
	struct vd_bundle *const *others = others_of(source->current, &n);
	enum vd_status st = snapshot_new(source->current->svid, others, n, revoked, &made, err);
	if (st == VD_OK)
		swap(source, made);
	return st;
}

enum vd_status
vd_source_set_svid(struct vd_source *source, struct vd_svid *svid, struct vd_err *err)
{
	vd_obj_check(source, VD_SOURCE_MAGIC);
	(void)pthread_mutex_lock(&source->changing);
	enum vd_status st = change_svid(source, svid, err);
	(void)pthread_mutex_unlock(&source->changing);
	return st;
}

enum vd_status
vd_source_set_revoked(struct vd_source *source, struct vd_revoked *revoked, struct vd_err *err)
{
	vd_obj_check(source, VD_SOURCE_MAGIC);
	(void)pthread_mutex_lock(&source->changing);
	enum vd_status st = change_revoked(source, revoked, err);
	(void)pthread_mutex_unlock(&source->changing);
	return st;
}

enum vd_status
vd_source_set_bundles(
	struct vd_source *source, struct vd_bundle *const *bundles, size_t n, struct vd_err *err)
{
	vd_obj_check(source, VD_SOURCE_MAGIC);
	struct snapshot *made;
	(void)pthread_mutex_lock(&source->changing);
	enum vd_status st =
		snapshot_new(source->current->svid, bundles, n, source->current->revoked, &made, err);
	if (st == VD_OK)
		swap(source, made);
	(void)pthread_mutex_unlock(&source->changing);
	return st;
}

struct vd_svid *
vd_source_svid(struct vd_source *source)
{
	VD_AUTO(snapshot) snapshot = current(source);
	return vd_svid_ref(snapshot->svid);
}

/* ---- struct vd_identity ---- */

static enum vd_status
tls_of(struct vd_source *source, struct snapshot *snapshot, bool server, const struct vd_demand *demand,
	SSL_CTX **ret, struct vd_err *err)
{
	struct cached cached;
	if (!vd_tls_key(server, demand, cached.key))
		return vd_crypto_fail(err, VD_EIO, "a TLS context");
	for (size_t i = 0; i < snapshot->n_contexts; i++)
		if (memcmp(snapshot->contexts[i].key, cached.key, sizeof cached.key) == 0) {
			*ret = snapshot->contexts[i].tls;
			return VD_OK;
		}
	const struct vd_tls_parts parts = {source->clock, snapshot->svid, snapshot->bundles,
		snapshot->n_bundles, snapshot->revoked, snapshot->epoch};
	enum vd_status st = vd_tls_new(&parts, server, demand, cached.key, &cached.tls, err);
	if (st != VD_OK)
		return st;
	if (snapshot->n_contexts < CONTEXTS_MAX) {
		snapshot->contexts[snapshot->n_contexts++] = cached;
	} else {
		SSL_CTX_free(snapshot->contexts[snapshot->oldest].tls);
		snapshot->contexts[snapshot->oldest] = cached;
		snapshot->oldest = (snapshot->oldest + 1) % CONTEXTS_MAX;
	}
	*ret = cached.tls;
	return VD_OK;
}

static enum vd_status
tls(void *owner, bool server, const struct vd_demand *demand, SSL_CTX **ret, int64_t *ret_expires_ms,
	struct vd_err *err)
{
	struct vd_source *source = owner;
	vd_obj_check(source, VD_SOURCE_MAGIC);
	VD_AUTO(snapshot) snapshot = current(source);
	SSL_CTX *found = NULL;
	if (snapshot->svid == NULL)
		return vd_fail(err, VD_EAGAIN, "this process has no identity yet");
	const struct vd_peer *self = vd_svid_self(snapshot->svid);
	if (self->expires_ms <= source->clock.wall_ms(source->clock.owner)) {
		char text[VD_TIME_TEXT_MAX];
		(void)vd_time_format(self->expires_ms, text);
		return vd_fail(err, VD_EAGAIN, "%s ended at %s and was not renewed", self->spiffe_id, text);
	}
	(void)pthread_mutex_lock(&snapshot->lock);
	enum vd_status st = tls_of(source, snapshot, server, demand, &found, err);
	if (st == VD_OK)
		(void)SSL_CTX_up_ref(found);
	(void)pthread_mutex_unlock(&snapshot->lock);
	if (st != VD_OK)
		return st;
	*ret = found;
	*ret_expires_ms = self->expires_ms;
	return VD_OK;
}

static struct vd_trusted
trusted_by(const struct vd_source *source, const struct snapshot *snapshot)
{
	return (struct vd_trusted){.bundles = snapshot->bundles,
		.n_bundles = snapshot->n_bundles,
		.revoked = snapshot->revoked,
		.now_ms = source->clock.wall_ms(source->clock.owner),
		.skew_ms = source->clock.skew_ms};
}

static enum vd_status
judge(void *owner, X509 *leaf, const struct vd_demand *demand, struct vd_peer *ret, struct vd_err *err)
{
	struct vd_source *source = owner;
	vd_obj_check(source, VD_SOURCE_MAGIC);
	if (leaf == NULL && demand->anonymous) {
		*ret = (struct vd_peer){.kind = VD_PEER_ANONYMOUS, .expires_ms = INT64_MAX};
		return VD_OK;
	}
	VD_AUTO(snapshot) snapshot = current(source);
	struct vd_trusted trusted = trusted_by(source, snapshot);
	return vd_verify_leaf(
		&trusted, leaf, leaf == NULL ? NULL : vd_tls_anchor(leaf), demand, ret, NULL, err);
}

static enum vd_status
again(void *owner, const struct vd_peer *peer, struct vd_err *err)
{
	struct vd_source *source = owner;
	vd_obj_check(source, VD_SOURCE_MAGIC);
	VD_AUTO(snapshot) snapshot = current(source);
	struct vd_trusted trusted = trusted_by(source, snapshot);
	return vd_verify_again(&trusted, peer, NULL, err);
}

static uint64_t
epoch(void *owner)
{
	struct vd_source *source = owner;
	vd_obj_check(source, VD_SOURCE_MAGIC);
	return atomic_load(&source->epoch);
}

static bool
refusal(void *owner, const SSL *ssl, struct vd_err *ret)
{
	(void)owner;
	const char *words = vd_tls_refusal(ssl);
	if (words == NULL)
		return false;
	(void)vd_fail(ret, VD_EDENIED, "%s", words);
	return true;
}

/* ---- life ---- */

static int64_t
system_wall(void *owner)
{
	(void)owner;
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
files_fini(struct files *files)
{
	vd_mem_free(files->svid);
	vd_mem_free(files->key);
	vd_mem_free(files->bundle);
	vd_mem_free(files->revoked);
	*files = (struct files){0};
}

enum vd_status
vd_source_new(const struct vd_source_options *options, struct vd_source **ret, struct vd_err *err)
{
	struct vd_source *source = vd_obj_new(struct vd_source, VD_SOURCE_MAGIC);
	if (source == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for an identity");
	if (options != NULL)
		source->clock = *options;
	if (source->clock.wall_ms == NULL)
		source->clock.wall_ms = system_wall;
	if (source->clock.skew_ms == 0)
		source->clock.skew_ms = VD_SKEW_MS;
	source->identity = (struct vd_identity){source, tls, judge, again, epoch, refusal};
	enum vd_status st = snapshot_new(NULL, NULL, 0, NULL, &source->current, err);
	if (st != VD_OK) {
		vd_obj_free(source);
		return st;
	}
	(void)pthread_mutex_init(&source->lock, NULL);
	(void)pthread_mutex_init(&source->changing, NULL);
	*ret = source;
	return VD_OK;
}

void
vd_source_free(struct vd_source *source)
{
	if (source == NULL)
		return;
	vd_obj_check(source, VD_SOURCE_MAGIC);
	snapshot_unref(source->current);
	files_fini(&source->files);
	(void)pthread_mutex_destroy(&source->lock);
	(void)pthread_mutex_destroy(&source->changing);
	vd_obj_free(source);
}

const struct vd_identity *
vd_source_identity(const struct vd_source *source)
{
	vd_obj_check(source, VD_SOURCE_MAGIC);
	return &source->identity;
}

/* ---- from files ---- */

/* NULL stays NULL; false: out of memory. */
static bool
dup_path(const char *path, char **ret)
{
	*ret = path == NULL ? NULL : vd_mem_strdup(path);
	return path == NULL || *ret != NULL;
}

enum vd_status
vd_source_set_paths(struct vd_source *source, const struct vd_source_paths *paths, struct vd_err *err)
{
	vd_obj_check(source, VD_SOURCE_MAGIC);
	struct files files = {0};
	if (!dup_path(paths->svid.svid, &files.svid) || !dup_path(paths->svid.key, &files.key) ||
		!dup_path(paths->svid.bundle, &files.bundle) || !dup_path(paths->revoked, &files.revoked)) {
		files_fini(&files);
		return vd_fail(err, VD_ENOMEM, "no memory for the paths of an identity");
	}
	(void)pthread_mutex_lock(&source->changing);
	files_fini(&source->files);
	source->files = files;
	(void)pthread_mutex_unlock(&source->changing);
	return VD_OK;
}

static enum vd_status
reload_svid(struct vd_source *source, bool *ret_changed, struct vd_err *err)
{
	struct files *files = &source->files;
	const struct vd_svid_paths paths = {files->svid, files->key, files->bundle};
	struct vd_svid_stamps stamps;
	VD_AUTO(vd_svid) svid = NULL;
	enum vd_status st = vd_svid_stamps(&paths, &stamps, err);
	if (st != VD_OK || (files->svid_read && vd_svid_stamps_eq(&stamps, &files->svid_stamps)))
		return st;
	st = vd_svid_load(&paths, source->clock.wall_ms(source->clock.owner), &svid, err);
	if (st == VD_OK)
		st = change_svid(source, svid, err);
	if (st != VD_OK)
		return st;
	/* stamps of before the reading: a swap since then is seen the next time */
	files->svid_stamps = stamps;
	files->svid_read = true;
	*ret_changed = true;
	return VD_OK;
}

static enum vd_status
reload_revoked(struct vd_source *source, bool *ret_changed, struct vd_err *err)
{
	struct files *files = &source->files;
	struct vd_file_stamp stamp;
	VD_AUTO_FINI(vd_buf) text;
	VD_AUTO(vd_revoked) revoked = NULL;
	vd_buf_init(&text, 0);
	enum vd_status st = vd_file_stamp(AT_FDCWD, files->revoked, &stamp, err);
	if (st != VD_OK || (files->revoked_read && vd_file_stamp_eq(&stamp, &files->revoked_stamp)))
		return st;
	st = vd_file_read(AT_FDCWD, files->revoked, VD_REVOKED_TEXT_MAX, VD_FILE_PUBLIC, &text, err);
	if (st != VD_OK)
		return st;
	st = vd_revoked_read(vd_buf_view(&text), &revoked, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "%s", files->revoked);
	st = change_revoked(source, revoked, err);
	if (st != VD_OK)
		return st;
	files->revoked_stamp = stamp;
	files->revoked_read = true;
	*ret_changed = true;
	return VD_OK;
}

enum vd_status
vd_source_reload(struct vd_source *source, bool *ret_changed, struct vd_err *err)
{
	vd_obj_check(source, VD_SOURCE_MAGIC);
	bool changed = false;
	enum vd_status st = VD_OK;
	(void)pthread_mutex_lock(&source->changing);
	/* revocations first: a new identity is not used a moment without them */
	if (source->files.revoked != NULL)
		st = reload_revoked(source, &changed, err);
	if (source->files.svid != NULL) {
		/* also where the list of revocations is broken: the two have nothing to do with each other */
		enum vd_status of_svid = reload_svid(source, &changed, st == VD_OK ? err : NULL);
		st = st == VD_OK ? of_svid : st;
	}
	(void)pthread_mutex_unlock(&source->changing);
	*ret_changed = changed;
	return st;
}
