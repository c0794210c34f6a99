/*
 * gRPC Server Reflection, v1 and v1alpha: tools such as grpcurl learn from it what a server offers.
 *
 * Registered where an instance was started for it alone (rows in_test): in production it tells an intruder the way.
 *
 * Thread: any; the server's vd_call_service begins with a struct vd_rpc_own that has descriptors and methods.
 */
#ifndef VD_RPC_REFLECTION_H
#define VD_RPC_REFLECTION_H

#include "rpc/health.h"

enum vd_status vd_reflection_add(struct vd_methods *methods, struct vd_err *err) VD_MUST_USE;

#endif
