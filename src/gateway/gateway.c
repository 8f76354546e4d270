/* gateway.c - see gateway.h: the control thread. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/rng_os.h"
#include "gateway/admin.h"
#include "gateway/conf_report.h"
#include "gateway/control.h"
#include "gateway/notify.h"
#include "gateway/watch.h"
#include "gateway/worker.h"
#include "io/signals.h"

#define ERROR_TEXT_MAX 256
#define LOG_PIECE ((size_t)4096) /* what a pipe has room for when it has any */
#define LOG_WAIT_MS 100

struct gateway {
	struct loop loop;
	struct mailbox box;
	struct signals signals;
	struct watch watch;
	struct control control;
	struct admin *admin; /* null: none */
	struct worker *workers;
	const struct stats **stats;
	struct client_table clients;
	unsigned worker_count, started, finished;
	struct runtime *runtime;
	char devices[WORKER_NETS_MAX][DEVICE_WORDS_MAX]; /* that the first worker has */
	size_t device_count;
	const char *path;
	const struct gateway_options *options;
	int log_fd;
	bool log_is_file;  /* a regular one, where writing never waits for a reader */
	bool log_is_stuck; /* its reader does not read */
	bool log_is_torn;  /* the last line was cut off */
	uint64_t log_lines_lost; /* here: for want of room */
	int64_t started_unix_ms, loaded_unix_ms;
	uint64_t reloads;
	bool last_reload_ok;
	bool stopping;
	char last_error[ERROR_TEXT_MAX];
};

static const int signal_list[] = { SIGTERM, SIGINT, SIGHUP, 0 };

static void say(const struct gateway *gw, const char *text, const char *more)
{
	if (!gw->options->quiet)
		fprintf(stderr, "bojagi: %s%s\n", text, more);
}

static enum bj_err complain(struct gateway *gw, enum bj_err err, const char *what, const char *which)
{
	snprintf(gw->last_error, sizeof(gw->last_error), "%s %s: %s", what, which, bj_err_text(err));
	fprintf(stderr, "bojagi: error: %s [%s]\n", gw->last_error, bj_err_id(err));
	return err;
}

/* With what the system says, too, where our own words say little. */
static enum bj_err complain_with_errno(struct gateway *gw, enum bj_err err, const char *what, const char *which)
{
	char more[ERROR_TEXT_MAX - 56];

	if ((err != BJ_ERR_IO && err != BJ_ERR_IO_UNREACHABLE && err != BJ_ERR_FILE_OPEN) || errno == 0)
		return complain(gw, err, what, which);
	snprintf(more, sizeof(more), "%s: %s", which, strerror(errno));
	return complain(gw, err, what, more);
}

/* ---- sockets */

static void close_fds(int **fds, unsigned workers, size_t listeners)
{
	for (unsigned w = 0; fds && w < workers; w++) {
		for (size_t i = 0; fds[w] && i < listeners; i++)
			if (fds[w][i] >= 0)
				close(fds[w][i]);
		free(fds[w]);
	}
	free(fds);
}

/* Is this address served already? */
static bool is_open(const struct runtime *rt, const struct runtime_listener *to)
{
	for (size_t i = 0; rt && i < rt->conf->listener_count; i++) {
		const struct runtime_listener *have = &rt->listeners[i];

		if ((have->conf->protocol == CONF_UDP) == (to->conf->protocol == CONF_UDP) && runtime_listener_same_place(have, to))
			return true;
	}
	return false;
}

static enum bj_err open_socket(const struct runtime_listener *to, const struct addr *addr, bool share, int *out_fd, struct addr *bound)
{
	struct listener_options options = { .reuse_port = share };

	if (to->conf->protocol == CONF_UDP)
		return udp_bind(addr, share, out_fd, bound);
	return listener_open(addr, &options, out_fd, bound);
}

/* Opens a device that is not open yet; it stays open. */
static enum bj_err open_device(struct gateway *gw, const char *name, int *out_fd)
{
	const char *why;
	enum bj_err err;

