#include "main/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t interrupted;

static void
note(int signal_number)
{
	interrupted = 1;
}

void
vd_interrupt_install(void)
{
	struct sigaction stop = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND};
	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGTERM, &stop, NULL);
}

void
vd_interrupt_ignore_pipe(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

bool
vd_interrupted(void)
{
	return interrupted != 0;
}
