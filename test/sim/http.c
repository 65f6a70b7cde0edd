/*
 * http.c
 *	  Requests in, replies out, over libmicrohttpd.
 *
 * Everything runs in the caller's thread.  A reply that must wait suspends its
 * connection and sits in the list of waiting exchanges; the loop wakes it, so a
 * slow reply never holds up another.  Between two turns pushes go on (carry.c).
 */
#include "http.h"
#include "carry.h"
#include "oauth1.h"
#include "serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY_LIMIT (64u * 1024 * 1024)
#define DRIP_MS 50				/* between two portions of a slow body */

struct http
{
	struct MHD_Daemon *daemon;
	struct world *world;
	struct vec	waiting;		/* of exchange, suspended */
	struct carriers carriers;
};

struct exchange
{
	struct http *http;
	struct MHD_Connection *connection;
	struct request request;
	struct reply reply;
	bool		read;			/* the request is complete */
	bool		served;
	bool		too_big;
	bool		suspended;
	int64_t		wake_ms;
	int64_t		began_ms;		/* of a slow body */
};

static void
wait_for(struct exchange *exchange, long ms)
{
	exchange->wake_ms = sim_now_ms() + ms;
	exchange->suspended = true;
	vec_push(&exchange->http->waiting, exchange);
	MHD_suspend_connection(exchange->connection);
}

/* --- the request --------------------------------------------------------------- */

static enum MHD_Result
take_argument(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size,
			  const char *value, size_t value_size)
{
	struct request *request = cls;
	char	   *copy = sim_alloc(value_size + 1);

	(void) kind;
	(void) key_size;
	if (value)
		memcpy(copy, value, value_size);
	request_add_param(request, sim_strdup(key), copy, value ? value_size : 0);
	return MHD_YES;
}

/* A copy of a header's value, NULL = absent or not UTF-8. */
static char *
header(struct MHD_Connection *connection, const char *name)
{
	const char *value;

	value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
	return value && utf8_valid(value, strlen(value)) ? sim_strdup(value) : NULL;
}

static struct exchange *
begin_exchange(struct http *http, struct MHD_Connection *connection, const char *path,
			   const char *method)
{
	static const char *const methods[] = {"GET", "POST", "DELETE", "PUT", "HEAD"};
	const union MHD_ConnectionInfo *info;
	struct exchange *exchange = sim_alloc(sizeof(*exchange));
	struct request *request = &exchange->request;
	int			known = name_index(methods, 5, method);

	exchange->http = http;
	exchange->connection = connection;
	exchange->reply = (struct reply) {.status = 200, .cut_at = -1};
	request->method = known < 0 ? "OTHER" : methods[known];
	request->path = sim_strdup(utf8_valid(path, strlen(path)) ? path : "/not-utf-8");
	request->authorization = header(connection, "Authorization");
	request->content_type = header(connection, "Content-Type");
	request->host = header(connection, "Host");
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info && info->client_addr->sa_family == AF_INET)
		inet_ntop(AF_INET, &((struct sockaddr_in *) info->client_addr)->sin_addr,
				  request->address, sizeof(request->address));
	MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take_argument,
								request);
	return exchange;
}

static void
end_exchange(void *cls, struct MHD_Connection *connection, void **con_cls,
			 enum MHD_RequestTerminationCode why)
{
	struct exchange *exchange = *con_cls;

	(void) cls;
	(void) connection;
	(void) why;
	if (!exchange)
		return;
	request_free(&exchange->request);
	out_free(&exchange->reply.body);
	free(exchange);
	*con_cls = NULL;
}

/* --- the reply ------------------------------------------------------------------- */