	for (size_t i = 0; i < gw->device_count; i++)
		if (strcmp(gw->devices[i], name) == 0)
			return BJ_OK;
	if (gw->device_count == WORKER_NETS_MAX)
		return BJ_ERR_LIMIT;
	err = device_open(name, out_fd, &why);
	if (err && why)
		complain(gw, err, why, name);
	if (!err)
		memcpy(gw->devices[gw->device_count++], name, strlen(name) + 1);
	return err;
}

/* One socket for each worker. The first try is without sharing, so that a stranger's socket on the address is noticed. */
static enum bj_err open_for_workers(struct gateway *gw, const struct runtime_listener *to, int **fds, size_t index, unsigned workers)
{
	struct addr addr = to->addr;
	enum bj_err err;
	int probe;

	if (to->conf->device)
		return open_device(gw, to->conf->device, &fds[0][index]);
	if (addr.sa.any.sa_family == AF_UNIX) {
		err = open_socket(to, &addr, false, &fds[0][index], NULL);
		for (unsigned w = 1; !err && w < workers; w++)
			fds[w][index] = fcntl(fds[0][index], F_DUPFD_CLOEXEC, 0);
		return err;
	}
	err = open_socket(to, &addr, false, &probe, &addr);
	if (err)
		return err;
	close(probe);
	for (unsigned w = 0; !err && w < workers; w++)
		err = open_socket(to, &addr, true, &fds[w][index], NULL);
	return err;
}

static enum bj_err open_sockets(struct gateway *gw, struct runtime *rt, int ***out)
{
	size_t count = rt->conf->listener_count;
	int **fds = (int **)calloc(gw->worker_count, sizeof(*fds));
	enum bj_err err = BJ_OK;

	for (unsigned w = 0; fds && w < gw->worker_count; w++) {
		fds[w] = (int *)malloc((count + 1) * sizeof(int));
		if (!fds[w]) {
			close_fds(fds, gw->worker_count, 0);
			return BJ_ERR_NO_MEMORY;
		}
		for (size_t i = 0; i < count; i++)
			fds[w][i] = -1;
	}
	if (!fds)
		return BJ_ERR_NO_MEMORY;
	for (size_t i = 0; !err && i < count; i++) {
		if (is_open(gw->runtime, &rt->listeners[i]))
			continue;
		errno = 0;
		err = open_for_workers(gw, &rt->listeners[i], fds, i, gw->worker_count);
		if (err)
			complain_with_errno(gw, err, "cannot listen on", rt->conf->listeners[i].address.text);
	}
	if (err)
		close_fds(fds, gw->worker_count, count);
	else
		*out = fds;
	return err;
}

/* ---- logs */

