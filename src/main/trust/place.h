/*
 * Where the commands of "vedette trust" find their authority, and what opens its keys.  Thread: main thread only.
 */
#ifndef VD_MAIN_TRUST_PLACE_H
#define VD_MAIN_TRUST_PLACE_H

#include "main/args.h"
#include "trust/identity/authority.h"

#define VD_PLACE_FOLDER_MAX 4096u

struct vd_trust_place {
	char folder
		[VD_PLACE_FOLDER_MAX]; /* --folder, $VEDETTE_TRUST, $XDG_STATE_HOME/vedette/trust, ~/.local/state/… */
	char passphrase[VD_PASSPHRASE_MAX];
	size_t passphrase_len; /* 0: none was given */
};

/* Only the folder. */
enum vd_status vd_trust_place_folder(
	const struct vd_args *args, struct vd_trust_place *ret, struct vd_err *err) VD_MUST_USE;
/* And the passphrase, of --key-file or asked for on the terminal (twice where it seals anew). */
enum vd_status vd_trust_place_init(
	const struct vd_args *args, bool twice, struct vd_trust_place *ret, struct vd_err *err) VD_MUST_USE;
void vd_trust_place_fini(struct vd_trust_place *place); /* wipes it */
struct vd_str vd_trust_place_passphrase(const struct vd_trust_place *place);

int64_t vd_trust_now_ms(void);

#endif
