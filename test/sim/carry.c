/*
 * carry.c
 *	  Brings pushes to receivers on the loopback.
 *
 * One connection a try, closed by whoever answers.  A try that isn't over when the
 * account's patience is counts as unanswered, whatever the receiver made of it.
 */
#include "carry.h"
#include "fans.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_LIMIT (64 * 1024)

struct carrier
{
	int			fd;
	struct push *push;
	uint64_t	resets;			/* of the world, whose push it was */
	struct out	request;
	size_t		sent;
	struct out	reply;
	int64_t		deadline_ms;
	bool		hangs_up;
};

static int
connect_to(const char *url)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int			fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t) atoi(url + strlen("http://127.0.0.1:")));
	if (fd >= 0 && connect(fd, (struct sockaddr *) &address, sizeof(address)) != 0 &&
		errno != EINPROGRESS)
	{
		close(fd);
		fd = -1;
	}
	return fd;
}

static void
free_carrier(struct carrier *carrier)
{
	if (carrier->fd >= 0)
		close(carrier->fd);
	out_free(&carrier->request);
	out_free(&carrier->reply);
	free(carrier);
}

/* Reads the reply that is there, and books the try. */
static void
finish(struct world *world, struct carrier *carrier, bool answered)
{
	const char *text = answered && carrier->reply.len ? carrier->reply.data : "";
	const char *body = strstr(text, "\r\n\r\n");
	enum push_answer answer = ANSWER_NONE;
	long		status = 0;
	bool		taken;

	if (!body || sscanf(text, "HTTP/1.%*d %ld", &status) != 1)
		status = 0;
	taken = status > 0 &&
		fans_acknowledged(world, carrier->push, status, body + 4, &answer);
	carrier->push->account->under_way--;
	world_note_push(world, carrier->push, status, taken, answer);
}

/*
 * Sends and receives what goes without waiting.  True if the try is over; *answered:
 * the receiver has closed, so there may be a reply.
 */
static bool
proceed(struct carrier *carrier, bool *answered)
{
	char		buffer[4096];
	ssize_t		n;

	*answered = false;
	while (carrier->sent < carrier->request.len)
	{
		n = send(carrier->fd, carrier->request.data + carrier->sent,
				 carrier->request.len - carrier->sent, MSG_NOSIGNAL);
		if (n < 0)
			return errno != EAGAIN && errno != ENOTCONN;
		carrier->sent += (size_t) n;
	}
	if (carrier->hangs_up)
		return true;
	while ((n = recv(carrier->fd, buffer, sizeof(buffer), 0)) > 0)
	{
		out_bytes(&carrier->reply, buffer, (size_t) n);
		if (carrier->reply.len > REPLY_LIMIT)
			return true;
	}
	*answered = n == 0;
	return n == 0 || errno != EAGAIN;
}

static void
send_push(struct carriers *carriers, struct world *world, struct push *push)
{
	const struct push_config *how = &push->account->push;
	struct carrier *carrier = sim_alloc(sizeof(*carrier));

	carrier->push = push;
	carrier->resets = world->resets;
	carrier->deadline_ms = world->now_ms + how->patience_ms;
	carrier->hangs_up = push->kind != PUSH_SETUP &&
		sim_chance(world->seed, carriers->hang_ups++, how->hang_up);
	fans_request(world, push, &carrier->request);
	carrier->fd = connect_to(how->url);
	push->state = PUSH_UNDER_WAY;
	push->account->under_way++;
	if (carrier->fd >= 0)
	{
		vec_push(&carriers->under_way, carrier);
		return;
	}
	finish(world, carrier, false);
	free_carrier(carrier);
}

static void
send_more(struct carriers *carriers, struct world *world)
{
	for (size_t i = 0; i < world->officials.n; i++)
	{
		struct push *push;

		while (carriers->under_way.n < CARRIERS &&
			   (push = world_next_push(world, world->officials.at[i])) != NULL)
			send_push(carriers, world, push);
	}
}

void
carriers_run(struct carriers *carriers, struct world *world)
{
	size_t		kept = 0;

	world->now_ms = sim_now_ms();
	for (size_t i = 0; i < carriers->under_way.n; i++)
	{
		struct carrier *carrier = carriers->under_way.at[i];
		bool		answered = false;

		if (carrier->resets == world->resets && !proceed(carrier, &answered) &&
			carrier->deadline_ms > world->now_ms)
		{
			carriers->under_way.at[kept++] = carrier;
			continue;
		}
		if (carrier->resets == world->resets)
			finish(world, carrier, answered);
		free_carrier(carrier);
	}
	carriers->under_way.n = kept;
	send_more(carriers, world);
}

size_t
carriers_wait_for(const struct carriers *carriers, struct pollfd *fds)
{
	for (size_t i = 0; i < carriers->under_way.n; i++)
	{
		const struct carrier *carrier = carriers->under_way.at[i];

		fds[i].fd = carrier->fd;
		fds[i].events = carrier->sent < carrier->request.len ? POLLOUT : POLLIN;
	}
	return carriers->under_way.n;
}

static int64_t
sooner(int64_t ms, int64_t left)
{
	left = left < 0 ? 0 : left;
	return ms < 0 || left < ms ? left : ms;
}

int64_t
carriers_idle_ms(const struct carriers *carriers, const struct world *world)
{
	int64_t		now = sim_now_ms();
	int64_t		ms = -1;

	for (size_t i = 0; i < carriers->under_way.n; i++)
	{
		const struct carrier *carrier = carriers->under_way.at[i];

		ms = sooner(ms, carrier->deadline_ms - now);
	}
	if (carriers->under_way.n == CARRIERS)
		return ms;
	for (size_t i = 0; i < world->open_pushes.n; i++)
	{
		const struct push *push = world->open_pushes.at[i];
		const struct user *account = push->account;

		if (push->state == PUSH_WAITING && account->under_way < account->push.at_once &&
			(account->is_set_up || push->kind == PUSH_SETUP))
			ms = sooner(ms, push->due_ms - now);
	}
	return ms;
}

void
carriers_stop(struct carriers *carriers)
{
	for (size_t i = 0; i < carriers->under_way.n; i++)
		free_carrier(carriers->under_way.at[i]);
	vec_free(&carriers->under_way);
}