/* `out_fd` -1: no log. */
static enum bj_err open_log(struct gateway *gw, const struct conf_log *conf, int *out_fd)
{
	*out_fd = -1;
	if (conf->target == CONF_LOG_STDERR)
		*out_fd = STDERR_FILENO;
	else if (conf->target == CONF_LOG_STDOUT)
		*out_fd = STDOUT_FILENO;
	else if (conf->target == CONF_LOG_FILE)
		*out_fd = open(conf->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (*out_fd >= 0 || conf->target != CONF_LOG_FILE)
		return BJ_OK;
	return complain_with_errno(gw, BJ_ERR_FILE_OPEN, "access log", conf->file);
}

static void set_log(struct gateway *gw, int fd)
{
	struct stat status;

	if (gw->log_fd > STDERR_FILENO)
		close(gw->log_fd);
	gw->log_fd = fd;
	gw->log_is_file = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	gw->log_is_torn = gw->log_is_stuck = false;
}

/* Writes a piece, as far as there is room, and says how far. Pipes and terminals may have a reader that reads no more: it is waited for
 * once, a little, and what comes until it reads again is lost. */
static size_t write_piece(struct gateway *gw, const void *bytes, size_t len)
{
	struct pollfd room = { .fd = gw->log_fd, .events = POLLOUT };
	size_t done = 0;

	if (!gw->log_is_file) {
		gw->log_is_stuck = poll(&room, 1, gw->log_is_stuck ? 0 : LOG_WAIT_MS) <= 0;
		if (gw->log_is_stuck)
			return 0;
	}
	while (done < len) {
		ssize_t put = write(gw->log_fd, (const uint8_t *)bytes + done, len - done);

		if (put == 0 || (put < 0 && errno != EINTR))
			break;
		if (put > 0)
			done += (size_t)put;
	}
	return done;
}

static uint64_t count_lines(struct bj_bytes text)
{
	uint64_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.ptr[i] == '\n';
	return count;
}

static void write_log(struct mail *mail, void *owner)
{
	struct gateway *gw = (struct gateway *)owner;
	struct log_block *block = CONTAINER_OF(mail, struct log_block, mail);
	size_t done = 0;

	if (gw->log_fd >= 0 && gw->log_is_torn)
		gw->log_is_torn = write_piece(gw, "\n", 1) != 1;
	while (gw->log_fd >= 0 && !gw->log_is_torn && done < block->len) {
		size_t take = gw->log_is_file || block->len - done < LOG_PIECE ? block->len - done : LOG_PIECE;
		size_t put = write_piece(gw, block->bytes + done, take);

		done += put;
		if (put < take) {
			gw->log_is_torn = done > 0 && block->bytes[done - 1] != '\n';
			break;
		}
	}
	if (gw->log_fd >= 0)
		gw->log_lines_lost += count_lines(bytes_of(block->bytes + done, block->len - done));
	atomic_fetch_sub_explicit(block->outstanding, 1, memory_order_relaxed);
	free(block);
}

void gateway_post_log(struct gateway *gw, struct log_block *block)
{
	block->mail.deliver = write_log;
	mailbox_post(&gw->box, &block->mail);
}

/* ---- configurations */

/* Its mistakes in one line: all of them are printed already. */
static void complain_of_file(struct gateway *gw, const struct conf_report *report)
{
	size_t errors = conf_report_errors(report), at = 0;
	const struct conf_problem *first;
	char place[32] = "";

	while (conf_report_at(report, at)->severity != CONF_ERROR)
		at++;
	first = conf_report_at(report, at);
	if (first->line > 0)
		snprintf(place, sizeof(place), ", the first at %u:%u", first->line, first->column);
	snprintf(gw->last_error, sizeof(gw->last_error), "%zu error%s in %s%s: %s", errors, errors == 1 ? "" : "s", gw->path, place,
		 first->message);
	fprintf(stderr, "bojagi: error: %s\n", gw->last_error);
}

static enum bj_err load(struct gateway *gw, struct conf_snapshot **out)
{
	struct conf_report *report = conf_report_new();
	enum bj_err err;

	if (!report)
		return BJ_ERR_NO_MEMORY;
	err = conf_load(gw->path, report, out);
	if (err || (conf_report_count(report) > 0 && !gw->options->quiet))
		conf_report_print(report, stderr, isatty(STDERR_FILENO) ? CONF_REPORT_COLOR : CONF_REPORT_PLAIN);
	if (err && conf_report_errors(report) > 0)
		complain_of_file(gw, report);
	else if (err)
		complain(gw, err, "configuration", gw->path);
	conf_report_free(report);
	return err;
}

static enum bj_err post_config(struct gateway *gw, struct runtime *rt, int **fds)
{
	struct worker_config **mails = (struct worker_config **)calloc(gw->worker_count, sizeof(*mails));
	bool complete = mails != NULL;

	for (unsigned w = 0; complete && w < gw->worker_count; w++) {
		mails[w] = (struct worker_config *)calloc(1, sizeof(**mails));
		complete = mails[w] != NULL;
	}
	for (unsigned w = 0; mails && w < gw->worker_count; w++) {
		if (!complete) {
			free(mails[w]);
			continue;
		}
		mails[w]->mail.deliver = worker_take_config;
		mails[w]->runtime = runtime_ref(rt);
		mails[w]->fds = fds[w];
		mailbox_post(&gw->workers[w].box, &mails[w]->mail);
	}
	free(mails);
	if (!complete) {
		close_fds(fds, gw->worker_count, rt->conf->listener_count);
		return BJ_ERR_NO_MEMORY;
	}
	free(fds);
	return BJ_OK;
}

/* The pages on the configuration's address: the ones that are there, new ones, or none. */
static enum bj_err open_admin(struct gateway *gw, const struct conf_snapshot *conf, struct admin **out)
{
	struct addr addr = { 0 };
	struct admin *admin;
	enum bj_err err;

