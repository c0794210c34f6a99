/*
 * For tests: a place on disk and in the network, and forked children that are confined and then try something.
 *
 * Memory: a cell is on the stack; cell_fini removes what cell_init made.  Thread: one owner.
 */
#ifndef VD_TRUST_SANDBOX_CELL_H
#define VD_TRUST_SANDBOX_CELL_H

#include <netinet/in.h>

#include "trust/sandbox/plan.h"

/*
 * root/read/file      may be read by the profiles of these tests
 * root/state          may be written: old, sub/, other/
 * root/outside/file   readable and writable by all, named by no profile; outside/socket listens
 */
struct cell {
	char root[64];
	struct vd_sandbox_place places[4]; /* read, state, socket, missing */
	char paths[4][96];
	int open_tcp, closed_tcp, local, abstract; /* listeners of this process */
	uint16_t open_port, closed_port;
	int abi;     /* of the kernel; or lower, to plan as for an older one */
	bool nobody; /* the child becomes user 65534 first */
	unsigned require;
	const int *keep;
	size_t n_keep;
};

#define CELL_REFUSED (-1000) /* the child could not be confined: words on stderr */

void cell_init(struct cell *cell);
void cell_fini(struct cell *cell);

/* NULL, or why no child of this program can be confined. */
const char *cell_cannot(void);

/* An act's outcome: 0, an errno, or the negative number of the signal that ended it. */
typedef int (*cell_act)(const struct cell *cell, const void *arg);
int cell_run(
	const struct cell *cell, const struct vd_sandbox_profile *profile, cell_act act, const void *arg);

/* In the child: confined as the cell says, without an act. */
enum vd_status cell_enter(const struct cell *cell, const struct vd_sandbox_profile *profile,
	struct vd_sandbox_report *ret, struct vd_err *err);

/* root and what follows, in room that the next call takes again. */
const char *cell_path(const struct cell *cell, const char *below);
int cell_open(const struct cell *cell, const char *below, int flags); /* outcome; closes again */
struct sockaddr_in cell_address(uint16_t port);                       /* 127.0.0.1 */
int cell_outcome(long result);                                        /* of a call: 0 or errno */

#endif
