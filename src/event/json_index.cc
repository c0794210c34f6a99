#define SIMDJSON_EXCEPTIONS 0
#include "event/json_index.h"

#include <memory>
#include <new>

#include <simdjson.h>

struct vd_json_index {
	std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
};

static const size_t first_capacity = 64 * 1024;

static bool
reserve(struct vd_json_index *index, size_t len)
{
	if (index->parser && index->parser->capacity() >= len)
		return true;
	size_t capacity = index->parser ? index->parser->capacity() : first_capacity;
	while (capacity < len)
		capacity *= 2;
	if (index->parser)
		return index->parser->set_capacity(capacity) == simdjson::SUCCESS;
	const simdjson::implementation *best = simdjson::get_active_implementation();
	return best->create_dom_parser_implementation(capacity, 1, index->parser) == simdjson::SUCCESS;
}

extern "C" struct vd_json_index *
vd_json_index_new(void)
{
	struct vd_json_index *index = new (std::nothrow) vd_json_index;
	if (index != nullptr && !reserve(index, first_capacity)) {
		delete index;
		return nullptr;
	}
	return index;
}

extern "C" void
vd_json_index_free(struct vd_json_index *index)
{
	delete index;
}

extern "C" enum vd_json_index_status
vd_json_index_run(
	struct vd_json_index *index, const char *text, size_t len, const uint32_t **ret_at, size_t *ret_n)
{
	if (len == 0)
		return VD_JSON_MALFORMED;
	if (!reserve(index, len))
		return VD_JSON_NO_MEMORY;
	const uint8_t *bytes = reinterpret_cast<const uint8_t *>(text);
	if (index->parser->stage1(bytes, len, simdjson::stage1_mode::regular) != simdjson::SUCCESS)
		return VD_JSON_MALFORMED;
	*ret_at = index->parser->structural_indexes.get();
	*ret_n = index->parser->n_structural_indexes;
	return VD_JSON_INDEXED;
}
