/*
 * How common bytes are in event logs: which part of a word is the rarest.  Measured over Windows and Linux events
 * as JSON, letters in any case, in parts per thousand.  Only the order matters: a better guess makes a search
 * faster, never wrong.
 */
#ifndef VD_ENGINE_COMPILE_COMMONNESS_H
#define VD_ENGINE_COMPILE_COMMONNESS_H

double vd_commonness(unsigned char c);

#endif
