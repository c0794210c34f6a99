#include "main/attack.h"

#define T(tag, name, uid)                                                                                    \
	{                                                                                                    \
		{tag, sizeof tag - 1}, {name, sizeof name - 1},                                              \
		{                                                                                            \
			uid, sizeof uid - 1                                                                  \
		}                                                                                            \
	}

static const struct vd_tactic tactics[VD_TACTICS] = {
	T("reconnaissance", "Reconnaissance", "TA0043"),
	T("resource-development", "Resource Development", "TA0042"),
	T("initial-access", "Initial Access", "TA0001"),
	T("execution", "Execution", "TA0002"),
	T("persistence", "Persistence", "TA0003"),
	T("privilege-escalation", "Privilege Escalation", "TA0004"),
	T("defense-evasion", "Defense Evasion", "TA0005"),
	/* the two that newer releases make of Defense Evasion */
	T("stealth", "Stealth", ""),
	T("defense-impairment", "Defense Impairment", ""),
	T("credential-access", "Credential Access", "TA0006"),
	T("discovery", "Discovery", "TA0007"),
	T("lateral-movement", "Lateral Movement", "TA0008"),
	T("collection", "Collection", "TA0009"),
	T("command-and-control", "Command and Control", "TA0011"),
	T("exfiltration", "Exfiltration", "TA0010"),
	T("impact", "Impact", "TA0040"),
};

const struct vd_tactic *
vd_attack_tactic(size_t i)
{
	return &tactics[i];
}

static bool
behind_attack(struct vd_str tag, struct vd_str *ret)
{
	if (tag.len < 8 || !vd_str_ieq((struct vd_str){tag.at, 7}, VD_S("attack.")))
		return false;
	*ret = (struct vd_str){tag.at + 7, tag.len - 7};
	return true;
}

static bool
same_tactic(struct vd_str a, struct vd_str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		char c = a.at[i] == '_' ? '-' : a.at[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != b.at[i])
			return false;
	}
	return true;
}

bool
vd_attack_tactic_of(struct vd_str tag, size_t *ret_i)
{
	struct vd_str name;
	if (!behind_attack(tag, &name))
		return false;
	for (size_t i = 0; i < VD_TACTICS; i++) {
		if (same_tactic(name, tactics[i].tag)) {
			*ret_i = i;
			return true;
		}
	}
	return false;
}

/* "1059" or "1059.001" */
static bool
is_technique(struct vd_str number)
{
	if (number.len != 4 && number.len != 8)
		return false;
	for (size_t i = 0; i < number.len; i++)
		if (i == 4 ? number.at[i] != '.' : number.at[i] < '0' || number.at[i] > '9')
			return false;
	return true;
}

bool
vd_attack_technique_of(struct vd_str tag, struct vd_str *ret_number)
{
	struct vd_str name;
	if (!behind_attack(tag, &name) || (name.at[0] != 't' && name.at[0] != 'T'))
		return false;
	struct vd_str number = {name.at + 1, name.len - 1};
	if (!is_technique(number))
		return false;
	*ret_number = number;
	return true;
}
