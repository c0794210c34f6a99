#include "rpc/health.h"

#include "base/mem.h"
#include "grpc/health/v1/health.pb-c.h"

#define NAME_MAX_BYTES 255u

struct vd_health {
	uint32_t magic;
#define VD_HEALTH_MAGIC 0x68656c74u
	_Atomic uint32_t n; /* rows up to here are whole; they are never taken back */
	_Atomic bool locked;
	struct row {
		char name[NAME_MAX_BYTES + 1];
		_Atomic int status;
	} rows[VD_HEALTH_SERVICES_MAX];
};

struct vd_health *
vd_health_new(void)
{
	struct vd_health *health = vd_obj_new(struct vd_health, VD_HEALTH_MAGIC);
	if (health != NULL)
		(void)vd_health_set(health, "", VD_HEALTH_NOT_SERVING);
	return health;
}

void
vd_health_free(struct vd_health *health)
{
	if (health == NULL)
		return;
	vd_obj_check(health, VD_HEALTH_MAGIC);
	vd_obj_free(health);
}

static struct row *
find(struct vd_health *health, struct vd_str name)
{
	uint32_t n = atomic_load_explicit(&health->n, memory_order_acquire);
	for (uint32_t i = 0; i < n; i++)
		if (vd_str_is(name, health->rows[i].name))
			return &health->rows[i];
	return NULL;
}

bool
vd_health_set(struct vd_health *health, const char *service, enum vd_health_status status)
{
	vd_obj_check(health, VD_HEALTH_MAGIC);
	struct row *row = find(health, vd_str_from(service));
	if (row != NULL) {
		atomic_store(&row->status, (int)status);
		return true;
	}
	if (strlen(service) > NAME_MAX_BYTES)
		return false;
	while (atomic_exchange(&health->locked, true))
		; /* another thread adds a row: some bytes are copied */
	uint32_t n = atomic_load(&health->n);
	row = find(health, vd_str_from(service));
	bool room = row != NULL || n < VD_HEALTH_SERVICES_MAX;
	if (row == NULL && room) {
		row = &health->rows[n];
		memcpy(row->name, service, strlen(service) + 1);
		atomic_store(&row->status, (int)status);
		atomic_store_explicit(&health->n, n + 1, memory_order_release);
	} else if (row != NULL) {
		atomic_store(&row->status, (int)status);
	}
	atomic_store(&health->locked, false);
	return room;
}

/* As the protocol numbers it; -1: there is no such service. */
static int
status_of(struct vd_health *health, struct vd_str name)
{
	struct row *row = find(health, name);
	return row == NULL ? -1 : atomic_load(&row->status);
}

static struct vd_health *
health_of(const struct vd_call *call)
{
	const struct vd_rpc_own *own = vd_call_service(call);
	return own->health;
}

static struct vd_str
name_of(const ProtobufCMessage *message)
{
	return vd_str_from(((const Grpc__Health__V1__HealthCheckRequest *)(const void *)message)->service);
}

static void
gone(struct vd_call *call, bool cancelled)
{
	(void)call;
	(void)cancelled;
}

static void
check(struct vd_call *call, const ProtobufCMessage *message)
{
	Grpc__Health__V1__HealthCheckResponse answer = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
	int status = status_of(health_of(call), name_of(message));
	if (status < 0) {
		vd_call_finish(call, VD_RPC_NOT_FOUND, "no such service");
		return;
	}
	answer.status = (Grpc__Health__V1__HealthCheckResponse__ServingStatus)status;
	enum vd_status st = vd_call_send(call, &answer.base);
	vd_call_finish(call, st == VD_OK ? VD_RPC_OK : vd_rpc_code_from_status(st), NULL);
}

/* ---- watching ---- */

struct watch {
	struct vd_timer timer;
	struct vd_call *call;
	struct vd_str name;
	int told; /* what the client knows; -2: nothing yet */
};

static void
look(struct vd_timer *timer)
{
	struct watch *watch = (struct watch *)(void *)timer;
	int status = status_of(health_of(watch->call), watch->name);
	struct vd_loop *loop = vd_call_loop(watch->call);
	if (status != watch->told) {
		Grpc__Health__V1__HealthCheckResponse answer = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
		answer.status =
			status < 0 ? GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN
				   : (Grpc__Health__V1__HealthCheckResponse__ServingStatus)status;
		enum vd_status st = vd_call_send(watch->call, &answer.base);
		if (st != VD_OK && st != VD_EAGAIN) {
			vd_call_finish(watch->call, vd_rpc_code_from_status(st), NULL);
			return;
		}
		watch->told = st == VD_OK ? status : watch->told;
	}
	if (!vd_loop_set_timer(loop, timer, vd_loop_now(loop) + VD_HEALTH_WATCH_MS))
		vd_call_finish(watch->call, VD_RPC_RESOURCE_EXHAUSTED, "no memory for a timer");
}

static void
watch_begins(struct vd_call *call, const ProtobufCMessage *message)
{
	struct watch *watch = vd_arena_zalloc(vd_call_arena(call), sizeof *watch);
	if (watch == NULL || !vd_arena_str(vd_call_arena(call), name_of(message), &watch->name)) {
		vd_call_finish(call, VD_RPC_RESOURCE_EXHAUSTED, "no memory for a watch");
		return;
	}
	watch->timer.due = look;
	watch->call = call;
	watch->told = -2;
	vd_call_set_owner(call, watch);
	vd_call_set_endless(call);
	look(&watch->timer);
}

static void
watch_gone(struct vd_call *call, bool cancelled)
{
	(void)cancelled;
	struct watch *watch = vd_call_owner(call);
	if (watch != NULL)
		vd_loop_clear_timer(vd_call_loop(call), &watch->timer);
}

enum vd_status
vd_health_add(struct vd_methods *methods, struct vd_err *err)
{
	static const struct vd_rpc_handler checks = {.message = check, .gone = gone};
	static const struct vd_rpc_handler watches = {.message = watch_begins, .gone = watch_gone};
	struct vd_method method = {.service = "grpc.health.v1.Health",
		.name = "Check",
		.kind = VD_CALL_UNARY,
		.idempotent = true,
		.request = &grpc__health__v1__health_check_request__descriptor,
		.response = &grpc__health__v1__health_check_response__descriptor,
		.handler = &checks};
	enum vd_status st = vd_methods_add(methods, &method, err);
	method.name = "Watch";
	method.kind = VD_CALL_SERVER_STREAM;
	method.handler = &watches;
	return st == VD_OK ? vd_methods_add(methods, &method, err) : st;
}
