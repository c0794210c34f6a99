/* CSV as RFC 4180 writes it, with line ends of one LF.  Values are exact: nothing is added against spreadsheets. */
#ifndef VD_MAIN_CSV_H
#define VD_MAIN_CSV_H

#include "base/str.h"

/* One cell, quoted where it holds a comma, quote, line end, or blanks at its edges. */
void vd_csv_cell(struct vd_buf *buf, struct vd_str value);

#endif
