/* "vedette trust issue": a certificate for one service, into a folder. */
#include "main/cmd.h"

#include "main/commands.h"
#include "main/out.h"
#include "main/trust/place.h"
#include "main/trust/report.h"

#define GATEWAY "gateway"

/* The gateway is always reached on its own machine too. */
static const char *const gateway_dns[] = {"localhost"};
static const char *const gateway_addresses[] = {"127.0.0.1", "::1"};

static enum vd_status
read_request(const struct vd_args *args, struct vd_svid_request *ret, struct vd_err *err)
{
	const char *instance = vd_args_value(args, VD_O_INSTANCE), *life = vd_args_value(args, VD_O_LIFE);
	size_t n;
	const char *const *services = vd_args_operands(args, &n);
	*ret = (struct vd_svid_request){
		.instance = instance == NULL ? VD_S("default") : vd_str_from(instance),
		.service = vd_str_from(services[0])};
	ret->dns = vd_args_list(args, VD_O_DNS, &ret->n_dns);
	ret->addresses = vd_args_list(args, VD_O_IP, &ret->n_addresses);
	if (ret->n_dns == 0 && ret->n_addresses == 0 && strcmp(services[0], GATEWAY) == 0) {
		ret->dns = gateway_dns;
		ret->n_dns = VD_ARRAY_LEN(gateway_dns);
		ret->addresses = gateway_addresses;
		ret->n_addresses = VD_ARRAY_LEN(gateway_addresses);
	}
	if (life != NULL && (!vd_args_span(life, &ret->life_ms) || ret->life_ms == 0))
		return vd_fail(err, VD_EINPUT, "--life: '%s' is no span; write it like 90m, 12h, 30d", life);
	if (vd_args_value(args, VD_O_OUT) == NULL)
		return vd_fail(
			err, VD_EINPUT, "--out is missing: the folder for certificate, key and bundle");
	return VD_OK;
}

static enum vd_status
issue(const struct vd_args *args, struct vd_trust_place *place, struct vd_trust_report *report,
	struct vd_err *err)
{
	struct vd_svid_request request;
	VD_AUTO(vd_authority) authority = NULL;
	VD_AUTO(vd_svid) svid = NULL;
	int64_t now_ms = vd_trust_now_ms();
	const char *out = vd_args_value(args, VD_O_OUT);
	enum vd_status st = read_request(args, &request, err);
	if (st == VD_OK)
		st = vd_trust_place_init(args, false, place, err);
	if (st == VD_OK)
		st = vd_authority_open(place->folder, vd_trust_place_passphrase(place), &authority, err);
	if (st == VD_OK)
		st = vd_authority_issue_svid(authority, &request, now_ms, &svid, err);
	if (st == VD_OK)
		st = vd_svid_save(svid, out, err);
	if (st != VD_OK)
		return st;
	const struct vd_trust_row row = {"leaf", "", vd_svid_leaf(svid), "ok", out};
	return vd_trust_report_add(report, &row, err);
}

int
vd_cmd_trust_issue(const struct vd_args *args)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_trust_place place = {0};
	VD_AUTO_FINI(vd_trust_report) report;
	enum vd_status st = vd_trust_report_init(&report, &err);
	if (st == VD_OK)
		st = issue(args, &place, &report, &err);
	vd_trust_place_fini(&place);
	if (st != VD_OK)
		return vd_usage_error(args->command->name, &err);
	return vd_rows_print(report.rows, vd_args_value(args, VD_O_FORMAT), VD_EXIT_NOTHING);
}
