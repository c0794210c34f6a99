#include "rpc/reflection.h"

#include "grpc/reflection/v1/reflection.pb-c.h"
#include "rpc/descriptors.h"

static const struct vd_rpc_own *
own_of(const struct vd_call *call)
{
	return vd_call_service(call);
}

static void
answer(struct vd_call *call, const Grpc__Reflection__V1__ServerReflectionRequest *request,
	Grpc__Reflection__V1__ServerReflectionResponse *response)
{
	response->valid_host = request->host;
	response->original_request = (Grpc__Reflection__V1__ServerReflectionRequest *)(uintptr_t)request;
	enum vd_status st = vd_call_send(call, &response->base);
	if (st != VD_OK) /* also a client that reads nothing: its requests are not worth a queue */
		vd_call_finish(call, vd_rpc_code_from_status(st), "an answer could not be sent");
}

static void
answer_error(struct vd_call *call, const Grpc__Reflection__V1__ServerReflectionRequest *request,
	enum vd_rpc_code code, const char *words)
{
	Grpc__Reflection__V1__ServerReflectionResponse response;
	grpc__reflection__v1__server_reflection_response__init(&response);
	Grpc__Reflection__V1__ErrorResponse error;
	grpc__reflection__v1__error_response__init(&error);
	error.error_code = (int32_t)code;
	error.error_message = (char *)(uintptr_t)words;
	response.message_response_case =
		GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
	response.error_response = &error;
	answer(call, request, &response);
}

static void
answer_file(struct vd_call *call, const Grpc__Reflection__V1__ServerReflectionRequest *request, int file)
{
	Grpc__Reflection__V1__ServerReflectionResponse response;
	grpc__reflection__v1__server_reflection_response__init(&response);
	Grpc__Reflection__V1__FileDescriptorResponse files;
	grpc__reflection__v1__file_descriptor_response__init(&files);
	ProtobufCBinaryData list[VD_DESCRIPTOR_FILES_MAX];
	int numbers[VD_DESCRIPTOR_FILES_MAX];
	const struct vd_descriptors *descriptors = own_of(call)->descriptors;
	if (file < 0) {
		answer_error(call, request, VD_RPC_NOT_FOUND, "nothing of that name is known");
		return;
	}
	files.n_file_descriptor_proto = vd_descriptors_needed(descriptors, file, numbers);
	for (size_t i = 0; i < files.n_file_descriptor_proto; i++) {
		struct vd_str one = vd_descriptors_file(descriptors, numbers[i]);
		list[i] = (ProtobufCBinaryData){one.len, (uint8_t *)(uintptr_t)one.at};
	}
	files.file_descriptor_proto = list;
	response.message_response_case =
		GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
	response.file_descriptor_response = &files;
	answer(call, request, &response);
}

/* Each service once: methods of one stand together. */
static void
answer_services(struct vd_call *call, const Grpc__Reflection__V1__ServerReflectionRequest *request)
{
	Grpc__Reflection__V1__ServerReflectionResponse response;
	grpc__reflection__v1__server_reflection_response__init(&response);
	Grpc__Reflection__V1__ListServiceResponse services;
	grpc__reflection__v1__list_service_response__init(&services);
	const struct vd_methods *methods = own_of(call)->methods;
	size_t n = vd_methods_count(methods);
	Grpc__Reflection__V1__ServiceResponse *rows = vd_arena_array(vd_call_arena(call), n, sizeof *rows);
	Grpc__Reflection__V1__ServiceResponse **list = vd_arena_array(vd_call_arena(call), n, sizeof *list);
	if (rows == NULL || list == NULL) {
		vd_call_finish(call, VD_RPC_RESOURCE_EXHAUSTED, "no memory for a list of services");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const char *name = vd_methods_at(methods, i)->service;
		size_t k = 0;
		while (k < services.n_service && strcmp(rows[k].name, name) != 0)
			k++;
		if (k < services.n_service)
			continue;
		grpc__reflection__v1__service_response__init(&rows[k]);
		rows[k].name = (char *)(uintptr_t)name;
		list[services.n_service++] = &rows[k];
	}
	services.service = list;
	response.message_response_case =
		GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
	response.list_services_response = &services;
	answer(call, request, &response);
}

static void
message(struct vd_call *call, const ProtobufCMessage *any)
{
	const Grpc__Reflection__V1__ServerReflectionRequest *request =
		(const Grpc__Reflection__V1__ServerReflectionRequest *)(const void *)any;
	const struct vd_descriptors *descriptors = own_of(call)->descriptors;
	switch (request->message_request_case) {
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
		answer_services(call, request);
		break;
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
		answer_file(call, request,
			vd_descriptors_by_name(descriptors, vd_str_from(request->file_by_filename)));
		break;
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
		answer_file(call, request,
			vd_descriptors_by_symbol(descriptors, vd_str_from(request->file_containing_symbol)));
		break;
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
		answer_error(call, request, VD_RPC_NOT_FOUND, "there are no extensions");
		break;
	default:
		answer_error(call, request, VD_RPC_INVALID_ARGUMENT, "a request without a question");
		break;
	}
}

static void
end(struct vd_call *call)
{
	vd_call_finish(call, VD_RPC_OK, NULL);
}

static void
gone(struct vd_call *call, bool cancelled)
{
	(void)call;
	(void)cancelled;
}

/* v1alpha has the same messages under another package: the handler serves both. */
enum vd_status
vd_reflection_add(struct vd_methods *methods, struct vd_err *err)
{
	static const struct vd_rpc_handler handler = {.message = message, .end = end, .gone = gone};
	struct vd_method method = {.service = "grpc.reflection.v1.ServerReflection",
		.name = "ServerReflectionInfo",
		.kind = VD_CALL_BIDI_STREAM,
		.request = &grpc__reflection__v1__server_reflection_request__descriptor,
		.response = &grpc__reflection__v1__server_reflection_response__descriptor,
		.handler = &handler};
	enum vd_status st = vd_methods_add(methods, &method, err);
	method.service = "grpc.reflection.v1alpha.ServerReflection";
	return st == VD_OK ? vd_methods_add(methods, &method, err) : st;
}
