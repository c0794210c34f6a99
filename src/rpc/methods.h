/*
 * The methods that a service offers, and who may call each.
 *
 * Who may call what is one table of the whole product, src/main/peers.def, given here at construction; a method that no
 * row of it lets anybody call cannot be registered.  Filled by one thread, then only read.
 *
 * Memory: a registry owns its tables and borrows the rows and every name it is given, which are literals.
 * Thread: vd_methods_add one owner; the rest any thread, once all methods are there.
 */
#ifndef VD_RPC_METHODS_H
#define VD_RPC_METHODS_H

#include <protobuf-c/protobuf-c.h>

#include "base/status.h"
#include "base/str.h"

#define VD_METHODS_MAX 1024u
#define VD_METHOD_PATH_MAX 256u /* bytes of "/service/method" */

/*
 * A row: the service named caller may call method of the service named callee.  A method is package.Service/Method; a *
 * for Method stands for each of the service's.  A caller or callee ending in * stands for all that begin so: "plugin-*",
 * "*".
 */
struct vd_peer_call {
	const char *caller, *callee, *method;
	const char *why;
	bool in_test; /* counts only where the registry is made for a test */
};

enum vd_call_kind {
	VD_CALL_UNARY,
	VD_CALL_SERVER_STREAM,
	VD_CALL_CLIENT_STREAM,
	VD_CALL_BIDI_STREAM,
};

struct vd_rpc_handler; /* what serves a method; known to the server alone */

struct vd_method {
	const char *service; /* "vedette.test.v1.Echo" */
	const char *name;    /* "Unary" */
	enum vd_call_kind kind;
	bool idempotent; /* a client may send it again where it cannot know whether it was served */
	const ProtobufCMessageDescriptor *request, *response;
	const struct vd_rpc_handler *handler;
	/* filled in by vd_methods_add */
	uint32_t id; /* counts from 0, in the order of registration: for tables beside, such as metrics */
	const char *path; /* "/vedette.test.v1.Echo/Unary" */
};

struct vd_methods;

/*
 * For the service named callee.  VD_EINPUT: a row that is not of this form, with its words.  test: rows marked in_test
 * count too.
 */
enum vd_status vd_methods_new(const char *callee, bool test, const struct vd_peer_call rows[], size_t n,
	struct vd_methods **ret, struct vd_err *err) VD_MUST_USE;
void vd_methods_free(struct vd_methods *methods);

/* VD_EDENIED: nobody may call it; VD_EEXIST, VD_EINPUT: a name that is none, VD_ELIMIT. */
enum vd_status vd_methods_add(
	struct vd_methods *methods, const struct vd_method *method, struct vd_err *err) VD_MUST_USE;

/* By the request's :path, byte for byte; NULL: there is none.  Borrowed from the registry. */
const struct vd_method *vd_methods_find(const struct vd_methods *methods, struct vd_str path);
/* caller: a verified service's name; one that has none ("") may call nothing. */
bool vd_methods_may_call(
	const struct vd_methods *methods, const struct vd_method *method, struct vd_str caller);

size_t vd_methods_count(const struct vd_methods *methods);
const struct vd_method *vd_methods_at(const struct vd_methods *methods, size_t id);

VD_AUTO_DEFINE(vd_methods, vd_methods_free)

#endif
