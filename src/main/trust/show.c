/* "vedette trust show": what an authority, or files of certificates, hold, and whether it is in order. */
#include "main/cmd.h"

#include <fcntl.h>
#include <stdio.h>

#include "main/commands.h"
#include "main/out.h"
#include "main/trust/place.h"
#include "main/trust/report.h"
#include "trust/identity/files.h"
#include "trust/identity/verify.h"

static bool
is_self_issued(const X509 *cert)
{
	return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
}

static enum vd_status
show_cert(struct vd_trust_report *report, X509 *cert, const char *path, int64_t now_ms, struct vd_err *err)
{
	struct vd_peer peer;
	struct vd_err fault = VD_ERR_INIT;
	bool signs = X509_check_ca(cert) == 1;
	struct vd_trust_row row = {.kind = !signs                 ? "leaf"
					   : is_self_issued(cert) ? "root"
								  : "intermediate",
		.role = "",
		.cert = cert,
		.verdict = "ok",
		.message = path};
	char message[sizeof fault.text + 512];
	if (!signs && vd_verify_form(cert, &peer, NULL, &fault) != VD_OK) {
		(void)snprintf(message, sizeof message, "%.500s: %s", path, fault.text);
		row.verdict = "bad";
		row.message = message;
	} else if (vd_cert_ends_ms(cert) <= now_ms) {
		row.verdict = "ended";
	} else if (vd_cert_begins_ms(cert) > now_ms) {
		row.verdict = "early";
	}
	return vd_trust_report_add(report, &row, err);
}

static enum vd_status
show_file(struct vd_trust_report *report, const char *path, int64_t now_ms, struct vd_err *err)
{
	VD_CLEANUP(vd_secret_fini) struct vd_buf text;
	VD_AUTO(stack_st_X509) certs = NULL;
	vd_buf_init(&text, 0);
	enum vd_status st = vd_file_read(AT_FDCWD, path, VD_PEM_MAX, VD_FILE_PUBLIC, &text, err);
	if (st != VD_OK)
		return st;
	st = vd_certs_read(vd_buf_view(&text), VD_ROOTS_MAX, &certs, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "%s", path);
	for (int i = 0; st == VD_OK && i < sk_X509_num(certs); i++)
		st = show_cert(report, sk_X509_value(certs, i), path, now_ms, err);
	return st;
}

static enum vd_status
show_authority(const struct vd_args *args, struct vd_trust_report *report, int64_t now_ms, struct vd_err *err)
{
	struct vd_trust_place place;
	VD_AUTO(vd_authority) authority = NULL;
	enum vd_status st = vd_trust_place_folder(args, &place, err);
	if (st == VD_OK)
		st = vd_authority_open_public(place.folder, &authority, err);
	return st == VD_OK ? vd_trust_report_authority(report, authority, now_ms, err) : st;
}

int
vd_cmd_trust_show(const struct vd_args *args)
{
	struct vd_err err = VD_ERR_INIT;
	VD_AUTO_FINI(vd_trust_report) report;
	int64_t now_ms = vd_trust_now_ms();
	size_t n;
	const char *const *paths = vd_args_operands(args, &n);
	enum vd_status st = vd_trust_report_init(&report, &err);
	if (st == VD_OK && n == 0)
		st = show_authority(args, &report, now_ms, &err);
	for (size_t i = 0; st == VD_OK && i < n; i++)
		st = show_file(&report, paths[i], now_ms, &err);
	if (st != VD_OK)
		return vd_usage_error(args->command->name, &err);
	return vd_rows_print(report.rows, vd_args_value(args, VD_O_FORMAT),
		report.faults > 0 ? VD_EXIT_FINDINGS : VD_EXIT_NOTHING);
}
