/*
 * What a service may do once it is confined: data, a row a service.
 *
 * A row says everything; what it does not name is refused.  It holds no rights that come from its surroundings: the
 * places it speaks of (@state, @config) are given with the request, since they are settings.
 *
 * Memory: borrowed, rows are constant.  Thread: any.
 */
#ifndef VD_TRUST_SANDBOX_PROFILE_H
#define VD_TRUST_SANDBOX_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- paths: a file, or a folder with all below it ---- */

#define VD_SANDBOX_READ 1u   /* open files for reading, list folders */
#define VD_SANDBOX_WRITE 2u  /* open files that are there for writing, shorten them */
#define VD_SANDBOX_CREATE 4u /* folders only: make, rename and remove files and folders below; brings WRITE */
#define VD_SANDBOX_EXECUTE 8u   /* start programs; brings READ, and wants VD_SANDBOX_EXEC as well */
#define VD_SANDBOX_IF_THERE 16u /* may be absent at the start, and is then refused for good */

#define VD_SANDBOX_PATHS_MAX 64u
#define VD_SANDBOX_PATH_MAX 4096u /* bytes of a path with its place, NUL included */

/*
 * Absolute, or @name and what follows, name being one of the request's places.  A row holds what is there at the
 * start: a file that others replace by renaming needs the row of its folder.  A row below another cannot take away
 * what that one allows (Landlock adds up what it finds on the way to the root), so a profile that tries is refused.
 */
struct vd_sandbox_path {
	const char *path;
	unsigned may; /* VD_SANDBOX_READ … */
};

/* What looking up a name in the DNS reads; a row of paths may hold it among others. */
#define VD_SANDBOX_RESOLVER_PATHS                                                                            \
	{"/etc/resolv.conf", VD_SANDBOX_READ | VD_SANDBOX_IF_THERE},                                         \
		{"/etc/hosts", VD_SANDBOX_READ | VD_SANDBOX_IF_THERE},                                       \
		{"/etc/nsswitch.conf", VD_SANDBOX_READ | VD_SANDBOX_IF_THERE},                               \
		{"/etc/host.conf", VD_SANDBOX_READ | VD_SANDBOX_IF_THERE},                                   \
		{"/etc/gai.conf", VD_SANDBOX_READ | VD_SANDBOX_IF_THERE},                                    \
	{                                                                                                    \
		"/etc/services", VD_SANDBOX_READ | VD_SANDBOX_IF_THERE                                       \
	}

/* ---- network ---- */

enum vd_sandbox_scope { VD_SANDBOX_NONE, VD_SANDBOX_LISTED, VD_SANDBOX_ALL };

#define VD_SANDBOX_PORTS_MAX 64u

struct vd_sandbox_ports {
	enum vd_sandbox_scope scope;
	const uint16_t *at; /* LISTED; 0, when binding: whichever the kernel picks */
	size_t n;
};

/* Sockets other than TCP, which ports bring.  No other family is ever opened. */
#define VD_SANDBOX_UDP 1u          /* send, receive and bind, any port: no layer holds UDP ports */
#define VD_SANDBOX_UNIX_CONNECT 2u /* to sockets of others */
#define VD_SANDBOX_UNIX_SERVE 4u   /* bind and listen, where a row of paths may CREATE */
#define VD_SANDBOX_ROUTES 8u       /* netlink about addresses and routes, as getaddrinfo asks */

/* ---- groups of system calls beyond those that every service needs ---- */

#define VD_SANDBOX_THREADS 1u
#define VD_SANDBOX_PROCESSES 2u /* fork, wait for and signal processes */
#define VD_SANDBOX_EXEC 4u      /* start programs: those of EXECUTE rows */
#define VD_SANDBOX_CODE 8u      /* make machine code at run time: PCRE2's compiler of expressions */
#define VD_SANDBOX_WATCH 16u /* inotify; Landlock does not hold it: shows that, not what, any file changes */

/* ---- the row ---- */

struct vd_sandbox_profile {
	const char *name;
	const struct vd_sandbox_path *paths;
	size_t n_paths;
	struct vd_sandbox_ports bind, connect; /* TCP */
	unsigned sockets;                      /* VD_SANDBOX_UDP … */
	unsigned calls;                        /* VD_SANDBOX_THREADS … */
	/* Capabilities that stay, as 1 << CAP_…: only CAP_NET_BIND_SERVICE and CAP_SYS_PTRACE can. */
	uint64_t keeps;
	uint64_t nofile; /* open descriptors at most; 0: as it is */
	/*
	 * No process of the same user may read its memory or its /proc/PID/exe.  Who attests workloads by their
	 * executable reads just that, so not for services that must be attested again.
	 */
	bool hidden;
	/*
	 * Reads /proc/PID/exe of processes outside, to attest them.  A Landlock domain refuses that whatever its rules
	 * (it counts as tracing), so there is none: the profile names no paths, and reads what its user may read.
	 */
	bool sees_processes;
};

#endif
