#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 1024

static bool
port_of(struct vd_str text, in_port_t *ret)
{
	uint64_t port;
	if (!vd_str_u64(text, &port) || port > UINT16_MAX)
		return false;
	*ret = htons((uint16_t)port);
	return true;
}

static enum vd_status
parse_unix(struct vd_str path, struct vd_addr *ret, struct vd_err *err)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	if (path.len == 0 || path.len >= sizeof to.sun_path || memchr(path.at, '\0', path.len) != NULL)
		return vd_fail(err, VD_EINPUT, "unix:%.*s: a socket's path has 1 to %zu bytes", (int)path.len,
			path.at, sizeof to.sun_path - 1);
	memcpy(to.sun_path, path.at, path.len);
	*ret = (struct vd_addr){.len = sizeof to};
	memcpy(&ret->at, &to, sizeof to);
	return VD_OK;
}

/* The text before the last colon, without brackets; *ret_port: behind it. */
static bool
split(struct vd_str text, char host[INET6_ADDRSTRLEN], bool *ret_bracketed, struct vd_str *ret_port)
{
	const char *colon = text.len == 0 ? NULL : memrchr(text.at, ':', text.len);
	if (colon == NULL)
		return false;
	struct vd_str name = {text.at, (size_t)(colon - text.at)};
	*ret_port = (struct vd_str){colon + 1, (size_t)(text.at + text.len - colon - 1)};
	*ret_bracketed = name.len >= 2 && name.at[0] == '[' && name.at[name.len - 1] == ']';
	if (*ret_bracketed)
		name = (struct vd_str){name.at + 1, name.len - 2};
	if (name.len == 0 || name.len >= INET6_ADDRSTRLEN)
		return false;
	memcpy(host, name.at, name.len);
	host[name.len] = '\0';
	return true;
}

enum vd_status
vd_addr_parse(struct vd_str text, struct vd_addr *ret, struct vd_err *err)
{
	char host[INET6_ADDRSTRLEN];
	bool bracketed;
	struct vd_str port;
	if (vd_str_starts(text, "unix:"))
		return parse_unix((struct vd_str){text.at + 5, text.len - 5}, ret, err);
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct vd_addr made = {0};
	if (!split(text, host, &bracketed, &port))
		return vd_fail(err, VD_EINPUT, "%.*s: an address is 127.0.0.1:PORT, [::1]:PORT or unix:PATH",
			(int)text.len, text.at);
	if (!port_of(port, &four.sin_port))
		return vd_fail(
			err, VD_EINPUT, "%.*s: a port is a number from 0 to 65535", (int)text.len, text.at);
	six.sin6_port = four.sin_port;
	if (!bracketed && inet_pton(AF_INET, host, &four.sin_addr) == 1) {
		made.len = sizeof four;
		memcpy(&made.at, &four, sizeof four);
	} else if (bracketed && inet_pton(AF_INET6, host, &six.sin6_addr) == 1) {
		made.len = sizeof six;
		memcpy(&made.at, &six, sizeof six);
	} else {
		return vd_fail(err, VD_EINPUT, "%.*s: %s is no IP address%s", (int)text.len, text.at, host,
			!bracketed && strchr(host, ':') != NULL ? ": IPv6 stands in brackets" : "");
	}
	*ret = made;
	return VD_OK;
}

static void
parts(const struct vd_addr *addr, struct sockaddr_in *four, struct sockaddr_in6 *six,
	struct sockaddr_un *local)
{
	memcpy(four, &addr->at, sizeof *four);
	memcpy(six, &addr->at, sizeof *six);
	memcpy(local, &addr->at, sizeof *local);
}

