/* admin.h - the pages for operators, on an address of their own: health, metrics, status, dashboard.
 *
 * Served by the control thread; one request per connection; GET and HEAD only. Other sites' pages in a browser get nothing: requests
 * that a browser marks as cross-site are refused, and so are names that are neither an address nor localhost.
 */
#ifndef GATEWAY_ADMIN_H
#define GATEWAY_ADMIN_H

#include "base/writer.h"
#include "gateway/gateway.h"
#include "io/listener.h"

#define ADMIN_CONNECTIONS_MAX 64
#define ADMIN_TIME_MS 10000
#define ADMIN_PAGE_MAX ((size_t)16 << 20)

struct admin {
	struct loop *loop;
	struct gateway *gateway;
	struct addr addr; /* as configured */
	struct listener listener;
	struct list connections;
	size_t count;
};

BJ_MUST_USE enum bj_err admin_init(struct admin *admin, struct loop *loop, struct gateway *gateway, const struct addr *addr);
/* Harmless for one that is all zero. */
void admin_fini(struct admin *admin);

/* The pages' texts; what does not fit marks the writer bad. */
void metrics_write(struct writer *w, const struct gateway_facts *facts);
void status_write(struct writer *w, const struct gateway_facts *facts);
/* False, with the reasons in JSON, when traffic should not be sent here. */
bool readiness_write(struct writer *w, const struct gateway_facts *facts);
extern const char dashboard_page[];

/* The sum over the workers of the counter at this place in struct stats. */
static inline uint64_t facts_sum_at(const struct gateway_facts *facts, size_t offset)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < facts->worker_count; i++)
		sum += stat_get((const struct stat_cell *)(const void *)((const char *)facts->stats[i] + offset));
	return sum;
}

#endif
