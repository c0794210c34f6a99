/*
 * Read by clang-tidy before every file (tests/tools/tidy.py): what it should believe of functions whose bodies
 * it does not see.  vd_fail and its kin return the status they are given, which is not VD_OK.
 */
#ifndef VD_TOOLS_TIDY_BELIEVES_H
#define VD_TOOLS_TIDY_BELIEVES_H

#include "base/status.h"

#define vd_fail(err, st, ...) (vd_fail((err), (st), __VA_ARGS__), (st))
#define vd_fail_in(err, st, ...) (vd_fail_in((err), (st), __VA_ARGS__), (st))
#define vd_fail_at(err, st, ...) (vd_fail_at((err), (st), __VA_ARGS__), (st))

#endif
