/*
 * Runs a fuzz target over files that are already there: replay-<target> PATH…, a file or a folder each (one
 * level).  Every input is handed over in a block of exactly its size, so that the address sanitizer sees the
 * first byte read beyond it.  A folder without a file is an error: a target without a corpus tests nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

#define BYTES_MAX (64u << 20) /* bytes of one file */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Returns how many inputs ran: 1, or 0 with a message. */
static size_t
replay_file(const char *path, off_t size)
{
	if (size < 0 || (uint64_t)size > BYTES_MAX) {
		printf("# %s: more than %u bytes\n", path, BYTES_MAX);
		return 0;
	}
	size_t n = (size_t)size;
	uint8_t *bytes = vd_mem_alloc(n);
	FILE *f = fopen(path, "rb");
	size_t got = f == NULL || bytes == NULL ? n + 1 : fread(bytes, 1, n, f);
	if (f != NULL)
		(void)fclose(f);
	if (got == n) {
		printf("# %s\n", path);
		(void)fflush(stdout); /* names the input if it crashes */
		(void)LLVMFuzzerTestOneInput(bytes, n);
	} else {
		printf("# %s: cannot be read\n", path);
	}
	vd_mem_free(bytes);
	return got == n;
}

static size_t
replay(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		printf("# %s: %s\n", path, strerror(errno));
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path, st.st_size);
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort);
	size_t ran = 0;
	for (int i = 0; i < n; i++) {
		char full[4096];
		int len = snprintf(full, sizeof full, "%s/%s", path, names[i]->d_name);
		if (len > 0 && (size_t)len < sizeof full && stat(full, &st) == 0 && S_ISREG(st.st_mode))
			ran += replay_file(full, st.st_size);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return ran;
}

int
main(int argc, char **argv)
{
	int bad = 0;
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		size_t ran = replay(argv[i]);
		printf("%s %d - %zu inputs of %s replay\n", ran == 0 ? "not ok" : "ok", i, ran, argv[i]);
		bad |= ran == 0;
	}
	return bad;
}
