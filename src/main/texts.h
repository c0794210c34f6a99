/*
 * Texts of rules, pipelines and values files out of paths: a file as it is, a folder recursively (*.yml and
 * *.yaml, sorted by path, hidden names and symbolic links to folders left out).
 *
 * A path that is given and cannot be read is an error.  What is found below a folder and cannot be read is one
 * too, but for rules: there it is put aside with the reason, so that one bad file does not silence the others.
 *
 * Memory: a list owns names and bytes.  Thread: one owner.
 */
#ifndef VD_MAIN_TEXTS_H
#define VD_MAIN_TEXTS_H

#include "base/status.h"
#include "base/str.h"
#include "vedette/engine.h"

#define VD_TEXT_MAX_BYTES (64u << 20) /* of one file */
#define VD_TEXT_MAX_FILES 1000000u
#define VD_TEXT_MAX_DEPTH 64u /* folders within folders */

struct vd_texts;

struct vd_texts *vd_texts_new(void) VD_MUST_USE;
void vd_texts_free(struct vd_texts *list);
/* Reads every path; VD_ENOTFOUND, VD_EIO, VD_EINPUT, VD_ELIMIT: the words name the file. */
enum vd_status vd_texts_add(
	struct vd_texts *list, const char *const paths[], size_t n, struct vd_err *err) VD_MUST_USE;
enum vd_status vd_texts_add_rules(
	struct vd_texts *list, const char *const paths[], size_t n, struct vd_err *err) VD_MUST_USE;
size_t vd_texts_count(const struct vd_texts *list);
const struct vd_text *vd_texts_all(const struct vd_texts *list); /* borrowed until the next add */
/* What vd_texts_add_rules put aside: the path, and as its text the reason.  Borrowed likewise. */
const struct vd_text *vd_texts_unreadable(const struct vd_texts *list, size_t *ret_n);

VD_AUTO_DEFINE(vd_texts, vd_texts_free)

#endif
