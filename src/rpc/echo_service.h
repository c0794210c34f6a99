/*
 * For tests of rpc: vedette.test.v1.Echo (proto/vedette/test/v1/echo.proto) on a server.
 *
 * Memory: the methods borrow nothing; a call's state is in its arena.  Thread: any.
 */
#ifndef VD_RPC_ECHO_SERVICE_H
#define VD_RPC_ECHO_SERVICE_H

#include "rpc/server.h"

/* Registers its four methods; vd_call_service is not used. */
enum vd_status vd_echo_service_add(struct vd_methods *methods, struct vd_err *err) VD_MUST_USE;

/* The four, in the order Unary, ServerStream, ClientStream, BidiStream: for clients. */
const struct vd_method *vd_echo_methods(void);

#endif
