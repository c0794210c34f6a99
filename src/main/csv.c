#include "main/csv.h"

static bool
needs_quotes(struct vd_str value)
{
	if (value.len == 0)
		return false;
	if (value.at[0] == ' ' || value.at[value.len - 1] == ' ')
		return true;
	for (size_t i = 0; i < value.len; i++)
		if (memchr(",\"\r\n\t", value.at[i], 5) != NULL)
			return true;
	return false;
}

void
vd_csv_cell(struct vd_buf *buf, struct vd_str value)
{
	if (!needs_quotes(value)) {
		vd_buf_str(buf, value);
		return;
	}
	vd_buf_char(buf, '"');
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] == '"')
			vd_buf_char(buf, '"');
		vd_buf_char(buf, value.at[i]);
	}
	vd_buf_char(buf, '"');
}