/* Hands out a body that is padded, cut short or slow. */
static ssize_t
read_body(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct exchange *exchange = cls;
	const struct reply *reply = &exchange->reply;
	size_t		n = max;

	if (reply->cut_at >= 0)
	{
		if (pos >= (uint64_t) reply->cut_at)
			return MHD_CONTENT_READER_END_WITH_ERROR;
		if (n > (uint64_t) reply->cut_at - pos)
			n = (size_t) ((uint64_t) reply->cut_at - pos);
	}
	if (reply->bytes_per_second)
	{
		int64_t		elapsed = sim_now_ms() - exchange->began_ms;
		uint64_t	due = (uint64_t) (elapsed * reply->bytes_per_second / 1000);

		if (due <= pos)
		{
			wait_for(exchange, DRIP_MS);
			return 0;
		}
		if (n > due - pos)
			n = (size_t) (due - pos);
	}
	if (pos >= reply->body.len)
	{
		memset(buf, ' ', n);
		return (ssize_t) n;
	}
	if (n > reply->body.len - pos)
		n = (size_t) (reply->body.len - pos);
	memcpy(buf, reply->body.data + pos, n);
	return (ssize_t) n;
}

/* The three headers of Mastodon's API. */
static void
add_rate_headers(struct MHD_Response *response, const struct rate_left *left)
{
	time_t		seconds = (time_t) (left->reset_ms / 1000);
	char		number[24];
	char		instant[32];
	char		reset[48];
	struct tm	utc;

	snprintf(number, sizeof(number), "%ld", left->limit);
	MHD_add_response_header(response, "X-RateLimit-Limit", number);
	snprintf(number, sizeof(number), "%ld", left->calls);
	MHD_add_response_header(response, "X-RateLimit-Remaining", number);
	strftime(instant, sizeof(instant), "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &utc));
	snprintf(reset, sizeof(reset), "%s.%03d000Z", instant, (int) (left->reset_ms % 1000));
	MHD_add_response_header(response, "X-RateLimit-Reset", reset);
}

static enum MHD_Result
queue_reply(struct exchange *exchange)
{
	struct reply *reply = &exchange->reply;
	struct MHD_Response *response;
	size_t		size = reply->body.len;
	enum MHD_Result result;

	if (reply->cut)
		return MHD_NO;
	if (reply->pad_to > 0 && (size_t) reply->pad_to > size)
		size = (size_t) reply->pad_to;
	if (reply->cut_at >= 0 && (size_t) reply->cut_at >= size)
		reply->cut_at = -1;
	if (reply->cut_at >= 0 || reply->pad_to > 0 || reply->bytes_per_second)
	{
		exchange->began_ms = sim_now_ms();
		response = MHD_create_response_from_callback(size, 16384, read_body, exchange,
													 NULL);
	}
	else
		response = MHD_create_response_from_buffer(size, reply->body.data,
												   MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", "application/json;charset=UTF-8");
	if (reply->left.limit > 0)
		add_rate_headers(response, &reply->left);
	result = MHD_queue_response(exchange->connection, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static void
serve_now(struct exchange *exchange, const struct face *face, struct fault *fault)
{
	struct world *world = exchange->http->world;

	exchange->served = true;
	world->now_ms = sim_now_ms();
	if (face)
		serve_face(world, face, &exchange->request, fault, &exchange->reply);
	else
		serve_control(world, &exchange->request, &exchange->reply);
}

/* A complete request: serve it, or hold it back first where a fault says so. */
static void
serve_request(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	const struct face *face = face_of(request->path);
	struct fault *fault = NULL;

	exchange->read = true;
	if (exchange->too_big)
	{
		exchange->served = true;
		exchange->reply.status = 413;
		return;
	}
	request_read_form(request);
	oauth1_read_header(request);
	if (face)
		fault = serve_pick(exchange->http->world, face, request);
	if (fault && fault->hold)
	{
		wait_for(exchange, fault->ms);
		return;
	}
	serve_now(exchange, face, fault);
	if (exchange->reply.delay_ms > 0)
		wait_for(exchange, exchange->reply.delay_ms);
}

static enum MHD_Result
handle(void *cls, struct MHD_Connection *connection, const char *path,
	   const char *method, const char *version, const char *upload, size_t *upload_size,
	   void **con_cls)
{
	struct exchange *exchange = *con_cls;

	(void) version;
	if (!exchange)
	{
		*con_cls = begin_exchange(cls, connection, path, method);
		return MHD_YES;
	}
	if (*upload_size > 0)
	{
		if (exchange->request.body.len + *upload_size > BODY_LIMIT)
			exchange->too_big = true;
		else
			out_bytes(&exchange->request.body, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	if (!exchange->read)
		serve_request(exchange);
	return exchange->suspended ? MHD_YES : queue_reply(exchange);
}

/* --- the loop -------------------------------------------------------------------- */

struct http *
http_start(struct world *world, unsigned short port)
{
	struct http *http = sim_alloc(sizeof(*http));
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	http->world = world;
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, port,
									NULL, NULL, handle, http,
									MHD_OPTION_SOCK_ADDR, &address,
									MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
									MHD_OPTION_CONNECTION_LIMIT, 1000u,
									MHD_OPTION_NOTIFY_COMPLETED, end_exchange, NULL,
									MHD_OPTION_END);
	if (http->daemon)
		return http;
	fprintf(stderr, "kefu-sim: cannot listen on port %u: %s\n", port, strerror(errno));
	free(http);
	return NULL;
}

unsigned short
http_port(const struct http *http)
{
	return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

/*
 * Resumes what is due, serving what was held back.  all: the end has come;
 * everything is resumed, and what was held back is dropped undone.
 */
static void
wake(struct http *http, bool all)
{
	int64_t		now = sim_now_ms();
	struct vec	still = {0};
	struct vec	due = http->waiting;

	memset(&http->waiting, 0, sizeof(http->waiting));
	for (size_t i = 0; i < due.n; i++)
	{
		struct exchange *exchange = due.at[i];

		if (!all && exchange->wake_ms > now)
		{
			vec_push(&still, exchange);
			continue;
		}
		if (!exchange->served && all)
			exchange->reply.cut = exchange->served = true;
		else if (!exchange->served)
			serve_now(exchange, face_of(exchange->request.path), NULL);
		exchange->suspended = false;
		MHD_resume_connection(exchange->connection);
	}
	vec_free(&due);
	http->waiting = still;
}

/* Milliseconds until something has to be done without any event, -1 = never. */
static int64_t
idle_ms(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG timeout;
	int64_t		ms = carriers_idle_ms(&http->carriers, http->world);
	int64_t		now = sim_now_ms();

	if (MHD_get_timeout(http->daemon, &timeout) == MHD_YES && (ms < 0 || (int64_t) timeout < ms))
		ms = (int64_t) timeout;
	for (size_t i = 0; i < http->waiting.n; i++)
	{
		int64_t		left = ((struct exchange *) http->waiting.at[i])->wake_ms - now;

		left = left < 0 ? 0 : left;
		ms = ms < 0 || left < ms ? left : ms;
	}
	return ms;
}

void
http_run(struct http *http, const volatile sig_atomic_t *stop, const sigset_t *signals)
{
	struct pollfd fds[1 + CARRIERS] = {{.events = POLLIN}};

	fds[0].fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	while (!*stop)
	{
		int64_t		ms = idle_ms(http);
		struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

		nfds_t		n = 1 + carriers_wait_for(&http->carriers, fds + 1);

		if (ppoll(fds, n, ms < 0 ? NULL : &limit, signals) < 0 && errno != EINTR)
			break;
		wake(http, false);
		MHD_run(http->daemon);
		carriers_run(&http->carriers, http->world);
	}
}

void
http_stop(struct http *http)
{
	wake(http, true);
	MHD_run(http->daemon);
	wake(http, true);
	MHD_stop_daemon(http->daemon);
	vec_free(&http->waiting);
	carriers_stop(&http->carriers);
	free(http);
}
