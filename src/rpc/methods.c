#include "rpc/methods.h"

#include <assert.h>

#include "base/arena.h"
#include "base/mem.h"

/* Twice as many slots as methods, so that a chain of taken ones is short and always ends. */
#define SLOTS (2 * VD_METHODS_MAX)

struct entry {
	struct vd_method method;
	struct vd_str path;
	/* the rows that speak of it, in the order of the table */
	const struct vd_peer_call **rows;
	size_t n_rows;
};

struct vd_methods {
	uint32_t magic;
#define VD_METHODS_MAGIC 0x6d657468u
	const char *callee;
	bool test;
	const struct vd_peer_call *rows;
	size_t n_rows;
	struct vd_arena *arena;
	struct entry *entries[VD_METHODS_MAX];
	size_t n;
	uint16_t slots[SLOTS]; /* id + 1; 0: free */
};

/* ---- names ---- */

static bool
word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Words of letters, digits and _, joined by joiner (0: one word alone). */
static bool
is_name(struct vd_str name, char joiner)
{
	bool fresh = true; /* a word begins here */
	for (size_t i = 0; i < name.len; i++) {
		if (word_char(name.at[i]))
			fresh = false;
		else if (fresh || joiner == 0 || name.at[i] != joiner)
			return false;
		else
			fresh = true;
	}
	return !fresh;
}

/* A service's name, or the beginning of one and *: "iam", "plugin-*", "*". */
static bool
is_pattern(const char *pattern)
{
	struct vd_str name = vd_str_from(pattern);
	if (!vd_str_ends(name, "*"))
		return is_name(name, '-');
	name.len--;
	if (vd_str_ends(name, "-"))
		name.len--;
	return is_name(name, '-') || strcmp(pattern, "*") == 0;
}

static bool
fits(const char *pattern, struct vd_str name)
{
	struct vd_str p = vd_str_from(pattern);
	if (name.len == 0)
		return false;
	if (!vd_str_ends(p, "*"))
		return vd_str_eq(p, name);
	return name.len >= p.len - 1 && memcmp(name.at, p.at, p.len - 1) == 0;
}

/* Does the row's method name this one? */
static bool
names_method(const struct vd_peer_call *row, const struct vd_method *method)
{
	size_t n = strlen(method->service);
	if (strncmp(row->method, method->service, n) != 0 || row->method[n] != '/')
		return false;
	const char *name = row->method + n + 1;
	return strcmp(name, "*") == 0 || strcmp(name, method->name) == 0;
}

static enum vd_status
check_row(const struct vd_peer_call *row, struct vd_err *err)
{
	const char *slash = strchr(row->method, '/');
	if (!is_pattern(row->caller) || !is_pattern(row->callee))
		return vd_fail(err, VD_EINPUT,
			"'%s' to '%s': a caller and a callee are names of services, or their beginning and *",
			row->caller, row->callee);
	if (slash == NULL || !is_name((struct vd_str){row->method, (size_t)(slash - row->method)}, '.') ||
		(strcmp(slash, "/*") != 0 && !is_name(vd_str_from(slash + 1), 0)))
		return vd_fail(err, VD_EINPUT,
			"'%s': a method is package.Service/Method, or package.Service/*", row->method);
	if (row->why == NULL || row->why[0] == '\0')
		return vd_fail(err, VD_EINPUT, "%s to %s, %s: the row does not say why", row->caller,
			row->callee, row->method);
	return VD_OK;
}

/* ---- the registry ---- */

enum vd_status
vd_methods_new(const char *callee, bool test, const struct vd_peer_call rows[], size_t n,
	struct vd_methods **ret, struct vd_err *err)
{
	VD_AUTO(vd_methods) methods = vd_obj_new(struct vd_methods, VD_METHODS_MAGIC);
	if (methods == NULL || (methods->arena = vd_arena_new(0)) == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for the methods of %s", callee);
	for (size_t i = 0; i < n; i++) {
		enum vd_status st = check_row(&rows[i], err);
		if (st != VD_OK)
			return vd_fail_in(err, st, "row %zu of who may call what", i + 1);
	}
	methods->callee = callee;
	methods->test = test;
	methods->rows = rows;
	methods->n_rows = n;
	*ret = vd_methods_take(&methods);
	return VD_OK;
}

void
vd_methods_free(struct vd_methods *methods)
{
	if (methods == NULL)
		return;
	vd_obj_check(methods, VD_METHODS_MAGIC);
	vd_arena_free(methods->arena);
	vd_obj_free(methods);
}

/* FNV-1a.  Nobody but us puts a key in, so nobody can choose keys that collide. */
static size_t
slot_of(struct vd_str path)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < path.len; i++)
		hash = (hash ^ (unsigned char)path.at[i]) * 16777619u;
	return (hash ^ hash >> 16) % SLOTS;
}