size_t
vd_addr_format(const struct vd_addr *addr, char to[VD_ADDR_TEXT_MAX])
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un local;
	char host[INET6_ADDRSTRLEN] = "?";
	parts(addr, &four, &six, &local);
	int n = 0;
	switch (addr->at.ss_family) {
	case AF_INET:
		(void)inet_ntop(AF_INET, &four.sin_addr, host, sizeof host);
		n = snprintf(to, VD_ADDR_TEXT_MAX, "%s:%u", host, ntohs(four.sin_port));
		break;
	case AF_INET6:
		(void)inet_ntop(AF_INET6, &six.sin6_addr, host, sizeof host);
		n = snprintf(to, VD_ADDR_TEXT_MAX, "[%s]:%u", host, ntohs(six.sin6_port));
		break;
	case AF_UNIX:
		n = snprintf(to, VD_ADDR_TEXT_MAX, "unix:%.*s", (int)sizeof local.sun_path, local.sun_path);
		break;
	default:
		n = snprintf(to, VD_ADDR_TEXT_MAX, "?");
	}
	return VD_MIN((size_t)VD_MAX(n, 0), VD_ADDR_TEXT_MAX - 1);
}

bool
vd_addr_is_unix(const struct vd_addr *addr)
{
	return addr->at.ss_family == AF_UNIX;
}

bool
vd_addr_is_loopback(const struct vd_addr *addr)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un local;
	parts(addr, &four, &six, &local);
	return addr->at.ss_family == AF_UNIX ||
	       (addr->at.ss_family == AF_INET && ntohl(four.sin_addr.s_addr) >> 24 == 127) ||
	       (addr->at.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six.sin6_addr));
}

/* ---- sockets ---- */

static enum vd_status
failed(int fd, const struct vd_addr *addr, const char *what, struct vd_err *err)
{
	char text[VD_ADDR_TEXT_MAX];
	int why = errno;
	(void)vd_addr_format(addr, text);
	if (fd >= 0)
		(void)close(fd);
	return vd_fail(err, why == EADDRINUSE ? VD_EEXIST : VD_EIO, "%s: %s: %s", text, what, strerror(why));
}

static int
new_socket(const struct vd_addr *addr)
{
	return socket(addr->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void
set(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof value);
}

static bool
named(const struct vd_addr *addr, int fd, int (*call)(int, const struct sockaddr *, socklen_t))
{
	return call(fd, (const struct sockaddr *)(const void *)&addr->at, addr->len) == 0;
}

/* A socket's file that nobody listens at is left over from a process that died. */
static void
remove_left_over(const struct vd_addr *addr)
{
	struct sockaddr_un local;
	struct stat st;
	memcpy(&local, &addr->at, sizeof local);
	int fd = new_socket(addr);
	if (fd < 0)
		return;
	if (!named(addr, fd, connect) && errno == ECONNREFUSED && lstat(local.sun_path, &st) == 0 &&
		S_ISSOCK(st.st_mode))
		(void)unlink(local.sun_path);
	(void)close(fd);
}

enum vd_status
vd_addr_listen(const struct vd_addr *addr, bool shared, int *ret, struct vd_err *err)
{
	bool local = vd_addr_is_unix(addr);
	if (local)
		remove_left_over(addr);
	int fd = new_socket(addr);
	if (fd < 0)
		return failed(fd, addr, "a socket", err);
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (shared && !local)
		set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (addr->at.ss_family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	mode_t mask = local ? umask(0117) : 0;
	bool bound = named(addr, fd, bind);
	if (local)
		(void)umask(mask);
	if (!bound || listen(fd, BACKLOG) != 0)
		return failed(fd, addr, "listening", err);
	*ret = fd;
	return VD_OK;
}

enum vd_status
vd_addr_of(int fd, struct vd_addr *ret, struct vd_err *err)
{
	struct vd_addr addr = {.len = sizeof addr.at};
	if (getsockname(fd, (struct sockaddr *)(void *)&addr.at, &addr.len) != 0)
		return vd_fail(err, VD_EIO, "the address of a socket: %s", strerror(errno));
	*ret = addr;
	return VD_OK;
}

enum vd_status
vd_addr_connect(const struct vd_addr *addr, int *ret, struct vd_err *err)
{
	int fd = new_socket(addr);
	if (fd < 0)
		return failed(fd, addr, "a socket", err);
	if (!vd_addr_is_unix(addr))
		set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (!named(addr, fd, connect) && errno != EINPROGRESS)
		return failed(fd, addr, "connecting", err);
	*ret = fd;
	return VD_OK;
}
