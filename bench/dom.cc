#define SIMDJSON_EXCEPTIONS 0
#include "dom.h"

#include <new>

#include <simdjson.h>

struct vd_bench_dom {
	simdjson::dom::parser parser;
};

extern "C" struct vd_bench_dom *
vd_bench_dom_new(void)
{
	return new (std::nothrow) vd_bench_dom;
}

extern "C" void
vd_bench_dom_free(struct vd_bench_dom *dom)
{
	delete dom;
}

extern "C" bool
vd_bench_dom_parse(struct vd_bench_dom *dom, const char *text, size_t len)
{
	simdjson::dom::element event;
	return dom->parser.parse(text, len, false).get(event) == simdjson::SUCCESS;
}
