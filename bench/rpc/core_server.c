/*
 * For bench rpc: an echo server on Debian's gRPC C core, over mTLS: whatever is called is answered with its own message.
 *
 *   core-server ADDRESS FOLDER
 *
 * FOLDER has svid.pem, key.pem and bundle.pem.  Prints the port, ends with standard input.
 */
#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS 256 /* that wait for a client */
#define THREADS 2

enum step { ACCEPTED, READ, ANSWERED };

struct call {
	enum step step;
	grpc_call *call;
	grpc_call_details details;
	grpc_metadata_array metadata;
	grpc_byte_buffer *message;
	int cancelled;
};

static grpc_server *server;
static grpc_completion_queue *queue;

static char *
read_file(const char *folder, const char *name)
{
	char path[4096];
	static char text[65536];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return NULL;
	size_t n = fread(text, 1, sizeof text - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	return strdup(text);
}

static void
accept_call(struct call *call)
{
	memset(call, 0, sizeof *call);
	grpc_call_details_init(&call->details);
	grpc_metadata_array_init(&call->metadata);
	(void)grpc_server_request_call(
		server, &call->call, &call->details, &call->metadata, queue, queue, call);
}

static void
read_message(struct call *call)
{
	grpc_op op = {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->message};
	call->step = READ;
	(void)grpc_call_start_batch(call->call, &op, 1, call, NULL);
}

static void
answer(struct call *call)
{
	grpc_op ops[4] = {
		{.op = GRPC_OP_SEND_INITIAL_METADATA},
		{.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = call->message},
		{.op = GRPC_OP_SEND_STATUS_FROM_SERVER,
			.data.send_status_from_server.status = GRPC_STATUS_OK},
		{.op = GRPC_OP_RECV_CLOSE_ON_SERVER, .data.recv_close_on_server.cancelled = &call->cancelled},
	};
	call->step = ANSWERED;
	(void)grpc_call_start_batch(call->call, ops, 4, call, NULL);
}

static void
done(struct call *call)
{
	if (call->message != NULL)
		grpc_byte_buffer_destroy(call->message);
	grpc_call_unref(call->call);
	grpc_call_details_destroy(&call->details);
	grpc_metadata_array_destroy(&call->metadata);
	accept_call(call);
}

static void *
work(void *unused)
{
	(void)unused;
	for (;;) {
		grpc_event event =
			grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
		if (event.type == GRPC_QUEUE_SHUTDOWN)
			return NULL;
		struct call *call = event.tag;
		if (call == NULL || (!event.success && call->step == ACCEPTED))
			continue; /* the end */
		if (call->step == ACCEPTED)
			read_message(call);
		else if (call->step == READ)
			answer(call);
		else
			done(call);
	}
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	grpc_init();
	char *root = read_file(argv[2], "bundle.pem"), *key = read_file(argv[2], "key.pem"),
	     *chain = read_file(argv[2], "svid.pem");
	if (root == NULL || key == NULL || chain == NULL)
		return 2;
	grpc_ssl_pem_key_cert_pair pair = {key, chain};
	grpc_server_credentials *credentials = grpc_ssl_server_credentials_create_ex(
		root, &pair, 1, GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, NULL);
	server = grpc_server_create(NULL, NULL);
	queue = grpc_completion_queue_create_for_next(NULL);
	grpc_server_register_completion_queue(server, queue, NULL);
	int port = grpc_server_add_http2_port(server, argv[1], credentials);
	if (port == 0)
		return 2;
	grpc_server_start(server);
	static struct call calls[CALLS];
	for (int i = 0; i < CALLS; i++)
		accept_call(&calls[i]);
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			return 2;
	(void)printf("127.0.0.1:%d\n", port);
	(void)fflush(stdout);
	while (getchar() != EOF)
		;
	_Exit(0); /* the client has gone; what is left is the system's */
}
