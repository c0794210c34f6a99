/*
 * For tests of net: handlers of a server that sends back what it gets, notes of what it saw, and a clock for it that can
 * be set on.
 *
 * "/never" gets no answer, "/reset" is reset with CANCEL; every other path is answered 200 with the request's body, its
 * path in x-path, the peer in x-peer, and the request's trailer x-trailer.
 */
#ifndef VD_NET_ECHO_SERVER_H
#define VD_NET_ECHO_SERVER_H

#include <stdatomic.h>

#include "net/server.h"

struct vd_echo_served {
	_Atomic uint64_t requests, gone[VD_GONE_CONNECTION + 1], opened, refused, closed;
	char words[VD_ERR_TEXT_MAX]; /* of the last refusal or end */
};

/* Its owner is a struct vd_echo_served. */
extern const struct vd_handler vd_echo_handler;
void vd_echo_report(void *owner, const struct vd_server_report *one);

extern _Atomic int64_t vd_echo_set_on_ms;
extern const struct vd_clock vd_echo_clock;

#endif