	*out = NULL;
	if (!conf->has_admin)
		return BJ_OK;
	addr = addr_of_conf(&conf->admin);
	if (gw->admin && addr_equal(&addr, &gw->admin->addr)) {
		*out = gw->admin;
		return BJ_OK;
	}
	admin = (struct admin *)calloc(1, sizeof(*admin));
	if (!admin)
		return BJ_ERR_NO_MEMORY;
	errno = 0;
	err = admin_init(admin, &gw->loop, gw, &addr);
	if (err) {
		complain_with_errno(gw, err, "admin address", conf->admin.text);
		free(admin);
		return err;
	}
	*out = admin;
	return BJ_OK;
}

static void set_admin(struct gateway *gw, struct admin *admin)
{
	if (gw->admin == admin)
		return;
	if (gw->admin)
		admin_fini(gw->admin);
	free(gw->admin);
	gw->admin = admin;
}

/* Everything that can fail happens before anything changes. */
static enum bj_err take_config(struct gateway *gw, struct conf_snapshot *conf)
{
	struct runtime *rt = NULL, *old = gw->runtime;
	size_t devices = gw->device_count;
	struct admin *admin = gw->admin;
	int **fds = NULL, log_fd = gw->log_fd;
	enum bj_err err = runtime_new(conf, gw->worker_count, old, &rt);

	if (err)
		return complain(gw, err, "configuration", gw->path);
	if (old)
		rt->hash_key = old->hash_key; /* clients keep their servers */
	else
		err = rng_fill(&rng_os, &rt->hash_key, sizeof(rt->hash_key));
	if (!err)
		err = open_log(gw, &conf->access_log, &log_fd);
	if (!err)
		err = open_admin(gw, conf, &admin);
	if (!err)
		err = open_sockets(gw, rt, &fds);
	if (!err)
		err = post_config(gw, rt, fds);
	if (err) {
		gw->device_count = devices;
		if (log_fd != gw->log_fd && log_fd > STDERR_FILENO)
			close(log_fd);
		if (admin && admin != gw->admin) {
			admin_fini(admin);
			free(admin);
		}
		runtime_unref(rt);
		return err;
	}
	conf->generation = ++gw->reloads;
	gw->runtime = rt;
	runtime_unref(old);
	set_log(gw, log_fd);
	set_admin(gw, admin);
	watch_set(&gw->watch, conf->watches); /* the runtime holds the configuration */
	gw->loaded_unix_ms = gw->loop.unix_ms;
	gw->last_error[0] = '\0';
	return BJ_OK;
}

static unsigned count_workers(const struct gateway_options *options, const struct conf_snapshot *conf)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = options->workers ? options->workers : conf->workers;

	if (count == 0)
		count = cores > 0 ? (unsigned)cores : 1;
	return count > CONF_WORKERS_MAX ? CONF_WORKERS_MAX : count;
}

/* The configuration may want another number of them than there are: `text` says so then. */
static void say_workers(const struct gateway *gw, char *text, size_t cap)
{
	unsigned wanted = count_workers(gw->options, gw->runtime->conf);

	if (wanted == gw->worker_count)
		return;
	snprintf(text, cap, "workers: still %u; a restart is needed for %u, a reload does not change it", gw->worker_count, wanted);
	say(gw, text, "");
}

/* `note`: what is to be known of one that is done. */
static bool reload(struct gateway *gw, char note[CONTROL_TEXT_MAX])
{
	struct conf_snapshot *conf = NULL;
	char text[80];

	note[0] = '\0';

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)gw->loop.now_us);
	notify_manager(text);
	gw->last_reload_ok = load(gw, &conf) == BJ_OK && take_config(gw, conf) == BJ_OK;
	conf_unref(conf);
	if (gw->last_reload_ok)
		say(gw, "reloaded ", gw->path);
	if (gw->last_reload_ok)
		say_workers(gw, note, CONTROL_TEXT_MAX);
	if (!gw->last_reload_ok)
		fprintf(stderr, "bojagi: the old configuration stays\n");
	notify_manager(gw->last_reload_ok ? "READY=1\nSTATUS=serving" : "READY=1\nSTATUS=serving; the last reload failed");
	return gw->last_reload_ok;
}

