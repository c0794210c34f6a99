/*
 * Compiled rules out of a cache that says any bytes, under the key that is asked for and well sealed: what they say of
 * routes leads nowhere that is not there.
 */
#include "engine/compile/kept.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char rules[] =
	"title: a\nlogsource: {category: test}\n"
	"detection: {s: {A|contains: [one, two]}, f: {B: null}, condition: s and not f}\n---\n"
	"title: b\nlogsource: {category: test}\ndetection: {s: {A|re: 'o.e', B|endswith: x}, condition: "
	"s}\n---\n"
	"title: c\nlogsource: {category: test}\ndetection: {s: [word], t: {A|fieldref: B}, condition: s or "
	"t}\n---\n"
	"title: d\nlogsource: {category: test}\ndetection: {s: {A|contains|all: [x, y]}, condition: s}\n";

static const char event[] = "{\"A\":\"x y one word\",\"B\":\"x\"}";

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static enum vd_status
get(void *owner, const char *key, struct vd_str *ret)
{
	struct vd_buf *kept = owner;
	VD_AUTO_FINI(vd_buf) body;
	vd_buf_init(&body, 0);
	vd_buf_str(&body, vd_buf_view(kept));
	vd_buf_reset(kept);
	vd_kept_begin(key, kept);
	vd_buf_str(kept, vd_buf_view(&body));
	vd_kept_seal(kept);
	*ret = vd_buf_view(kept);
	return kept->failed ? VD_ENOTFOUND : VD_OK;
}

static enum vd_status
put(void *owner, const char *key, struct vd_str bytes)
{
	(void)owner;
	(void)key;
	(void)bytes;
	return VD_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	VD_AUTO_FINI(vd_buf) kept;
	char text[sizeof event + VD_INPUT_PADDING] = "";
	struct vd_text one = {VD_S("rules.yml"), {rules, sizeof rules - 1}};
	struct vd_blob_cache cache = {get, put, &kept};
	struct vd_ruleset_input input = {.rules = &one, .n_rules = 1, .no_routing = true, .cache = &cache};
	struct vd_ruleset *set = NULL;
	struct vd_matcher *matcher = NULL;
	struct vd_match_result result;
	struct vd_err err = VD_ERR_INIT;
	vd_buf_init(&kept, 0);
	vd_buf_add(&kept, bytes, n);
	memcpy(text, event, sizeof event);
	must(vd_ruleset_new(&input, &set, &err) == VD_OK);
	must(vd_matcher_new(set, &matcher, &err) == VD_OK);
	must(vd_matcher_event(matcher, (struct vd_str){text, sizeof event - 1}, &result, &err) == VD_OK);
	must(result.n <= vd_ruleset_single_rules(set));
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
	return 0;
}
