/* Ctrl-C and a closed pipe.  Process-wide; install once, from the main thread, before other threads start. */
#ifndef VD_MAIN_INTERRUPT_H
#define VD_MAIN_INTERRUPT_H

#include <stdbool.h>

/* First SIGINT or SIGTERM: finish with what was found; a second one ends the process at once. */
void vd_interrupt_install(void);
/* A reader of our output that goes away makes write fail with EPIPE instead of ending the process in silence. */
void vd_interrupt_ignore_pipe(void);
bool vd_interrupted(void);

#endif
