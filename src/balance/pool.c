/* pool.c - see pool.h: who may be chosen, and what is learned from how requests end. */
#include "balance/pool.h"

#include <stdlib.h>

#include "balance/algorithm.h"
#include "base/check.h"

/* ---------------------------------------------------------------- the control table */

static uint32_t word_of(enum pool_state state, unsigned weight)
{
	return (uint32_t)state << 16 | weight;
}

enum bj_err pool_control_init(struct pool_control *c, size_t count)
{
	_Atomic uint32_t *words;

	if (count == 0 || count > POOL_SERVER_MAX)
		return BJ_ERR_ARGUMENT;
	words = (_Atomic uint32_t *)malloc(count * sizeof(*words));
	if (!words)
		return BJ_ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		atomic_init(&words[i], word_of(POOL_UP, 1));
	c->words = words;
	c->count = count;
	atomic_init(&c->generation, 1);
	return BJ_OK;
}

void pool_control_fini(struct pool_control *c)
{
	free((void *)c->words);
	c->words = NULL;
	c->count = 0;
}

static void control_set(struct pool_control *c, size_t server, uint32_t word)
{
	check(server < c->count);
	if (atomic_load_explicit(&c->words[server], memory_order_relaxed) == word)
		return;
	atomic_store_explicit(&c->words[server], word, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->generation, 1, memory_order_release);
}

enum pool_state pool_control_state(const struct pool_control *c, size_t server)
{
	check(server < c->count);
	return (enum pool_state)(atomic_load_explicit(&c->words[server], memory_order_relaxed) >> 16);
}

unsigned pool_control_weight(const struct pool_control *c, size_t server)
{
	check(server < c->count);
	return atomic_load_explicit(&c->words[server], memory_order_relaxed) & 0xffff;
}

void pool_control_set_state(struct pool_control *c, size_t server, enum pool_state state)
{
	control_set(c, server, word_of(state, pool_control_weight(c, server)));
}

void pool_control_set_weight(struct pool_control *c, size_t server, unsigned weight)
{
	if (weight > POOL_WEIGHT_MAX)
		weight = POOL_WEIGHT_MAX;
	control_set(c, server, word_of(pool_control_state(c, server), weight));
}

/* ---------------------------------------------------------------- the pool */

enum bj_err pool_init(struct pool *p, const struct pool_options *options, const struct pool_control *control)
{
	struct pool_server *servers;
	void *table = NULL;
	size_t table_bytes;

	if (!options->algorithm || options->server_count == 0 || options->server_count > POOL_SERVER_MAX ||
	    options->server_count != control->count || options->eject.at_most_percent > 100)
		return BJ_ERR_ARGUMENT;
	table_bytes = options->algorithm->table_bytes;
	servers = (struct pool_server *)calloc(options->server_count, sizeof(*servers));
	if (table_bytes)
		table = malloc(table_bytes);
	if (!servers || (table_bytes && !table)) {
		free(servers);
		free(table);
		return BJ_ERR_NO_MEMORY;
	}
	*p = (struct pool){ .options = *options, .control = control, .servers = servers, .table = table };
	p->options.servers = NULL;
	p->count = options->server_count;
	p->prng.state = options->seed;
	p->first = prng_below(&p->prng, (uint32_t)p->count);
	for (size_t i = 0; i < p->count; i++) {
		servers[i].name_hash = siphash24(&options->key, options->servers[i].name);
		servers[i].backup = options->servers[i].backup;
		servers[i].usable_since_ms = INT64_MIN; /* all start together: no ramp */
	}
	return BJ_OK;
}

void pool_fini(struct pool *p)
{
	free(p->servers);
	free(p->table);
	*p = (struct pool){ 0 };
}

static void tier_clear(struct pool_tier *t)
{
	t->count = 0;
	t->set = (struct pool_set){ { 0 } };
}

static void tier_add(struct pool_tier *t, size_t server)
{
	t->list[t->count++] = (uint16_t)server;
	pool_set_add(&t->set, server);
}

static bool is_usable(const struct pool_server *s, int64_t now_ms)
{
	return s->state == POOL_UP && s->weight > 0 && now_ms >= s->ejected_until_ms;
}

