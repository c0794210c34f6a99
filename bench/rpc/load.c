/*
 * For bench rpc: calls Echo.Unary over mTLS and says how long each took.
 *
 *   rpc-load ADDRESS FOLDER SERVER_ID CONNECTIONS EACH BYTES SECONDS
 *
 * CONNECTIONS channels of one connection, on each EACH calls at once.  The first fifth of the time warms.  One JSON line:
 * calls, seconds, p50_us, p99_us, failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "rpc/client.h"
#include "rpc/echo_service.h"
#include "rpc/timeout.h"
#include "trust/identity/source.h"
#include "vedette/test/v1/echo.pb-c.h"

#define MESSAGE_BYTES (16u << 20)
#define SAMPLES_MAX (1u << 22)

struct load {
	struct vd_loop *loop;
	uint8_t *payload;
	size_t bytes;
	bool measuring, ending;
	uint64_t calls, failed;
	float *samples;
	size_t n_samples;
	unsigned running;
};

struct caller {
	struct load *load;
	struct vd_channel *channel;
	int64_t began_ns;
};

static int64_t
now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void call(struct caller *caller);

static void
done(struct vd_outcall *one, const struct vd_rpc_status *status, const struct vd_metadata *trailers)
{
	(void)trailers;
	struct caller *caller = vd_outcall_owner(one);
	struct load *load = caller->load;
	if (status->code != VD_RPC_OK && load->failed++ == 0)
		(void)fprintf(stderr, "rpc-load: %s: %.*s\n", vd_rpc_code_name(status->code),
			(int)status->message.len, status->message.at);
	if (load->measuring) {
		load->calls++;
		if (load->n_samples < SAMPLES_MAX)
			load->samples[load->n_samples++] = (float)(now_ns() - caller->began_ns) / 1e3f;
	}
	load->running--;
	if (!load->ending)
		call(caller);
}

static void
call(struct caller *caller)
{
	static const struct vd_outcall_ops ops = {.done = done};
	struct load *load = caller->load;
	Vedette__Test__V1__EchoRequest request = VEDETTE__TEST__V1__ECHO_REQUEST__INIT;
	request.payload = (ProtobufCBinaryData){load->bytes, load->payload};
	struct vd_outcall_setup setup = {.channel = caller->channel,
		.method = &vd_echo_methods()[0],
		.deadline_ms = VD_DEADLINE_NEVER,
		.patient = true,
		.message_bytes = MESSAGE_BYTES,
		.unpack = &vd_unpack_limits_usual,
		.ops = &ops,
		.owner = caller};
	struct vd_outcall *one;
	caller->began_ns = now_ns();
	if (vd_outcall_begin(&setup, &request.base, &one, NULL) == VD_OK)
		load->running++;
	else
		load->failed++;
}

static int
by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return x < y ? -1 : x > y;
}

static void
run_for(struct load *load, double seconds)
{
	int64_t until = now_ns() + (int64_t)(seconds * 1e9);
	while (now_ns() < until)
		if (vd_loop_round(load->loop, 100, NULL) != VD_OK)
			return;
}

static int
failed(const struct vd_err *err)
{
	(void)fprintf(stderr, "rpc-load: %s\n", err->text);
	return 2;
}

static struct vd_source *
identity(const char *folder, struct vd_err *err)
{
	static char svid[4096], key[4096], bundle[4096];
	VD_AUTO(vd_source) source = NULL;
	bool changed;
	(void)snprintf(svid, sizeof svid, "%s/svid.pem", folder);
	(void)snprintf(key, sizeof key, "%s/key.pem", folder);
	(void)snprintf(bundle, sizeof bundle, "%s/bundle.pem", folder);
	struct vd_source_paths paths = {.svid = {svid, key, bundle}};
	if (vd_source_new(NULL, &source, err) != VD_OK || vd_source_set_paths(source, &paths, err) != VD_OK ||
		vd_source_reload(source, &changed, err) != VD_OK)
		return NULL;
	return vd_source_take(&source);
}

int
main(int argc, char **argv)
{
	struct vd_err err = VD_ERR_INIT;
	if (argc != 8)
		return 2;
	unsigned connections = (unsigned)strtoul(argv[4], NULL, 10),
		 each = (unsigned)strtoul(argv[5], NULL, 10);
	double seconds = strtod(argv[7], NULL);
	struct load load = {.bytes = strtoul(argv[6], NULL, 10)};
	struct vd_source *source = identity(argv[2], &err);
	struct vd_addr addr;
	const char *const servers[] = {argv[3]};
	struct vd_demand demand = {.allow = servers, .n_allow = 1};
	if (source == NULL || vd_addr_parse(vd_str_from(argv[1]), &addr, &err) != VD_OK ||
		vd_loop_new(&vd_clock_system, &load.loop, &err) != VD_OK)
		return failed(&err);
	load.payload = vd_mem_zalloc(load.bytes + 1, 1);
	load.samples = vd_mem_zalloc(SAMPLES_MAX, sizeof *load.samples);
	struct caller *callers = vd_mem_zalloc((size_t)connections * each + 1, sizeof *callers);
	if (load.payload == NULL || load.samples == NULL || callers == NULL)
		return 2;
	for (unsigned c = 0; c < connections; c++) {
		struct vd_channel_setup setup = {.loop = load.loop,
			.identity = vd_source_identity(source),
			.demand = &demand,
			.addrs = &addr,
			.n_addrs = 1,
			.host = "echo",
			.limits = &vd_http_limits_default,
			.times = vd_conn_times_default,
			.connections_max = 1,
			.seed = c + 1};
		struct vd_channel *channel;
		if (vd_channel_new(&setup, &channel, &err) != VD_OK)
			return failed(&err);
		for (unsigned i = 0; i < each; i++) {
			callers[c * each + i] = (struct caller){&load, channel, 0};
			call(&callers[c * each + i]);
		}
	}
	run_for(&load, seconds / 5);
	(void)printf("warm\n"); /* who measures the server's CPU time begins here, */
	(void)fflush(stdout);
	load.measuring = true;
	int64_t began = now_ns();
	run_for(&load, seconds * 4 / 5);
	double took = (double)(now_ns() - began) / 1e9;
	load.measuring = false;
	load.ending = true; /* and ends with the next line */
	qsort(load.samples, load.n_samples, sizeof *load.samples, by_value);
	double p50 = load.n_samples == 0 ? 0 : (double)load.samples[load.n_samples / 2];
	double p99 = load.n_samples == 0 ? 0 : (double)load.samples[load.n_samples * 99 / 100];
	(void)printf("{\"calls\":%llu,\"seconds\":%.4f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"failed\":%llu}\n",
		(unsigned long long)load.calls, took, p50, p99, (unsigned long long)load.failed);
	return load.failed == 0 ? 0 : 1;
}
