/* The commands' functions; main.c joins them to their rows in commands.c.  Each returns an exit code (args.h). */
#ifndef VD_MAIN_CMD_H
#define VD_MAIN_CMD_H

#include "main/args.h"

int vd_cmd_detect(const struct vd_args *args);
int vd_cmd_rules_check(const struct vd_args *args);
int vd_cmd_rules_coverage(const struct vd_args *args);
int vd_cmd_rules_explain(const struct vd_args *args);
int vd_cmd_rules_test(const struct vd_args *args);
int vd_cmd_trust_bundle(const struct vd_args *args);
int vd_cmd_trust_init(const struct vd_args *args);
int vd_cmd_trust_issue(const struct vd_args *args);
int vd_cmd_trust_rotate(const struct vd_args *args);
int vd_cmd_trust_show(const struct vd_args *args);
int vd_cmd_completion(const struct vd_args *args);

#endif
