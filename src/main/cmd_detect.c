#include "main/cmd.h"

#include <unistd.h>

#include "main/detect/progress.h"
#include "main/detect/run.h"
#include "main/interrupt.h"

static int
exit_code(const struct vd_detect_options *options, const struct vd_run_outcome *outcome)
{
	/* "0 findings" in what nobody could read must not look like a clean result */
	if (outcome->totals.events == 0 && !outcome->totals.interrupted) {
		vd_complain("not one event was read, so nothing was looked for%s: name files or folders with "
			    "NDJSON, JSON arrays or .evtx (plain, gzip or zstd); plain text logs and CSV are "
			    "not read: have them written as JSON (journalctl -o json, nginx log_format with "
			    "escape=json)",
			options->strict ? "" : " (an error under --strict)");
		if (options->strict)
			return VD_EXIT_ERROR;
	}
	if (options->strict && outcome->totals.bad > 0) {
		vd_complain("--strict: %llu piece%s of bad input", (unsigned long long)outcome->totals.bad,
			outcome->totals.bad == 1 ? "" : "s");
		return VD_EXIT_ERROR;
	}
	if (options->strict && outcome->limited) {
		vd_complain("--strict: a limit was reached, so findings may be missing");
		return VD_EXIT_ERROR;
	}
	if (outcome->findings > 0)
		return VD_EXIT_FINDINGS;
	/* half a run must not look like a clean one */
	return outcome->totals.interrupted ? VD_EXIT_ERROR : VD_EXIT_NOTHING;
}

int
vd_cmd_detect(const struct vd_args *args)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_detect_options options;
	struct vd_run_outcome outcome;
	struct vd_out out;
	VD_AUTO(vd_rulebook) book = NULL;
	if (vd_detect_options_read(args, vd_clock_now(), &options, &err) != VD_OK)
		return vd_usage_error("detect", &err);
	if (vd_rulebook_new(&options.rules, &book, &err) != VD_OK)
		return vd_usage_error("detect", &err);
	vd_rulebook_say_unreadable(book);
	if (vd_ruleset_rules(vd_rulebook_set(book)) == 0) {
		vd_complain("detect: none of the rules loads; 'vedette rules check' says why");
		return VD_EXIT_ERROR;
	}
	if (!options.quiet)
		vd_rulebook_say_notes(book);
	vd_interrupt_install();
	vd_out_init(&out, STDOUT_FILENO);
	int code = VD_EXIT_ERROR;
	if (vd_run_detect(&options, vd_rulebook_set(book), &out, &outcome, &err) == VD_OK)
		code = exit_code(&options, &outcome);
	else
		vd_complain_err(&err);
	code = vd_out_end(&out, code);
	vd_out_fini(&out);
	return code;
}
