#include "rpc/descriptors.h"

#include <assert.h>

#include "base/arena.h"
#include "base/mem.h"
#include "rpc/unpack.h"

#include "vedette/rpc/v1/outline.pb-c.h"

typedef Vedette__Rpc__V1__FileOutline File;
typedef Vedette__Rpc__V1__MessageOutline Message;
typedef Vedette__Rpc__V1__ServiceOutline Service;

static const uint8_t built_in[] = {
#include "descriptors.inc"
};

struct vd_descriptors {
	uint32_t magic;
#define VD_DESCRIPTORS_MAGIC 0x64657363u
	struct vd_arena *arena; /* owns the outlines */
	size_t n;
	const File *outlines[VD_DESCRIPTOR_FILES_MAX];
	struct vd_str files[VD_DESCRIPTOR_FILES_MAX]; /* whole, in the arena */
};

enum vd_status
vd_descriptors_new(struct vd_descriptors **ret, struct vd_err *err)
{
	VD_AUTO(vd_descriptors) descriptors = vd_obj_new(struct vd_descriptors, VD_DESCRIPTORS_MAGIC);
	ProtobufCMessage *message;
	if (descriptors == NULL || (descriptors->arena = vd_arena_new(0)) == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for descriptors");
	enum vd_status st = vd_unpack(&vedette__rpc__v1__file_set__descriptor,
		(struct vd_str){(const char *)built_in, sizeof built_in}, &vd_unpack_limits_usual,
		descriptors->arena, &message, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "the descriptors of this program");
	const Vedette__Rpc__V1__FileSet *set = (const Vedette__Rpc__V1__FileSet *)message;
	assert(set->n_file <= VD_DESCRIPTOR_FILES_MAX);
	for (size_t i = 0; i < set->n_file; i++) {
		descriptors->files[i] = (struct vd_str){(const char *)set->file[i].data, set->file[i].len};
		st = vd_unpack(&vedette__rpc__v1__file_outline__descriptor, descriptors->files[i],
			&vd_unpack_limits_usual, descriptors->arena, &message, err);
		if (st != VD_OK)
			return vd_fail_in(err, st, "the descriptors of this program: file %zu", i);
		descriptors->outlines[i] = (const File *)message;
	}
	descriptors->n = set->n_file;
	*ret = vd_descriptors_take(&descriptors);
	return VD_OK;
}

void
vd_descriptors_free(struct vd_descriptors *descriptors)
{
	if (descriptors == NULL)
		return;
	vd_obj_check(descriptors, VD_DESCRIPTORS_MAGIC);
	vd_arena_free(descriptors->arena);
	vd_obj_free(descriptors);
}

int
vd_descriptors_by_name(const struct vd_descriptors *descriptors, struct vd_str name)
{
	vd_obj_check(descriptors, VD_DESCRIPTORS_MAGIC);
	for (size_t i = 0; i < descriptors->n; i++)
		if (vd_str_is(name, descriptors->outlines[i]->name))
			return (int)i;
	return -1;
}

/*
 * Takes name and the dot behind it off the front of rest.  True: so it began, and *ret_last says whether nothing is
 * left.
 */
static bool
step_in(struct vd_str *rest, const char *name, bool *ret_last)
{
	size_t n = strlen(name);
	if (!vd_str_starts(*rest, name) || (rest->len > n && rest->at[n] != '.'))
		return false;
	*ret_last = rest->len == n;
	size_t step = *ret_last ? n : n + 1;
	*rest = (struct vd_str){rest->at + step, rest->len - step};
	return true;
}

/* Recursion: as deep as messages are nested in proto/, which vd_unpack has bounded. */
static bool
message_has(const Message *message, struct vd_str rest)
{
	bool last;
	if (!step_in(&rest, message->name, &last))
		return false;
	if (last)
		return true;
	for (size_t i = 0; i < message->n_enum_type; i++)
		if (vd_str_is(rest, message->enum_type[i]->name))
			return true;
	for (size_t i = 0; i < message->n_nested_type; i++)
		if (message_has(message->nested_type[i], rest))
			return true;
	return false;
}

static bool
service_has(const Service *service, struct vd_str rest)
{
	bool last;
	if (!step_in(&rest, service->name, &last))
		return false;
	for (size_t i = 0; i < service->n_method && !last; i++)
		last = vd_str_is(rest, service->method[i]->name);
	return last;
}

static bool
file_has(const File *file, struct vd_str symbol)
{
	bool last;
	if (file->package[0] != '\0' && (!step_in(&symbol, file->package, &last) || last))
		return false;
	for (size_t i = 0; i < file->n_message_type; i++)
		if (message_has(file->message_type[i], symbol))
			return true;
	for (size_t i = 0; i < file->n_enum_type; i++)
		if (vd_str_is(symbol, file->enum_type[i]->name))
			return true;
	for (size_t i = 0; i < file->n_service; i++)
		if (service_has(file->service[i], symbol))
			return true;
	return false;
}

int
vd_descriptors_by_symbol(const struct vd_descriptors *descriptors, struct vd_str symbol)
{
	vd_obj_check(descriptors, VD_DESCRIPTORS_MAGIC);
	for (size_t i = 0; i < descriptors->n; i++)
		if (file_has(descriptors->outlines[i], symbol))
			return (int)i;
	return -1;
}

struct vd_str
vd_descriptors_file(const struct vd_descriptors *descriptors, int file)
{
	vd_obj_check(descriptors, VD_DESCRIPTORS_MAGIC);
	assert(file >= 0 && (size_t)file < descriptors->n);
	return descriptors->files[file];
}

size_t
vd_descriptors_needed(const struct vd_descriptors *descriptors, int file, int ret[VD_DESCRIPTOR_FILES_MAX])
{
	bool taken[VD_DESCRIPTOR_FILES_MAX] = {false};
	size_t n = 0;
	vd_obj_check(descriptors, VD_DESCRIPTORS_MAGIC);
	assert(file >= 0 && (size_t)file < descriptors->n);
	taken[file] = true;
	ret[n++] = file;
	for (size_t done = 0; done < n;
		done++) { /* each file once, so at most VD_DESCRIPTOR_FILES_MAX rounds */
		const File *at = descriptors->outlines[ret[done]];
		for (size_t i = 0; i < at->n_dependency; i++) {
			int needed = vd_descriptors_by_name(descriptors, vd_str_from(at->dependency[i]));
			if (needed < 0 || taken[needed])
				continue;
			taken[needed] = true;
			ret[n++] = needed;
		}
	}
	return n;
}