static enum control_outcome reload_asked(struct control *control, char answer[CONTROL_TEXT_MAX])
{
	struct gateway *gw = CONTAINER_OF(control, struct gateway, control);
	if (gw->stopping) {
		snprintf(answer, CONTROL_TEXT_MAX, "it is draining");
		return CONTROL_REFUSED;
	}
	if (reload(gw, answer))
		return CONTROL_DONE;
	snprintf(answer, CONTROL_TEXT_MAX, "%s", *gw->last_error ? gw->last_error : "its log says why");
	return CONTROL_FAILED;
}

static void files_changed(struct watch *watch)
{
	struct gateway *gw = CONTAINER_OF(watch, struct gateway, watch);
	char note[CONTROL_TEXT_MAX];

	if (gw->stopping)
		return;
	say(gw, "a revocation list or OCSP response has changed", "");
	(void)reload(gw, note);
}

/* ---- the end */

static void worker_finished(struct mail *mail, void *owner)
{
	struct gateway *gw = (struct gateway *)owner;

	if (++gw->finished == gw->started)
		loop_stop(&gw->loop);
}

void gateway_worker_finished(struct gateway *gw, struct mail *mail)
{
	mail->deliver = worker_finished;
	mailbox_post(&gw->box, mail);
}

static void stop(struct gateway *gw)
{
	say(gw, gw->stopping ? "ending at once" : "draining", "");
	for (unsigned w = 0; w < gw->started; w++) {
		struct worker_order *order = (struct worker_order *)calloc(1, sizeof(*order));

		if (!order)
			_exit(1);
		order->at_once = gw->stopping;
		order->mail.deliver = worker_take_stop;
		mailbox_post(&gw->workers[w].box, &order->mail);
	}
	gw->stopping = true;
	notify_manager("STOPPING=1\nSTATUS=draining");
}

static void signalled(struct signals *signals, int signo)
{
	struct gateway *gw = CONTAINER_OF(signals, struct gateway, signals);
	char note[CONTROL_TEXT_MAX];

	if (signo == SIGHUP) {
		if (!gw->stopping)
			(void)reload(gw, note);
		return;
	}
	stop(gw);
}

/* ---- life */

static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Each flow of datagrams has a descriptor, and anybody can begin flows with sources that are not his. So all of them together get half of
 * the descriptors. */
static size_t flows_of_worker(const struct gateway *gw)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	return (size_t)limit.rlim_cur / 2 / gw->worker_count;
}

static enum bj_err make_workers(struct gateway *gw)
{
	struct siphash_key key;
	enum bj_err err = rng_fill(&rng_os, &key, sizeof(key));

	if (!err)
		err = client_table_init(&gw->clients, &key);
	if (err)
		return err;
	gw->workers = (struct worker *)calloc(gw->worker_count, sizeof(*gw->workers));
	gw->stats = (const struct stats **)calloc(gw->worker_count, sizeof(*gw->stats));
	if (!gw->workers || !gw->stats)
		return BJ_ERR_NO_MEMORY;
	for (unsigned i = 0; i < gw->worker_count; i++) {
		size_t size = (sizeof(struct stats) + 63) / 64 * 64;
		struct stats *stats = (struct stats *)aligned_alloc(64, size);

		if (!stats)
			return BJ_ERR_NO_MEMORY;
		memset(stats, 0, size);
		gw->stats[i] = stats;
		err = worker_init(&gw->workers[i], gw, i, stats, &gw->clients);
		if (err)
			return err;
		gw->workers[i].flows_max = flows_of_worker(gw);
	}
	return BJ_OK;
}

static enum bj_err start(struct gateway *gw, struct conf_snapshot *conf)
{
	enum bj_err err = make_workers(gw);

	if (!err)
		err = take_config(gw, conf);
	if (err)
		return err;
	for (unsigned i = 0; i < gw->worker_count; i++) {
		if (pthread_create(&gw->workers[i].thread, NULL, worker_main, &gw->workers[i]) != 0)
			return BJ_ERR_NO_MEMORY;
		gw->started++;
	}
	return BJ_OK;
}

