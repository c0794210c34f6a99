/*
 * The gRPC Health Checking Protocol: can the server, or one service of it, serve?
 *
 * Statuses are set by the program from any thread; a Watch hears of a change within VD_HEALTH_WATCH_MS.
 *
 * Memory: names are copied.  Thread: any.
 */
#ifndef VD_RPC_HEALTH_H
#define VD_RPC_HEALTH_H

#include "rpc/server.h"

#define VD_HEALTH_SERVICES_MAX 64u
#define VD_HEALTH_WATCH_MS 100

enum vd_health_status { VD_HEALTH_UNKNOWN, VD_HEALTH_SERVING, VD_HEALTH_NOT_SERVING };

struct vd_health;

struct vd_health *vd_health_new(void) VD_MUST_USE; /* the server as a whole: NOT_SERVING */
void vd_health_free(struct vd_health *health);
/* service "": the server as a whole.  False: more than VD_HEALTH_SERVICES_MAX, or a name of more than 255 bytes. */
bool vd_health_set(struct vd_health *health, const char *service, enum vd_health_status status);

/* Registers Check and Watch; find says which struct vd_health a call is about, of its vd_call_service. */
enum vd_status vd_health_add(struct vd_methods *methods, struct vd_err *err) VD_MUST_USE;

/*
 * Services of the layer itself, such as health and reflection, are found through the server's vd_call_service: it points
 * at a struct whose first member is this.
 */
struct vd_rpc_own {
	struct vd_health *health;
	const struct vd_descriptors *descriptors; /* NULL: no reflection */
	const struct vd_methods *methods;
};

VD_AUTO_DEFINE(vd_health, vd_health_free)

#endif
