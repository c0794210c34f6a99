/*
 * Any text as the state of an authority's folder: what is taken is written back and reads to the same, and no file that
 * it names lies outside the folder.
 */
#include <stdlib.h>

#include "trust/identity/authority_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct vd_authority_state state, back;
	struct vd_err err = VD_ERR_INIT;
	VD_AUTO_FINI(vd_buf) text;
	VD_AUTO_FINI(vd_buf) again;
	vd_buf_init(&text, 0);
	vd_buf_init(&again, 0);
	if (vd_authority_state_read((struct vd_str){(const char *)bytes, n}, &state, &err) != VD_OK) {
		must(err.text[0] != '\0');
		return 0;
	}
	for (size_t i = 0; i < state.n_drops; i++)
		must(strchr(state.drops[i], '/') == NULL && state.drops[i][0] != '.');
	for (size_t i = 0; i < state.n_roots; i++)
		must(strspn(state.roots[i].serial, "0123456789abcdef") == strlen(state.roots[i].serial));
	vd_authority_state_write(&state, &text);
	must(!text.failed && vd_authority_state_read(vd_buf_view(&text), &back, &err) == VD_OK);
	vd_authority_state_write(&back, &again);
	must(vd_str_eq(vd_buf_view(&text), vd_buf_view(&again)));
	return 0;
}
