#include "main/cmd.h"

#include <unistd.h>

#include "main/completion/completion.h"
#include "main/out.h"

int
vd_cmd_completion(const struct vd_args *args)
{
	static const struct {
		const char *shell;
		void (*write)(struct vd_buf *to);
	} shells[] = {{"bash", vd_completion_bash}, {"zsh", vd_completion_zsh}, {"fish", vd_completion_fish}};
	size_t n;
	const char *shell = vd_args_operands(args, &n)[0];
	for (size_t i = 0; i < VD_ARRAY_LEN(shells); i++) {
		if (strcmp(shells[i].shell, shell) != 0)
			continue;
		struct vd_out out;
		vd_out_init(&out, STDOUT_FILENO);
		shells[i].write(&out.buf);
		int code = vd_out_end(&out, VD_EXIT_NOTHING);
		vd_out_fini(&out);
		return code;
	}
	vd_complain("completion: '%s' is none of bash, zsh, fish", shell);
	return VD_EXIT_ERROR;
}