/* The slot of a path, or the free one where it would stand. */
static size_t
find_slot(const struct vd_methods *methods, struct vd_str path)
{
	size_t slot = slot_of(path);
	while (methods->slots[slot] != 0 &&
		!vd_str_eq(methods->entries[methods->slots[slot] - 1]->path, path))
		slot = (slot + 1) % SLOTS;
	return slot;
}

static bool
counts(const struct vd_methods *methods, const struct vd_peer_call *row, const struct vd_method *method)
{
	return (methods->test || !row->in_test) && fits(row->callee, vd_str_from(methods->callee)) &&
	       names_method(row, method);
}

/* Collects the rows that speak of the entry's method. */
static enum vd_status
collect(struct vd_methods *methods, struct entry *entry, struct vd_err *err)
{
	const struct vd_method *method = &entry->method;
	for (size_t i = 0; i < methods->n_rows; i++)
		entry->n_rows += counts(methods, &methods->rows[i], method);
	if (entry->n_rows == 0)
		return vd_fail(err, VD_EDENIED,
			"%s/%s: no row of peers.def says who may call it of %s: add one, with its reason",
			method->service, method->name, methods->callee);
	entry->rows = vd_arena_array(methods->arena, entry->n_rows, sizeof(struct vd_peer_call *));
	if (entry->rows == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for the methods of %s", methods->callee);
	for (size_t i = 0, k = 0; i < methods->n_rows; i++)
		if (counts(methods, &methods->rows[i], method))
			entry->rows[k++] = &methods->rows[i];
	return VD_OK;
}

static enum vd_status
check_method(const struct vd_methods *methods, const struct vd_method *method, struct vd_err *err)
{
	if (!is_name(vd_str_from(method->service), '.') || !is_name(vd_str_from(method->name), 0) ||
		strlen(method->service) + strlen(method->name) + 2 > VD_METHOD_PATH_MAX)
		return vd_fail(err, VD_EINPUT, "'%s/%s' is no package.Service/Method of at most %u bytes",
			method->service, method->name, VD_METHOD_PATH_MAX - 1);
	if (methods->n == VD_METHODS_MAX)
		return vd_fail(err, VD_ELIMIT, "%s/%s: %s has %u methods already", method->service,
			method->name, methods->callee, VD_METHODS_MAX);
	return VD_OK;
}

enum vd_status
vd_methods_add(struct vd_methods *methods, const struct vd_method *method, struct vd_err *err)
{
	vd_obj_check(methods, VD_METHODS_MAGIC);
	enum vd_status st = check_method(methods, method, err);
	if (st != VD_OK)
		return st;
	struct entry *entry = vd_arena_zalloc(methods->arena, sizeof *entry);
	const char *path = vd_arena_printf(methods->arena, "/%s/%s", method->service, method->name);
	if (entry == NULL || path == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for the methods of %s", methods->callee);
	entry->method = *method;
	entry->path = vd_str_from(path);
	size_t slot = find_slot(methods, entry->path);
	if (methods->slots[slot] != 0)
		return vd_fail(err, VD_EEXIST, "%s/%s is registered twice", method->service, method->name);
	st = collect(methods, entry, err);
	if (st != VD_OK)
		return st;
	entry->method.path = path;
	entry->method.id = (uint32_t)methods->n;
	methods->entries[methods->n++] = entry;
	methods->slots[slot] = (uint16_t)methods->n;
	return VD_OK;
}

const struct vd_method *
vd_methods_find(const struct vd_methods *methods, struct vd_str path)
{
	vd_obj_check(methods, VD_METHODS_MAGIC);
	if (path.len > VD_METHOD_PATH_MAX)
		return NULL;
	uint16_t taken = methods->slots[find_slot(methods, path)];
	return taken == 0 ? NULL : &methods->entries[taken - 1]->method;
}

bool
vd_methods_may_call(const struct vd_methods *methods, const struct vd_method *method, struct vd_str caller)
{
	vd_obj_check(methods, VD_METHODS_MAGIC);
	assert(method->id < methods->n);
	const struct entry *entry = methods->entries[method->id];
	assert(&entry->method == method);
	for (size_t i = 0; i < entry->n_rows; i++)
		if (fits(entry->rows[i]->caller, caller))
			return true;
	return false;
}

size_t
vd_methods_count(const struct vd_methods *methods)
{
	vd_obj_check(methods, VD_METHODS_MAGIC);
	return methods->n;
}

const struct vd_method *
vd_methods_at(const struct vd_methods *methods, size_t id)
{
	vd_obj_check(methods, VD_METHODS_MAGIC);
	assert(id < methods->n);
	return &methods->entries[id]->method;
}
