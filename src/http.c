/*
 * http.c
 *		Many HTTP requests at once, without ever waiting.
 *
 * The only file that knows libcurl.  Its sockets and its one timer live in a
 * private epoll instance whose descriptor joins the worker's other events, so
 * that the worker sleeps in one place and nothing is ever polled.
 *
 * Guarantees:
 * - no error is raised while libcurl is on the stack: callbacks note what
 *   happened in plain memory and return;
 * - a request that isn't a GET goes out on a fresh connection.  libcurl
 *   silently repeats a request whose reused connection broke before the first
 *   byte of a reply, and the far side may have acted on the first copy;
 * - the address that was checked is the one that is fetched: it is parsed once,
 *   and libcurl gets the parsed form;
 * - certificates are always verified, redirects never followed, environment
 *   variables, cookies and netrc never looked at.
 *
 * It doesn't retry, doesn't interpret a status and doesn't know what a reply
 * means.
 */
#include "kefu.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <curl/curl.h>

#include "storage/fd.h"

#include "guc.h"
#include "http.h"

#define TIMEOUT_MS 30000
#define MAX_BYTES (1024 * 1024)
#define MAX_HEADER_BYTES (16 * 1024)
#define MAX_REQUEST_HEADERS 32
#define SLOW_BYTES 16L			/* a second, ... */
#define SLOW_SECONDS 30L		/* ... for so long, ends a transfer */
#define EVENTS 64
#define IDLE_HANDLES 64

/* Bytes that grow up to a limit. */
typedef struct Buffer
{
	char	   *data;
	size_t		length;
	size_t		room;
	size_t		limit;
} Buffer;

typedef struct Transfer
{
	KefuHttpReply reply;		/* first: the caller's pointer is ours */
	CURL	   *easy;
	CURLU	   *url;
	struct curl_slist *headers;
	Buffer		body;
	Buffer		header;
	const char *stopped;		/* why a callback ended it; NULL: none did */
	char		phrase[48];
	bool		is_https;
	struct Transfer *next;		/* in the list of the finished */
} Transfer;

static CURLM *multi = NULL;
static int	poll_fd = -1;
static int	timer_fd = -1;
static long timer_ms = -1;		/* what libcurl wants; -1: no timer */
static bool timer_is_set = true;
static int	active = 0;
static Transfer *finished = NULL;
static Transfer **finished_tail = &finished;

/* Handles keep nothing of a request once reset, but cost a lot to make. */
static CURL *idle[IDLE_HANDLES];
static int	idle_count = 0;

/*
 * libcurl starts a thread to look up a name.  It inherits the signal mask, and
 * the server's handlers must run on the main thread only.
 */
static sigset_t signals_before;

static void
hold_signals(void)
{
	sigset_t	all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &signals_before);
}

static void
release_signals(void)
{
	pthread_sigmask(SIG_SETMASK, &signals_before, NULL);
}

/* ---- callbacks: no server function that could raise an error ---- */

static bool
append(Buffer *buffer, const char *data, size_t length)
{
	if (length > buffer->limit - buffer->length)
		return false;
	if (length > buffer->room - buffer->length)
	{
		size_t		room = Max(Max(buffer->room * 2, 4096), buffer->length + length);
		char	   *grown;

		room = Min(room, buffer->limit);
		grown = realloc(buffer->data, room);
		if (grown == NULL)
			return false;
		buffer->data = grown;
		buffer->room = room;
	}
	memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	return true;
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	Transfer   *transfer = arg;

	if (append(&transfer->body, data, size * count))
		return size * count;
	transfer->stopped = "reply too large";
	return 0;
}

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	Transfer   *transfer = arg;
	size_t		length = size * count;

	/* Only the last reply's: an interim one (100, 103) comes before it. */
	if (length >= 5 && memcmp(data, "HTTP/", 5) == 0)
		transfer->header.length = 0;
	if (append(&transfer->header, data, length))
		return length;
	transfer->stopped = "reply headers too large";
	return 0;
}

static int
on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *known)
{
	struct epoll_event event = {0};

	if (what == CURL_POLL_REMOVE)
	{
		(void) epoll_ctl(poll_fd, EPOLL_CTL_DEL, socket, NULL);
		return 0;
	}
	event.data.fd = socket;
	if (what & CURL_POLL_IN)
		event.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		event.events |= EPOLLOUT;
	/* A number the system has given out again may still be registered. */
	if (epoll_ctl(poll_fd, EPOLL_CTL_MOD, socket, &event) != 0 && errno == ENOENT)
		(void) epoll_ctl(poll_fd, EPOLL_CTL_ADD, socket, &event);
	return 0;					/* if that failed, the transfer's time limit ends it */
}

