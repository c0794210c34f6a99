/* Sigma levels on the command line and in output: order, colour, OCSF severity.  Pure. */
#ifndef VD_MAIN_LEVEL_H
#define VD_MAIN_LEVEL_H

#include "base/str.h"

/* Index in this order; 0 = the rule states none. */
#define VD_LEVELS 6u

extern const char *const vd_level_choices[]; /* informational … critical, NULL */

size_t vd_level_rank(struct vd_str name);        /* 0 for none and for unknown words */
struct vd_str vd_level_text(size_t rank);        /* "none" for 0 */
const char *vd_level_colour(size_t rank);        /* escape sequence */
unsigned vd_level_severity(size_t rank);         /* OCSF severity_id */
const char *vd_level_severity_name(size_t rank); /* OCSF severity */

#define VD_COLOUR_OFF "\x1b[0m"
#define VD_COLOUR_DIM "\x1b[2m"
#define VD_COLOUR_BOLD "\x1b[1m"

#endif
