/*
 * A gRPC server for tests with others' clients: vedette.test.v1.Echo, health and reflection, over mTLS.
 *
 *   echo-server ADDRESS FOLDER CALLER…
 *
 * FOLDER has svid.pem, key.pem and bundle.pem as `vedette trust issue` writes them and is read anew when it changes.  Who
 * shows one of the SPIFFE ids CALLER may call.  The address comes out on the first line; the end of standard input ends
 * it, draining; the last line says what was counted.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "rpc/descriptors.h"
#include "rpc/echo_service.h"
#include "rpc/health.h"
#include "rpc/reflection.h"
#include "trust/identity/source.h"

#define MESSAGE_BYTES (16u << 20)
#define METHODS_MAX 16u

struct program {
	struct vd_rpc_own own; /* first: vd_call_service */
	struct vd_methods *methods;
	struct vd_method_stats stats[METHODS_MAX];
	struct vd_rpc_server *workers[64];
};

static int
failed(const struct vd_err *err)
{
	(void)fprintf(stderr, "echo-server: %s\n", err->text);
	return 2;
}

static void *
begin(void *owner, struct vd_loop *loop, unsigned worker)
{
	struct program *program = owner;
	(void)loop;
	struct vd_rpc_server_setup setup = {.methods = program->methods,
		.stats = program->stats,
		.message_bytes = MESSAGE_BYTES,
		.unpack = &vd_unpack_limits_usual,
		.local_caller = "test",
		.service = program};
	(void)!vd_rpc_server_new(&setup, &program->workers[worker], NULL);
	return program->workers[worker];
}

static void
end(void *rpc)
{
	vd_rpc_server_free(rpc);
}

static void
report(void *owner, const struct vd_server_report *one)
{
	(void)owner;
	if (one->event == VD_SERVER_REFUSED)
		(void)fprintf(stderr, "refused: %s\n", one->words);
}

static enum vd_status
build(struct program *program, struct vd_health **health, struct vd_descriptors **descriptors,
	struct vd_err *err)
{
	static const struct vd_peer_call rows[] = {{"*", "*", "vedette.test.v1.Echo/*", "a test", false},
		{"*", "*", "grpc.health.v1.Health/*", "a test", false},
		{"*", "*", "grpc.reflection.v1.ServerReflection/*", "a test", false},
		{"*", "*", "grpc.reflection.v1alpha.ServerReflection/*", "a test", false}};
	enum vd_status st = vd_methods_new("echo", false, rows, VD_ARRAY_LEN(rows), &program->methods, err);
	if (st == VD_OK)
		st = vd_descriptors_new(descriptors, err);
	if (st == VD_OK)
		st = vd_echo_service_add(program->methods, err);
	if (st == VD_OK)
		st = vd_health_add(program->methods, err);
	if (st == VD_OK)
		st = vd_reflection_add(program->methods, err);
	*health = vd_health_new();
	if (st == VD_OK && *health == NULL)
		st = vd_fail(err, VD_ENOMEM, "no memory");
	if (st != VD_OK)
		return st;
	(void)vd_health_set(*health, "", VD_HEALTH_SERVING);
	(void)vd_health_set(*health, "vedette.test.v1.Echo", VD_HEALTH_SERVING);
	program->own = (struct vd_rpc_own){*health, *descriptors, program->methods};
	return VD_OK;
}

/* Until standard input ends; a line on it reads the folder anew. */
static void
wait_for_end(struct vd_source *source)
{
	char line[64];
	while (fgets(line, sizeof line, stdin) != NULL) {
		bool changed = false;
		struct vd_err err = VD_ERR_INIT;
		enum vd_status st = vd_source_reload(source, &changed, &err);
		(void)printf("%s\n", st != VD_OK ? err.text : changed ? "changed" : "unchanged");
		(void)fflush(stdout);
	}
}

int
main(int argc, char **argv)
{
	static struct program program;
	VD_AUTO(vd_source) source = NULL;
	VD_AUTO(vd_server) server = NULL;
	VD_AUTO(vd_health) health = NULL;
	VD_AUTO(vd_descriptors) descriptors = NULL;
	struct vd_err err = VD_ERR_INIT;
	char svid[4096], key[4096], bundle[4096], address[VD_ADDR_TEXT_MAX];
	if (argc < 4)
		return (int)(vd_fail(&err, VD_EINPUT, "echo-server ADDRESS FOLDER CALLER…"), failed(&err));
	(void)snprintf(svid, sizeof svid, "%s/svid.pem", argv[2]);
	(void)snprintf(key, sizeof key, "%s/key.pem", argv[2]);
	(void)snprintf(bundle, sizeof bundle, "%s/bundle.pem", argv[2]);
	struct vd_source_paths paths = {.svid = {svid, key, bundle}};
	struct vd_listen listen = {
		.demand = {.allow = (const char *const *)argv + 3, .n_allow = (size_t)argc - 3},
		.handler = &vd_rpc_server_handler};
	bool changed;
	if (build(&program, &health, &descriptors, &err) != VD_OK ||
		vd_source_new(NULL, &source, &err) != VD_OK ||
		vd_source_set_paths(source, &paths, &err) != VD_OK ||
		vd_source_reload(source, &changed, &err) != VD_OK ||
		vd_addr_parse(vd_str_from(argv[1]), &listen.addr, &err) != VD_OK)
		return failed(&err);
	struct vd_server_setup setup = {.identity = vd_source_identity(source),
		.limits = &vd_http_limits_default,
		.times = vd_conn_times_default,
		.clock = &vd_clock_system,
		.workers = 2,
		.connections_max = 1000,
		.begin = begin,
		.end = end,
		.report = report,
		.owner = &program};
	if (vd_server_new(&setup, &listen, 1, &server, &err) != VD_OK ||
		vd_server_start(server, &err) != VD_OK)
		return failed(&err);
	(void)vd_addr_format(vd_server_addr(server, 0), address);
	(void)printf("%s\n", address);
	(void)fflush(stdout);
	wait_for_end(source);
	bool clean = vd_server_drain(server, 5000);
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	vd_method_stats_show(program.methods, program.stats, &text);
	(void)printf("%s%s\n", text.at, clean ? "clean" : "cut off");
	vd_methods_free(program.methods);
	return clean ? 0 : 1;
}