/*
 * libcurl changes its mind several times a request; the timer is set once, by
 * set_timer().
 */
static int
on_timer(CURLM *handle, long ms, void *arg)
{
	if (ms != timer_ms || ms > 0)
		timer_is_set = false;
	timer_ms = ms;
	return 0;
}

static void
set_timer(void)
{
	struct itimerspec at = {{0}};	/* -1: disarm */

	if (timer_is_set)
		return;
	if (timer_ms > 0)
	{
		at.it_value.tv_sec = timer_ms / 1000;
		at.it_value.tv_nsec = (timer_ms % 1000) * 1000000;
	}
	else if (timer_ms == 0)
		at.it_value.tv_nsec = 1;	/* 0 would disarm */
	(void) timerfd_settime(timer_fd, 0, &at, NULL);
	timer_is_set = true;
}

/* ---- set-up ---- */

static int
watch_timer(void)
{
	struct epoll_event event = {.events = EPOLLIN};

	event.data.fd = timer_fd;
	return epoll_ctl(poll_fd, EPOLL_CTL_ADD, timer_fd, &event);
}

void
kefu_http_open(void)
{
	CURLcode	rc;

	ReserveExternalFD();
	ReserveExternalFD();
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (poll_fd < 0 || timer_fd < 0 || watch_timer() != 0)
		ereport(FATAL,
				(errcode_for_socket_access(),
				 errmsg("could not set up the network worker's events: %m")));
	hold_signals();
	rc = curl_global_init(CURL_GLOBAL_ALL);
	multi = rc == CURLE_OK ? curl_multi_init() : NULL;
	release_signals();
	if (multi == NULL)
		ereport(FATAL,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not initialize libcurl")));
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

int
kefu_http_descriptor(void)
{
	return poll_fd;
}

/* ---- one request ---- */

static void
finish(Transfer *transfer, const char *error)
{
	KefuHttpReply *reply = &transfer->reply;

	if (error != NULL)
		transfer->body.length = 0;
	reply->error = error;
	reply->body = transfer->body.length > 0 ? transfer->body.data : NULL;
	reply->body_length = transfer->body.length;
	reply->headers = transfer->header.length > 0 ? transfer->header.data : NULL;
	reply->headers_length = transfer->header.length;
	reply->finished_at = GetCurrentTimestamp();
	transfer->next = NULL;
	*finished_tail = transfer;
	finished_tail = &transfer->next;
}

static bool
is_listed(const char *host, const char *list)
{
	size_t		length = strlen(host);

	for (const char *at = list; *at != '\0';)
	{
		const char *end;

		at += strspn(at, ", \t");
		end = at + strcspn(at, ", \t");
		if (end - at == length && pg_strncasecmp(at, host, length) == 0)
			return true;
		at = end;
	}
	return false;
}

/*
 * Parses and checks the address.  Returns NULL if it may be contacted, else
 * why not.
 */
static const char *
check_url(Transfer *transfer, const KefuHttpRequest *request)
{
	char	   *scheme = NULL;
	char	   *host = NULL;
	const char *error = NULL;

	transfer->url = curl_url();
	if (transfer->url == NULL)
		return "out of memory";
	if (curl_url_set(transfer->url, CURLUPART_URL, request->url,
					 CURLU_DISALLOW_USER) != CURLUE_OK ||
		curl_url_get(transfer->url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
		curl_url_get(transfer->url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		error = "invalid URL";
	else
	{
		transfer->is_https = strcmp(scheme, "https") == 0;
		if (!transfer->is_https && strcmp(scheme, "http") != 0)
			error = "scheme not allowed";
		else if (!transfer->is_https && !(request->allows_http && kefu_allow_http))
			error = "plain http not allowed";
		else if (kefu_allowed_hosts[0] != '\0' && !is_listed(host, kefu_allowed_hosts))
			error = "host not allowed";
	}
	curl_free(scheme);
	curl_free(host);
	return error;
}

static bool
add_header(Transfer *transfer, const char *header)
{
	struct curl_slist *longer;

	/* A line break would let a value bring headers of its own. */
	if (strpbrk(header, "\r\n") != NULL)
		return false;
	longer = curl_slist_append(transfer->headers, header);
	if (longer != NULL)
		transfer->headers = longer;
	return longer != NULL;
}

static const char *
set_headers(Transfer *transfer, const KefuHttpRequest *request)
{
	char		type[256];

	if (request->header_count > MAX_REQUEST_HEADERS)
		return "invalid request headers";
	for (int i = 0; i < request->header_count; i++)
		if (!add_header(transfer, request->headers[i]))
			return "invalid request headers";
	if (request->content_type != NULL)
	{
		if (snprintf(type, sizeof(type), "Content-Type: %s",
					 request->content_type) >= (int) sizeof(type) ||
			!add_header(transfer, type))
			return "invalid request headers";
	}
	/* Asking leave before sending a body costs a round trip, or a second. */
	if (!add_header(transfer, "Expect:"))
		return "out of memory";
	return NULL;
}

/*
 * Options that no request may differ in.
 */
static void
set_policy(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Giving up must not wait for a name server that doesn't answer. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	/* 2 would let libcurl repeat a refused stream on its own. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, kefu_tls_min_version == KEFU_TLS_1_3 ?
					 (long) CURL_SSLVERSION_TLSv1_3 : (long) CURL_SSLVERSION_TLSv1_2);
	if (kefu_ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, kefu_ca_file);
	/* An empty one also keeps libcurl from the environment's proxy. */
	curl_easy_setopt(easy, CURLOPT_PROXY, kefu_proxy);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) kefu_connect_timeout);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "pg_kefu/" KEFU_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
}

static const char *
set_method(CURL *easy, const KefuHttpRequest *request)
{
	bool		is_get = strcmp(request->method, "GET") == 0;

	if (!is_get && strcmp(request->method, "POST") != 0 &&
		strcmp(request->method, "PUT") != 0 && strcmp(request->method, "PATCH") != 0 &&
		strcmp(request->method, "DELETE") != 0)
		return "method not supported";
	if (is_get)
		return request->body == NULL ? NULL : "method not supported";
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	if (request->body != NULL || strcmp(request->method, "DELETE") != 0)
	{
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
						 (curl_off_t) request->body_length);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	return NULL;
}

/*
 * Everything up to the first byte.  Returns NULL or why the request can't be
 * made; the signals are held.
 */
static const char *
prepare(Transfer *transfer, const KefuHttpRequest *request)
{
	const char *error = request->refusal;

	if (error == NULL)
		error = check_url(transfer, request);
	if (error == NULL)
		error = set_headers(transfer, request);
	if (error != NULL)
		return error;
	transfer->easy = idle_count > 0 ? idle[--idle_count] : curl_easy_init();
	if (transfer->easy == NULL)
		return "out of memory";
	error = set_method(transfer->easy, request);
	if (error != NULL)
		return error;
	set_policy(transfer->easy);
	curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(transfer->easy, CURLOPT_CURLU, transfer->url);
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
	curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS,
					 (long) (request->timeout_ms > 0 ? request->timeout_ms : TIMEOUT_MS));
	curl_easy_setopt(transfer->easy, CURLOPT_MAXFILESIZE_LARGE,
					 (curl_off_t) transfer->body.limit);
	if (curl_multi_add_handle(multi, transfer->easy) != CURLM_OK)
		return "out of memory";
	return NULL;
}

/*
 * Gives back what only the exchange itself needed.
 */
static void
recycle(Transfer *transfer)
{
	if (transfer->easy != NULL)
	{
		curl_easy_reset(transfer->easy);
		if (idle_count < IDLE_HANDLES)
			idle[idle_count++] = transfer->easy;
		else
			curl_easy_cleanup(transfer->easy);
		transfer->easy = NULL;
	}
	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
	curl_url_cleanup(transfer->url);
	transfer->url = NULL;
}

void
kefu_http_start(const KefuHttpRequest *request)
{
	Transfer   *transfer = calloc(1, sizeof(Transfer));
	const char *error;

	if (transfer == NULL)
		ereport(FATAL,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	transfer->reply.owner = request->owner;
	transfer->reply.started_at = GetCurrentTimestamp();
	transfer->body.limit = request->max_bytes > 0 ? request->max_bytes : MAX_BYTES;
	transfer->header.limit = MAX_HEADER_BYTES;
	hold_signals();
	error = prepare(transfer, request);
	if (error == NULL)
		active++;
	else
	{
		recycle(transfer);
		finish(transfer, error);
	}
	set_timer();
	release_signals();
}

/* ---- the end of a request ---- */

static bool
has_happened(Transfer *transfer, CURLINFO instant)
{
	curl_off_t	us = 0;

	return curl_easy_getinfo(transfer->easy, instant, &us) == CURLE_OK && us > 0;
}

static const char *
explain_timeout(Transfer *transfer)
{
	if (!has_happened(transfer, CURLINFO_NAMELOOKUP_TIME_T))
		return "timed out resolving the host";
	if (!has_happened(transfer, CURLINFO_CONNECT_TIME_T))
		return "timed out connecting";
	if (transfer->is_https && !has_happened(transfer, CURLINFO_APPCONNECT_TIME_T))
		return "timed out in the TLS handshake";
	return "timed out waiting for the reply";
}

/*
 * To libcurl a tunnel that the proxy doesn't open is a failure to receive.
 */
static bool
is_refused_by_proxy(Transfer *transfer)
{
	long		status = 0;

	return curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE,
							 &status) == CURLE_OK && status >= 300;
}

static const char *
explain(Transfer *transfer, CURLcode rc)
{
	if (rc == CURLE_OK)
		return NULL;
	if (transfer->stopped != NULL)
		return transfer->stopped;
	if (is_refused_by_proxy(transfer))
		return "could not use the proxy";
	switch (rc)
	{
		case CURLE_OPERATION_TIMEDOUT:
			return explain_timeout(transfer);
		case CURLE_COULDNT_RESOLVE_HOST:
			return "could not resolve the host";
		case CURLE_COULDNT_RESOLVE_PROXY:
		case CURLE_PROXY:
			return "could not use the proxy";
		case CURLE_COULDNT_CONNECT:
			return "could not connect";
		case CURLE_SSL_CONNECT_ERROR:
		case CURLE_USE_SSL_FAILED:
			return "TLS handshake failed";
		case CURLE_PEER_FAILED_VERIFICATION:
			return "certificate not trusted";
		case CURLE_SSL_CACERT_BADFILE:
			return kefu_ca_file[0] != '\0' ? "could not read kefu.ca_file" :
				"no trusted certificates";
		case CURLE_FILESIZE_EXCEEDED:
			return "reply too large";
		case CURLE_BAD_CONTENT_ENCODING:
			return "invalid compression";
		case CURLE_GOT_NOTHING:
		case CURLE_PARTIAL_FILE:
		case CURLE_RECV_ERROR:
		case CURLE_SEND_ERROR:
			return "connection cut";
		case CURLE_WEIRD_SERVER_REPLY:
		case CURLE_UNSUPPORTED_PROTOCOL:
			return "not an HTTP reply";
		case CURLE_OUT_OF_MEMORY:
			return "out of memory";
		default:
			snprintf(transfer->phrase, sizeof(transfer->phrase),
					 "transfer failed (libcurl %d)", (int) rc);
			return transfer->phrase;
	}
}

static void
complete(CURL *easy, CURLcode rc)
{
	Transfer   *transfer = NULL;
	const char *error;
	long		status = 0;
	long		request_bytes = 0;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **) &transfer);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	error = explain(transfer, rc);
	transfer->reply.status = (int) status;

	/*
	 * libcurl stamps this instant when the connection is ready, right before
	 * it hands over the first byte: later than any failure to resolve, connect
	 * or shake hands, never later than the request.  Newer ones (8.22 does, 8.14
	 * doesn't) stamp it on such a failure too, when not a byte has gone out.
	 */
	curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
	transfer->reply.bytes_sent = status != 0 ||
		(request_bytes > 0 && has_happened(transfer, CURLINFO_PRETRANSFER_TIME_T));
	curl_multi_remove_handle(multi, easy);
	recycle(transfer);
	active--;
	finish(transfer, error);
}

