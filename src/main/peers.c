#include "main/peers.h"

#define VD_PEER_CALL(caller, callee, method, why) {caller, callee, method, why, false},
#define VD_PEER_CALL_IN_TEST(caller, callee, method, why) {caller, callee, method, why, true},
const struct vd_peer_call vd_peer_calls[] = {
#include "main/peers.def"
};
#undef VD_PEER_CALL
#undef VD_PEER_CALL_IN_TEST

const size_t vd_peer_calls_n = VD_ARRAY_LEN(vd_peer_calls);
