/*
 * Any text as a list of revocations: what is taken is written back, reads to the same list, and finds what it holds.
 */
#include <stdlib.h>

#include "trust/identity/revoked.h"

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
	VD_AUTO(vd_revoked) list = NULL;
	VD_AUTO(vd_revoked) back = NULL;
	VD_AUTO_FINI(vd_buf) text;
	struct vd_err err = VD_ERR_INIT;
	vd_buf_init(&text, 0);
	if (vd_revoked_read((struct vd_str){(const char *)bytes, n}, &list, &err) != VD_OK) {
		must(err.text[0] != '\0');
		return 0;
	}
	vd_revoked_write(list, &text);
	must(!text.failed && vd_revoked_read(vd_buf_view(&text), &back, &err) == VD_OK);
	must(vd_revoked_eq(list, back) && vd_revoked_count(list) == vd_revoked_count(back));
	const char *serial = strstr(text.at, "\nserial ");
	if (serial != NULL) {
		char one[VD_SERIAL_MAX] = {0};
		size_t len = strcspn(serial + 8, "\n");
		must(len < sizeof one);
		memcpy(one, serial + 8, len);
		must(vd_revoked_find(list, one, VD_S("spiffe://a/b"), INT64_MAX) == VD_REVOKED_SERIAL);
	}
	return 0;
}
