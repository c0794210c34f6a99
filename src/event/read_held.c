#include "event/read_held.h"

#include <stdio.h>

void
vd_held_add(struct vd_held *held, uint64_t line, const char *what)
{
	if (held->n < VD_HELD_NAMED) {
		struct vd_held_piece *piece = &held->at[held->n];
		piece->line = line;
		(void)snprintf(piece->what, sizeof piece->what, "%s", what);
	}
	held->n++;
}

bool
vd_held_is_object(struct vd_str text)
{
	size_t i = 1; /* behind '{'; commas without a member are repaired */
	while (i < text.len && (text.at[i] == ' ' || text.at[i] == '\t' || text.at[i] == '\r' ||
				       text.at[i] == '\n' || text.at[i] == ',' || text.at[i] == '\0'))
		i++;
	return i < text.len && (text.at[i] == '"' || text.at[i] == '}');
}
