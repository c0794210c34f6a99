#include "engine/compile/commonness.h"

double
vd_commonness(unsigned char c)
{
	static const unsigned char letters[26] = {36, 9, 27, 25, 65, 13, 15, 13, 45, 3, 6, 30, 22, 42, 40, 18,
		2, 41, 46, 54, 16, 10, 11, 5, 10, 3};
	if (c >= 'a' && c <= 'z')
		return letters[c - 'a'];
	if (c >= '0' && c <= '9')
		return 22;
	switch (c) {
	case '.':
	case '-':
	case ':':
	case ',':
	case ' ':
	case '_':
	case '\\':
		return 20;
	default:
		return 2;
	}
}
