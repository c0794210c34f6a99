/*
 * The descriptions of all messages and services in proto/, as server reflection hands them out.
 *
 * They are built into the program (a google.protobuf.FileDescriptorSet made by protoc); what is read here is only whose
 * names stand where.  Immutable.  Memory: owns all it gives out.  Thread: any, once made.
 */
#ifndef VD_RPC_DESCRIPTORS_H
#define VD_RPC_DESCRIPTORS_H

#include "base/status.h"
#include "base/str.h"

#define VD_DESCRIPTOR_FILES_MAX 256u

struct vd_descriptors;

enum vd_status vd_descriptors_new(struct vd_descriptors **ret, struct vd_err *err) VD_MUST_USE;
void vd_descriptors_free(struct vd_descriptors *descriptors);

/*
 * Both give a number for vd_descriptors_file, or -1.  By the name of a .proto file as imports spell it; by the full
 * name of a message, an enum, a service or a method, without a dot before it.
 */
int vd_descriptors_by_name(const struct vd_descriptors *descriptors, struct vd_str name);
int vd_descriptors_by_symbol(const struct vd_descriptors *descriptors, struct vd_str symbol);

/* The bytes of a google.protobuf.FileDescriptorProto; they live as long as descriptors. */
struct vd_str vd_descriptors_file(const struct vd_descriptors *descriptors, int file);
/* The file and all that it needs, itself first, each once: numbers into ret; returns how many. */
size_t vd_descriptors_needed(
	const struct vd_descriptors *descriptors, int file, int ret[VD_DESCRIPTOR_FILES_MAX]);

VD_AUTO_DEFINE(vd_descriptors, vd_descriptors_free)

#endif
