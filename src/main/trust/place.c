#include "main/trust/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "main/commands.h"
#include "trust/identity/files.h"

#define PASSPHRASE_MIN 8 /* bytes */

int64_t
vd_trust_now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum vd_status
set_folder(struct vd_trust_place *place, const char *base, const char *below, struct vd_err *err)
{
	int n = snprintf(place->folder, sizeof place->folder, "%s%s", base, below);
	if (n < 0 || (size_t)n >= sizeof place->folder)
		return vd_fail(err, VD_EINPUT, "--folder: more than %zu bytes", sizeof place->folder);
	return VD_OK;
}

enum vd_status
vd_trust_place_folder(const struct vd_args *args, struct vd_trust_place *ret, struct vd_err *err)
{
	const char *given = vd_args_value(args, VD_O_FOLDER), *own = getenv("VEDETTE_TRUST");
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	*ret = (struct vd_trust_place){0};
	if (given != NULL)
		return set_folder(ret, given, "", err);
	if (own != NULL && own[0] != '\0')
		return set_folder(ret, own, "", err);
	if (xdg != NULL && xdg[0] == '/') /* relative paths are invalid there (XDG basedir) */
		return set_folder(ret, xdg, "/vedette/trust", err);
	if (home != NULL && home[0] == '/')
		return set_folder(ret, home, "/.local/state/vedette/trust", err);
	return vd_fail(err, VD_EINPUT, "there is no home folder: give --folder, or set VEDETTE_TRUST");
}

/* A line, or bytes that hold none: a line's end behind it is not of the passphrase. */
static enum vd_status
read_key_file(const char *path, struct vd_trust_place *place, struct vd_err *err)
{
	VD_CLEANUP(vd_secret_fini) struct vd_buf text;
	vd_buf_init(&text, 0);
	enum vd_status st = vd_file_read(AT_FDCWD, path, VD_PASSPHRASE_MAX, VD_FILE_MOUNTED, &text, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "--key-file");
	size_t n = text.len;
	if (n > 0 && text.at[n - 1] == '\n')
		n--;
	if (n < PASSPHRASE_MIN)
		return vd_fail(
			err, VD_EINPUT, "--key-file: %s holds fewer than %d bytes", path, PASSPHRASE_MIN);
	memcpy(place->passphrase, text.at, n);
	place->passphrase_len = n;
	return VD_OK;
}

static enum vd_status
ask(bool twice, struct vd_trust_place *place, struct vd_err *err)
{
	if (EVP_read_pw_string_min(place->passphrase, PASSPHRASE_MIN, (int)sizeof place->passphrase - 1,
		    "Passphrase of the authority's keys: ", twice ? 1 : 0) != 0)
		return vd_crypto_fail(err, VD_EINPUT,
			"--passphrase: no passphrase of at least %d bytes was given%s", PASSPHRASE_MIN,
			twice ? " twice" : "");
	place->passphrase_len = strlen(place->passphrase);
	return VD_OK;
}

enum vd_status
vd_trust_place_init(const struct vd_args *args, bool twice, struct vd_trust_place *ret, struct vd_err *err)
{
	const char *key_file = vd_args_value(args, VD_O_KEY_FILE);
	enum vd_status st = vd_trust_place_folder(args, ret, err);
	if (st == VD_OK && key_file != NULL && vd_args_given(args, VD_O_PASSPHRASE))
		st = vd_fail(err, VD_EINPUT, "--key-file and --passphrase: one of them");
	else if (st == VD_OK && key_file != NULL)
		st = read_key_file(key_file, ret, err);
	else if (st == VD_OK && vd_args_given(args, VD_O_PASSPHRASE))
		st = ask(twice, ret, err);
	if (st != VD_OK)
		vd_trust_place_fini(ret);
	return st;
}

void
vd_trust_place_fini(struct vd_trust_place *place)
{
	OPENSSL_cleanse(place->passphrase, sizeof place->passphrase);
	place->passphrase_len = 0;
}

struct vd_str
vd_trust_place_passphrase(const struct vd_trust_place *place)
{
	return (struct vd_str){place->passphrase, place->passphrase_len};
}