static void fini(struct gateway *gw)
{
	for (unsigned i = 0; i < gw->started; i++)
		pthread_join(gw->workers[i].thread, NULL);
	for (unsigned i = 0; gw->workers && i < gw->worker_count; i++) {
		if (gw->stats && gw->stats[i])
			worker_fini(&gw->workers[i]);
	}
	set_admin(gw, NULL);
	control_fini(&gw->control);
	if (gw->box.loop)
		mailbox_fini(&gw->box);
	for (unsigned i = 0; gw->stats && i < gw->worker_count; i++)
		free((void *)(uintptr_t)gw->stats[i]);
	watch_fini(&gw->watch);
	if (gw->signals.loop)
		signals_fini(&gw->signals);
	if (gw->loop.epoll_fd >= 0)
		loop_fini(&gw->loop);
	runtime_unref(gw->runtime);
	if (gw->log_fd > STDERR_FILENO)
		close(gw->log_fd);
	client_table_fini(&gw->clients);
	free(gw->workers);
	free(gw->stats);
	free(gw);
}

/* Without it there is still SIGHUP. */
static void open_control(struct gateway *gw)
{
	enum bj_err err = control_init(&gw->control, &gw->loop, gw->path, reload_asked);

	if (err)
		say(gw, "`bojagi reload` cannot reach this gateway: ",
		    err == BJ_ERR_IO_ADDRESS_IN_USE ? "another one runs with the same file" : bj_err_text(err));
}

static void say_ready(const struct gateway *gw)
{
	for (size_t i = 0; i < gw->runtime->conf->listener_count; i++) {
		const struct conf_listener *l = &gw->runtime->conf->listeners[i];
		char text[ADDR_TEXT_MAX + 64];

		snprintf(text, sizeof(text), "%s on %s%s%s%s", l->name, l->device ? l->device : "", l->device ? " " : "", l->address.text,
			 l->tls ? " (TLS)" : "");
		say(gw, "serving ", text);
	}
	if (gw->admin)
		say(gw, "dashboard on http://", gw->runtime->conf->admin.text);
}

int gateway_run(const char *path, const struct gateway_options *options)
{
	struct gateway *gw = (struct gateway *)calloc(1, sizeof(*gw));
	struct conf_snapshot *conf = NULL;
	enum bj_err err;
	int code;

	if (!gw)
		return 1;
	gw->path = path;
	gw->options = options;
	gw->log_fd = -1;
	gw->loop.epoll_fd = -1;
	gw->last_reload_ok = true;
	signals_block(signal_list);
	raise_descriptors();
	err = load(gw, &conf);
	code = err ? 2 : 0;
	if (!err) {
		gw->worker_count = count_workers(options, conf);
		err = loop_init(&gw->loop);
	}
	if (!err)
		err = mailbox_init(&gw->box, &gw->loop, gw);
	if (!err)
		err = signals_init(&gw->signals, &gw->loop, signal_list, signalled);
	if (!err) {
		watch_init(&gw->watch, &gw->loop, files_changed);
		gw->started_unix_ms = gw->loop.unix_ms;
		err = start(gw, conf);
		if (err)
			code = err >= BJ_ERR_IO || err >= BJ_ERR_CONFIG_NO_TRUST ? 2 : 1;
	} else if (!code) {
		code = 1;
	}
	conf_unref(conf);
	if (!err) {
		open_control(gw);
		say_ready(gw);
		notify_manager("READY=1\nSTATUS=serving");
		loop_run(&gw->loop);
	} else if (gw->started > 0) {
		_exit(code);
	}
	fini(gw);
	return code;
}

void gateway_facts(const struct gateway *gw, struct gateway_facts *out)
{
	*out = (struct gateway_facts){
		.runtime = gw->runtime,
		.stats = gw->stats,
		.worker_count = gw->worker_count,
		.now_ms = gw->loop.now_ms,
		.now_unix_ms = gw->loop.unix_ms,
		.started_unix_ms = gw->started_unix_ms,
		.loaded_unix_ms = gw->loaded_unix_ms,
		.reloads = gw->reloads,
		.log_lines_lost = gw->log_lines_lost,
		.last_reload_ok = gw->last_reload_ok,
		.stopping = gw->stopping,
		.path = gw->path,
		.last_error = gw->last_error,
	};
}
