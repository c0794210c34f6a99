#include "main/level.h"

const char *const vd_level_choices[] = {"informational", "low", "medium", "high", "critical", NULL};

static const struct level {
	struct vd_str name;
	const char *colour;
	unsigned severity; /* OCSF: 0 unknown, 1 informational … 5 critical */
	const char *severity_name;
} levels[VD_LEVELS] = {
	{{"none", 4}, VD_COLOUR_DIM, 0, "Unknown"},
	{{"informational", 13}, VD_COLOUR_DIM, 1, "Informational"},
	{{"low", 3}, "\x1b[36m", 2, "Low"},
	{{"medium", 6}, "\x1b[33m", 3, "Medium"},
	{{"high", 4}, "\x1b[31m", 4, "High"},
	{{"critical", 8}, "\x1b[1;35m", 5, "Critical"},
};

size_t
vd_level_rank(struct vd_str name)
{
	for (size_t i = 1; i < VD_LEVELS; i++)
		if (vd_str_ieq(name, levels[i].name))
			return i;
	return 0;
}

struct vd_str
vd_level_text(size_t rank)
{
	return levels[rank].name;
}

const char *
vd_level_colour(size_t rank)
{
	return levels[rank].colour;
}

unsigned
vd_level_severity(size_t rank)
{
	return levels[rank].severity;
}

const char *
vd_level_severity_name(size_t rank)
{
	return levels[rank].severity_name;
}
