/*
 * simdjson's first stage (structural index, UTF-8 and control character checks; Langdale and Lemire,
 * "Parsing Gigabytes of JSON per Second", VLDB Journal 28, 2019, section 3.1) behind a C interface.
 *
 * Memory: the index belongs to the object until the next call.  Thread: one owner.
 */
#ifndef VD_EVENT_JSON_INDEX_H
#define VD_EVENT_JSON_INDEX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vd_json_index;

struct vd_json_index *vd_json_index_new(void);
void vd_json_index_free(struct vd_json_index *index);

enum vd_json_index_status {
	VD_JSON_INDEXED,
	VD_JSON_MALFORMED, /* bad UTF-8, control character in a string, string without end, nothing at all */
	VD_JSON_NO_MEMORY,
};

/*
 * *ret_at: offsets of structural characters, of the opening quotes of strings and of the first bytes of other
 * scalars, ascending; *ret_n of them, followed by at least one entry that holds len.
 */
enum vd_json_index_status vd_json_index_run(
	struct vd_json_index *index, const char *text, size_t len, const uint32_t **ret_at, size_t *ret_n);

#ifdef __cplusplus
}
#endif

#endif
