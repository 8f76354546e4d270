/* watch.c - see watch.h. */
#include "gateway/watch.h"

#include <sys/stat.h>

/* FNV-1a over what changes with a file. */
static uint64_t mix(uint64_t print, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		print = (print ^ (value >> (8 * i) & 0xff)) * UINT64_C(0x100000001b3);
	return print;
}

static uint64_t look(const struct conf_watch *files)
{
	uint64_t print = UINT64_C(0xcbf29ce484222325);

	for (; files; files = files->next) {
		struct stat st = { 0 };

		(void)stat(files->path, &st); /* a file that is gone has changed */
		print = mix(print, (uint64_t)st.st_ino);
		print = mix(print, (uint64_t)st.st_size);
		print = mix(print, (uint64_t)st.st_mtim.tv_sec);
		print = mix(print, (uint64_t)st.st_mtim.tv_nsec);
	}
	return print;
}

static void arm(struct watch *watch)
{
	if (watch->files)
		loop_timer_set(watch->loop, &watch->timer, watch->loop->now_us / 1000 + WATCH_MS);
}

static void fire(struct loop_timer *timer)
{
	struct watch *watch = CONTAINER_OF(timer, struct watch, timer);
	uint64_t now = look(watch->files);
	bool changed = now != watch->known && now == watch->last;

	watch->last = now;
	if (changed)
		watch->known = now; /* told once, whatever comes of it */
	arm(watch);
	if (changed)
		watch->changed(watch);
}

void watch_init(struct watch *watch, struct loop *loop, watch_fn *changed)
{
	*watch = (struct watch){ .loop = loop, .changed = changed };
	loop_timer_init(&watch->timer, fire);
}

void watch_set(struct watch *watch, const struct conf_watch *files)
{
	watch->files = files;
	watch->known = watch->last = look(files);
	if (!files)
		loop_timer_cancel(watch->loop, &watch->timer);
	else if (!loop_timer_is_set(&watch->timer))
		arm(watch);
}

void watch_fini(struct watch *watch)
{
	if (watch->loop)
		loop_timer_cancel(watch->loop, &watch->timer);
	watch->loop = NULL;
}
