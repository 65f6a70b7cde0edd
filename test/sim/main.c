/*
 * main.c
 *	  kefu-sim: a microblog platform on loopback, for tests.
 *
 * Prints `port N` when it listens, serves until SIGTERM or SIGINT, removes its pid
 * file and frees everything, so that a leak checker has nothing to say.
 */
#include "http.h"
#include "journal.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

struct options
{
	unsigned short port;
	uint64_t	seed;
	const char *pidfile;
	const char *state;
};

static void
on_signal(int signal_number)
{
	(void) signal_number;
	stop = 1;
}

/* The signals that stop us arrive only while the loop waits. */
static void
set_signals(sigset_t *while_waiting)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t	blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, while_waiting);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static bool
read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{"port", required_argument, NULL, 'p'},
		{"seed", required_argument, NULL, 's'},
		{"pidfile", required_argument, NULL, 'f'},
		{"state", required_argument, NULL, 'j'},
		{NULL, 0, NULL, 0}
	};
	int			c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1)
	{
		if (c == 'f')
			options->pidfile = optarg;
		else if (c == 'j')
			options->state = optarg;
		else if ((c != 'p' && c != 's') || !is_digits(optarg))
			return false;
		else if (c == 's')
			options->seed = strtoull(optarg, NULL, 10);
		else if (strlen(optarg) > 5 || atol(optarg) > 65535)
			return false;
		else
			options->port = (unsigned short) atol(optarg);
	}
	return optind == argc;
}

static bool
write_pid(const char *path)
{
	FILE	   *file = fopen(path, "w");
	bool		ok = file && fprintf(file, "%ld\n", (long) getpid()) > 0;

	if (file && fclose(file) != 0)
		ok = false;
	if (!ok)
		perror("kefu-sim: cannot write the pid file");
	return ok;
}

static bool
serve(struct world *world, const struct options *options)
{
	sigset_t	while_waiting;
	struct http *http;

	set_signals(&while_waiting);
	http = http_start(world, options->port);
	if (!http)
		return false;
	if (options->pidfile && !write_pid(options->pidfile))
	{
		http_stop(http);
		return false;
	}
	printf("port %u\n", http_port(http));
	fflush(stdout);
	http_run(http, &stop, &while_waiting);
	http_stop(http);
	if (options->pidfile)
		unlink(options->pidfile);
	return true;
}

int
main(int argc, char **argv)
{
	struct options options = {.seed = 1};
	struct world world;
	bool		ok;

	if (!read_options(argc, argv, &options))
	{
		fputs("usage: kefu-sim [--port N] [--seed N] [--pidfile FILE] [--state FILE]\n"
			  "port 0, the default, takes any free one; it is printed as `port N`\n",
			  stderr);
		return 2;
	}
	world_init(&world, options.seed);
	ok = (!options.state || journal_open(&world, options.state)) &&
		serve(&world, &options);
	if (world.journal)
		fclose(world.journal);
	world_free(&world);
	return ok ? 0 : 1;
}
