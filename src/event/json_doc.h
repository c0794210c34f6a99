/*
 * Where a JSON object ends that may span many lines and arrive in pieces, and where to go on when it never ends.
 *
 * The scan counts brackets outside strings and follows the grammar only so far as to notice that something is
 * wrong (a lost quote, a lost bracket).  Then the next line that begins the way the document began, with '{' and
 * no deeper indented, is taken for the next document, so that one broken document costs no good one.
 *
 * Pure, no allocation, VD_JSON_DOC_LEVELS levels told apart (deeper ones are only counted).  Thread: one owner.
 */
#ifndef VD_EVENT_JSON_DOC_H
#define VD_EVENT_JSON_DOC_H

#include <stdbool.h>

#include "base/defs.h"

#define VD_JSON_DOC_LEVELS 1024u

struct vd_json_doc {
	uint64_t arrays[VD_JSON_DOC_LEVELS / 64]; /* bit per level: it is an array */
	size_t depth;
	size_t scanned; /* bytes of the document looked at */
	size_t next;    /* where a line begins like this document; SIZE_MAX: not seen */
	size_t column;  /* of the document's first byte, bytes from its line's start */
	size_t indent;  /* blanks at the start of the current line, SIZE_MAX behind them */
	uint8_t token;  /* what the scan stands in */
	uint8_t expect; /* what the grammar wants next */
	bool element;   /* the document is an element of an array */
	bool broken;    /* the grammar was violated: only brackets are counted from there on */
};

enum vd_json_cut {
	VD_JSON_MORE,  /* the bytes end inside the document */
	VD_JSON_WHOLE, /* the document ends */
	VD_JSON_CUT,   /* it does not end properly; something else begins */
};

/* The document's first byte, '{', stands column bytes behind the start of its line. */
void vd_json_doc_start(struct vd_json_doc *doc, size_t column, bool element);
/*
 * at: the document from its first byte, n > doc->scanned; what was scanned by an earlier call is not looked at
 * again.  ret_len, except for VD_JSON_MORE: bytes that belong to the document.
 */
enum vd_json_cut vd_json_doc_scan(
	struct vd_json_doc *doc, const char *at, size_t n, size_t *ret_len) VD_MUST_USE;
/* From here on the bytes scanned so far are not given again: at begins behind them, and so does ret_len. */
void vd_json_doc_forget(struct vd_json_doc *doc);

#endif
