/*
 * Where to listen and where to connect: "127.0.0.1:8443", "[::1]:0", "unix:/run/vedette/iam.sock".
 *
 * Numbers only: a name is resolved by whoever has time to wait for it.  Thread: pure, but for the sockets made.
 */
#ifndef VD_NET_ADDR_H
#define VD_NET_ADDR_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/status.h"
#include "base/str.h"

struct vd_addr {
	socklen_t len;
	struct sockaddr_storage at;
};

#define VD_ADDR_TEXT_MAX 128u

enum vd_status vd_addr_parse(struct vd_str text, struct vd_addr *ret, struct vd_err *err) VD_MUST_USE;
/* As vd_addr_parse takes it, NUL at the end; returns its length. */
size_t vd_addr_format(const struct vd_addr *addr, char to[VD_ADDR_TEXT_MAX]);
bool vd_addr_is_unix(const struct vd_addr *addr);
bool vd_addr_is_loopback(const struct vd_addr *addr); /* also a Unix socket */

/*
 * A listening descriptor, non-blocking; shared: several may listen at one TCP address (SO_REUSEPORT).  A Unix socket
 * gets mode 0660, and takes the place of one that nobody listens at.
 */
enum vd_status vd_addr_listen(
	const struct vd_addr *addr, bool shared, int *ret, struct vd_err *err) VD_MUST_USE;
/* Where a descriptor listens: the port that 0 became. */
enum vd_status vd_addr_of(int fd, struct vd_addr *ret, struct vd_err *err) VD_MUST_USE;
/* A non-blocking descriptor, connected or on its way: it becomes writable when it is there. */
enum vd_status vd_addr_connect(const struct vd_addr *addr, int *ret, struct vd_err *err) VD_MUST_USE;

#endif