/* Takes over what the control thread said; true if a weight is another one. */
static bool take_control(struct pool *p)
{
	bool weights = false;

	for (size_t i = 0; i < p->count; i++) {
		struct pool_server *s = &p->servers[i];
		uint32_t word = atomic_load_explicit(&p->control->words[i], memory_order_relaxed);
		uint16_t weight = (uint16_t)word;

		weights |= weight != s->weight;
		s->weight = weight;
		s->state = (uint8_t)(word >> 16);
	}
	return weights;
}

/* With nobody usable at all, whoever is not drained: those that are no backups, if there are any. */
static void fill_panic(struct pool *p)
{
	for (unsigned backups = 0; backups < 2 && p->panic.count == 0; backups++)
		for (size_t i = 0; i < p->count; i++)
			if (p->servers[i].state != POOL_DRAIN && p->servers[i].weight > 0 && p->servers[i].backup == backups)
				tier_add(&p->panic, i);
}

/* Brings the tiers up to date. Costs one comparison when nothing changed. */
static void refresh(struct pool *p, int64_t now_ms)
{
	uint64_t generation = atomic_load_explicit(&p->control->generation, memory_order_acquire);
	bool rebuild = false, changed = !p->refreshed;

	if (p->refreshed && generation == p->generation && now_ms < p->next_change_ms)
		return;
	if (!p->refreshed || generation != p->generation)
		rebuild = take_control(p);
	p->generation = generation;
	p->next_change_ms = INT64_MAX;
	tier_clear(&p->primary);
	tier_clear(&p->backup);
	tier_clear(&p->panic);
	for (size_t i = 0; i < p->count; i++) {
		struct pool_server *s = &p->servers[i];
		bool usable = is_usable(s, now_ms);

		if (now_ms < s->ejected_until_ms && s->ejected_until_ms < p->next_change_ms)
			p->next_change_ms = s->ejected_until_ms;
		if (usable && !s->usable && p->refreshed)
			s->usable_since_ms = now_ms;
		changed |= usable != s->usable;
		s->usable = usable;
		if (usable)
			tier_add(s->backup ? &p->backup : &p->primary, i);
	}
	if (p->primary.count + p->backup.count == 0 && !p->options.no_panic)
		fill_panic(p);
	/* a cycle starts anew, so that it is exact for those who are in it */
	for (size_t i = 0; i < p->count && (changed || rebuild); i++)
		p->servers[i].smooth = 0;
	if (rebuild && p->options.algorithm->build)
		p->options.algorithm->build(p);
	p->refreshed = true;
}

size_t pool_pick(struct pool *p, int64_t now_ms, struct bj_bytes client_key, const struct pool_set *exclude)
{
	const struct pool_tier *tiers[] = { &p->primary, &p->backup, &p->panic };
	struct pool_pick_input in = { .exclude = exclude, .client_key = client_key, .now_ms = now_ms };

	refresh(p, now_ms);
	for (size_t i = 0; i < ARRAY_COUNT(tiers); i++) {
		size_t server;

		if (tiers[i]->count == 0)
			continue;
		in.tier = tiers[i];
		server = p->options.algorithm->pick(p, &in);
		if (server != POOL_NONE) {
			p->servers[server].picked++;
			return server;
		}
	}
	return POOL_NONE;
}

bool pool_may_stay(struct pool *p, int64_t now_ms, size_t server)
{
	refresh(p, now_ms);
	check(server < p->count);
	return now_ms >= p->servers[server].ejected_until_ms && p->servers[server].state != POOL_DOWN;
}

bool pool_panics(struct pool *p, int64_t now_ms)
{
	refresh(p, now_ms);
	return p->panic.count > 0;
}

bool pool_is_ejected(const struct pool *p, int64_t now_ms, size_t server)
{
	check(server < p->count);
	return now_ms < p->servers[server].ejected_until_ms;
}

