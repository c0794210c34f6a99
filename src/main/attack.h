/*
 * MITRE ATT&CK in Sigma tags: "attack.t1059.001" names a technique, "attack.privilege-escalation" a tactic.
 * Pure.
 */
#ifndef VD_MAIN_ATTACK_H
#define VD_MAIN_ATTACK_H

#include "base/str.h"

#define VD_TACTICS 16u /* tactics that are known by name */

struct vd_tactic {
	struct vd_str tag;  /* behind "attack." */
	struct vd_str name; /* as MITRE writes it */
	struct vd_str uid;  /* "TA0002"; empty where this build does not know it */
};

const struct vd_tactic *vd_attack_tactic(size_t i); /* in the order of an intrusion */
/* False: the tag names no tactic.  '_' counts as '-', letters without case. */
bool vd_attack_tactic_of(struct vd_str tag, size_t *ret_i);
/* The digits behind T, with or without sub-technique: "1059.001".  False: the tag names no technique. */
bool vd_attack_technique_of(struct vd_str tag, struct vd_str *ret_number);

#endif