static void
act_on(const struct epoll_event *event)
{
	int			running;
	int			ready = 0;
	uint64		expirations;

	if (event->data.fd == timer_fd)
	{
		(void) !read(timer_fd, &expirations, sizeof(expirations));
		if (timer_is_set)
			timer_ms = -1;		/* what is to be set yet, holds */
		(void) curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
		return;
	}
	if (event->events & EPOLLIN)
		ready |= CURL_CSELECT_IN;
	if (event->events & EPOLLOUT)
		ready |= CURL_CSELECT_OUT;
	if (event->events & (EPOLLERR | EPOLLHUP))
		ready |= CURL_CSELECT_ERR;
	(void) curl_multi_socket_action(multi, event->data.fd, ready, &running);
}

void
kefu_http_drive(void)
{
	struct epoll_event events[EVENTS];
	CURLMsg    *message;
	int			left;
	int			count;

	if (active == 0 && idle_count == 0)
		return;
	hold_signals();
	count = epoll_wait(poll_fd, events, EVENTS, 0);
	for (int i = 0; i < count; i++)
		act_on(&events[i]);
	while ((message = curl_multi_info_read(multi, &left)) != NULL)
		if (message->msg == CURLMSG_DONE)
			complete(message->easy_handle, message->data.result);
	set_timer();
	release_signals();
}

KefuHttpReply *
kefu_http_take(void)
{
	Transfer   *transfer = finished;

	if (transfer == NULL)
		return NULL;
	finished = transfer->next;
	if (finished == NULL)
		finished_tail = &finished;
	return &transfer->reply;
}

void
kefu_http_free(KefuHttpReply *reply)
{
	Transfer   *transfer = (Transfer *) reply;

	free(transfer->body.data);
	free(transfer->header.data);
	free(transfer);
}
