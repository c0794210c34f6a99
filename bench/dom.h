/*
 * The baseline: bare simdjson DOM parsing of one event, nothing else.
 */
#ifndef VD_BENCH_DOM_H
#define VD_BENCH_DOM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vd_bench_dom;

struct vd_bench_dom *vd_bench_dom_new(void);
void vd_bench_dom_free(struct vd_bench_dom *dom);
/* text has 64 readable bytes behind it; false: not JSON */
bool vd_bench_dom_parse(struct vd_bench_dom *dom, const char *text, size_t len);

#ifdef __cplusplus
}
#endif

#endif
