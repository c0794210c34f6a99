/*
 * The rows that every command of "vedette trust" prints: one a certificate.  Thread: main thread only.
 */
#ifndef VD_MAIN_TRUST_REPORT_H
#define VD_MAIN_TRUST_REPORT_H

#include "main/rows.h"
#include "trust/identity/authority.h"

struct vd_trust_report {
	struct vd_rows *rows;
	size_t faults; /* rows whose verdict is not "ok" */
};

enum vd_status vd_trust_report_init(struct vd_trust_report *ret, struct vd_err *err) VD_MUST_USE;
void vd_trust_report_fini(struct vd_trust_report *report);

/* verdict "ok", "due", "ended", "early" or "bad"; message: "" or what to do. */
struct vd_trust_row {
	const char *kind, *role;
	X509 *cert;
	const char *verdict, *message;
};
enum vd_status vd_trust_report_add(
	struct vd_trust_report *report, const struct vd_trust_row *row, struct vd_err *err) VD_MUST_USE;

/* Every part of the authority, with what is due. */
enum vd_status vd_trust_report_authority(struct vd_trust_report *report, const struct vd_authority *authority,
	int64_t now_ms, struct vd_err *err) VD_MUST_USE;

#endif
