/* "vedette trust rotate": new signing certificates, when they are due or at once. */
#include "main/cmd.h"

#include "main/commands.h"
#include "main/out.h"
#include "main/trust/place.h"
#include "main/trust/report.h"

static bool
has_next_root(const struct vd_authority *authority)
{
	struct vd_authority_part part;
	for (size_t i = 0; vd_authority_peek(authority, i, &part); i++)
		if (strcmp(part.role, "next") == 0)
			return true;
	return false;
}

static enum vd_status
steps_of(const struct vd_args *args, const struct vd_authority *authority, int64_t now_ms, unsigned *ret,
	struct vd_err *err)
{
	bool root = vd_args_given(args, VD_O_ROOT), now = vd_args_given(args, VD_O_NOW);
	unsigned steps = vd_authority_due(authority, now_ms);
	if (now && !root)
		return vd_fail(err, VD_EINPUT, "--now goes with --root");
	if (vd_args_given(args, VD_O_INTERMEDIATE))
		steps |= VD_ROTATE_INTERMEDIATE;
	if (root && !has_next_root(authority))
		steps |= VD_ROTATE_NEXT_ROOT;
	if (now)
		steps |= VD_ROTATE_USE_ROOT | VD_ROTATE_PRUNE | VD_ROTATE_NOW;
	*ret = steps;
	return VD_OK;
}

static void
say(const struct vd_args *args, unsigned steps)
{
	if (steps == 0)
		vd_complain("%s", vd_args_given(args, VD_O_ROOT)
					  ? "a next root is in the bundle already, for less than a day"
					  : "nothing is due");
	if ((steps & VD_ROTATE_NEXT_ROOT) != 0 && (steps & VD_ROTATE_NOW) == 0)
		vd_complain("a next root is in the bundle: give the bundle to all who keep a copy; 'vedette "
			    "trust "
			    "rotate' signs with it after a day");
	if ((steps & VD_ROTATE_USE_ROOT) != 0)
		vd_complain("the next root signs now");
	if ((steps & VD_ROTATE_NOW) != 0)
		vd_complain("the old root is trusted no more: every certificate must be issued anew");
	else if ((steps & VD_ROTATE_PRUNE) != 0)
		vd_complain("an old root, of which nothing is in use, left the bundle");
	if ((steps & (VD_ROTATE_INTERMEDIATE | VD_ROTATE_USE_ROOT)) != 0)
		vd_complain("there is a new intermediate");
}

static enum vd_status
rotate(const struct vd_args *args, struct vd_trust_place *place, struct vd_trust_report *report,
	unsigned *ret_steps, struct vd_err *err)
{
	VD_AUTO(vd_authority) authority = NULL;
	int64_t now_ms = vd_trust_now_ms();
	enum vd_status st = vd_trust_place_init(args, false, place, err);
	if (st == VD_OK)
		st = vd_authority_open(place->folder, vd_trust_place_passphrase(place), &authority, err);
	if (st == VD_OK)
		st = steps_of(args, authority, now_ms, ret_steps, err);
	if (st == VD_OK && *ret_steps != 0)
		st = vd_authority_rotate(authority, *ret_steps, now_ms, err);
	return st == VD_OK ? vd_trust_report_authority(report, authority, now_ms, err) : st;
}

int
vd_cmd_trust_rotate(const struct vd_args *args)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_trust_place place = {0};
	unsigned steps = 0;
	VD_AUTO_FINI(vd_trust_report) report;
	enum vd_status st = vd_trust_report_init(&report, &err);
	if (st == VD_OK)
		st = rotate(args, &place, &report, &steps, &err);
	vd_trust_place_fini(&place);
	if (st != VD_OK)
		return vd_usage_error(args->command->name, &err);
	int code = vd_rows_print(report.rows, vd_args_value(args, VD_O_FORMAT), VD_EXIT_NOTHING);
	if (!vd_args_given(args, VD_O_QUIET))
		say(args, steps);
	return code;
}
