/* "vedette trust bundle": what others verify certificates of this authority with. */
#include "main/cmd.h"

#include <unistd.h>

#include "main/commands.h"
#include "main/out.h"
#include "main/trust/place.h"
#include "trust/identity/files.h"

#define REFRESH_S 3600u /* what the SPIFFE form tells others: a next root is there a day before it signs */

static enum vd_status
read_bundle(const struct vd_args *args, struct vd_buf *ret, struct vd_err *err)
{
	struct vd_trust_place place;
	const char *format = vd_args_value(args, VD_O_FORMAT);
	VD_AUTO(vd_authority) authority = NULL;
	enum vd_status st = vd_trust_place_folder(args, &place, err);
	if (st == VD_OK)
		st = vd_authority_open_public(place.folder, &authority, err);
	if (st != VD_OK)
		return st;
	VD_AUTO(vd_bundle) bundle = vd_authority_bundle(authority);
	if (format != NULL && strcmp(format, "spiffe") == 0)
		vd_bundle_jwks(bundle, REFRESH_S, ret);
	else
		vd_bundle_pem(bundle, ret);
	return ret->failed ? vd_fail(err, VD_ENOMEM, "no memory for the bundle") : VD_OK;
}

static int
print(struct vd_str text)
{
	struct vd_out out;
	vd_out_init(&out, STDOUT_FILENO);
	vd_out_add(&out, text);
	int code = vd_out_end(&out, VD_EXIT_NOTHING);
	vd_out_fini(&out);
	return code;
}

int
vd_cmd_trust_bundle(const struct vd_args *args)
{
	struct vd_err err = VD_ERR_INIT;
	const char *out = vd_args_value(args, VD_O_OUT);
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	enum vd_status st = read_bundle(args, &text, &err);
	if (st == VD_OK && out != NULL)
		st = vd_file_write_path(out, vd_buf_view(&text), 0644, &err);
	if (st != VD_OK)
		return vd_usage_error(args->command->name, &err);
	return out == NULL ? print(vd_buf_view(&text)) : VD_EXIT_NOTHING;
}
