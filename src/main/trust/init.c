/* "vedette trust init": makes an authority in a folder. */
#include "main/cmd.h"

#include "main/commands.h"
#include "main/out.h"
#include "main/trust/place.h"
#include "main/trust/report.h"

/* The value of an option that is a span; left alone where it is not given. */
static enum vd_status
read_span(const struct vd_args *args, int id, const char *name, int64_t *ret_ms, struct vd_err *err)
{
	const char *text = vd_args_value(args, id);
	if (text == NULL || (vd_args_span(text, ret_ms) && *ret_ms > 0))
		return VD_OK;
	return vd_fail(err, VD_EINPUT, "--%s: '%s' is no span; write it like 12h, 90d", name, text);
}

static enum vd_status
read_options(const struct vd_args *args, struct vd_authority_options *ret, struct vd_err *err)
{
	const char *domain = vd_args_value(args, VD_O_TRUST_DOMAIN);
	*ret = (struct vd_authority_options){.trust_domain = domain == NULL ? "vedette.local" : domain,
		.unconstrained = vd_args_given(args, VD_O_UNCONSTRAINED)};
	enum vd_status st = read_span(args, VD_O_ROOT_LIFE, "root-life", &ret->root_life_ms, err);
	return st == VD_OK ? read_span(args, VD_O_INTERMEDIATE_LIFE, "intermediate-life",
				     &ret->intermediate_life_ms, err)
			   : st;
}

static enum vd_status
create(const struct vd_args *args, struct vd_trust_place *place, struct vd_trust_report *report,
	struct vd_err *err)
{
	struct vd_authority_options options;
	VD_AUTO(vd_authority) authority = NULL;
	int64_t now_ms = vd_trust_now_ms();
	enum vd_status st = read_options(args, &options, err);
	if (st == VD_OK)
		st = vd_trust_place_init(args, true, place, err);
	if (st == VD_OK)
		st = vd_authority_create(
			place->folder, &options, vd_trust_place_passphrase(place), now_ms, &authority, err);
	return st == VD_OK ? vd_trust_report_authority(report, authority, now_ms, err) : st;
}

int
vd_cmd_trust_init(const struct vd_args *args)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_trust_place place = {0};
	VD_AUTO_FINI(vd_trust_report) report;
	enum vd_status st = vd_trust_report_init(&report, &err);
	if (st == VD_OK)
		st = create(args, &place, &report, &err);
	bool sealed = place.passphrase_len > 0;
	vd_trust_place_fini(&place);
	if (st != VD_OK)
		return vd_usage_error(args->command->name, &err);
	int code = vd_rows_print(report.rows, vd_args_value(args, VD_O_FORMAT), VD_EXIT_NOTHING);
	if (!vd_args_given(args, VD_O_QUIET))
		vd_complain("the authority is in %s; its keys are %s", place.folder,
			sealed ? "sealed" : "not sealed: whoever reads them is it");
	return code;
}
