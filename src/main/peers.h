/*
 * Who may call what (peers.def) as a table.  Immutable.  Thread: any.
 */
#ifndef VD_MAIN_PEERS_H
#define VD_MAIN_PEERS_H

#include "rpc/methods.h"

extern const struct vd_peer_call vd_peer_calls[];
extern const size_t vd_peer_calls_n;

#endif