uint64_t pool_weight_now(const struct pool *p, size_t server, int64_t now_ms)
{
	const struct pool_server *s = &p->servers[server];
	uint64_t whole = (uint64_t)s->weight * POOL_WEIGHT_PARTS, part;

	if (p->options.slow_start_ms <= 0 || s->usable_since_ms == INT64_MIN ||
	    now_ms - s->usable_since_ms >= p->options.slow_start_ms)
		return whole;
	/* starts at a sixteenth: a server that gets nothing can show nothing */
	part = whole * (uint64_t)(now_ms - s->usable_since_ms) / (uint64_t)p->options.slow_start_ms;
	return part > whole / 16 ? part : whole / 16;
}

/* ---------------------------------------------------------------- what requests teach */

void pool_begin(struct pool *p, size_t server)
{
	check(server < p->count);
	p->servers[server].active++;
}

/* What is left of a measurement after `elapsed_ms`: halved each half life, straight lines between. */
static uint64_t decayed(uint64_t value, int64_t elapsed_ms)
{
	uint64_t whole, rest;

	if (elapsed_ms <= 0)
		return value;
	whole = (uint64_t)elapsed_ms / POOL_LATENCY_HALF_LIFE_MS;
	rest = (uint64_t)elapsed_ms % POOL_LATENCY_HALF_LIFE_MS;
	if (whole >= 63)
		return 0;
	value >>= whole;
	return value - value * rest / (2 * POOL_LATENCY_HALF_LIFE_MS);
}

uint64_t pool_latency_now(const struct pool_server *s, int64_t now_ms)
{
	uint64_t value = decayed(s->latency, now_ms - s->latency_at_ms);

	return s->latency && value == 0 ? 1 : value;
}

/* Goes up at once and comes down slowly: a server that becomes slow is left alone soon. */
static void learn_latency(struct pool_server *s, int64_t now_ms, uint64_t latency_us)
{
	uint64_t seen = (latency_us < POOL_LATENCY_MAX_US ? latency_us : POOL_LATENCY_MAX_US) * POOL_LATENCY_PARTS;

	if (pool_latency_now(s, now_ms) > seen)
		seen += decayed(s->latency - seen, now_ms - s->latency_at_ms);
	s->latency = seen ? seen : 1;
	s->latency_at_ms = now_ms;
}

/* Ejects a server that failed too often in a row, if the share allows it. */
static void judge(struct pool *p, struct pool_server *s, int64_t now_ms)
{
	const struct pool_eject_options *o = &p->options.eject;
	size_t up = 0, ejected = 0;
	int64_t forgiven;

	if (o->errors == 0 || s->errors_in_a_row < o->errors || now_ms < s->ejected_until_ms)
		return;
	for (size_t i = 0; i < p->count; i++) {
		up += p->servers[i].state == POOL_UP;
		ejected += p->servers[i].state == POOL_UP && now_ms < p->servers[i].ejected_until_ms;
	}
	if ((ejected + 1) * 100 > up * o->at_most_percent)
		return;
	/* every quiet stretch as long as the shortest ejection takes one step of growth back */
	forgiven = o->for_ms > 0 ? (now_ms - s->ejected_until_ms) / o->for_ms : 0;
	s->eject_times = s->eject_times > forgiven ? s->eject_times - (uint32_t)forgiven : 0;
	if (s->eject_times < POOL_EJECT_TIMES_MAX)
		s->eject_times++;
	s->ejected_until_ms = now_ms + o->for_ms * (int64_t)s->eject_times;
	s->errors_in_a_row = 0;
	s->ejections++;
	p->next_change_ms = now_ms; /* the tiers are made anew at the next pick */
}

void pool_end(struct pool *p, size_t server, int64_t now_ms, enum pool_outcome outcome, uint64_t latency_us)
{
	struct pool_server *s;

	check(server < p->count);
	s = &p->servers[server];
	check(s->active > 0);
	s->active--;
	if (outcome == POOL_SUCCEEDED) {
		s->succeeded++;
		s->errors_in_a_row = 0;
		learn_latency(s, now_ms, latency_us);
	} else if (outcome == POOL_FAILED) {
		s->failed++;
		s->errors_in_a_row++;
		/* one that fails quickly must not look fast */
		learn_latency(s, now_ms, latency_us > POOL_FAILURE_COST_US ? latency_us : POOL_FAILURE_COST_US);
		judge(p, s, now_ms);
	}
}
