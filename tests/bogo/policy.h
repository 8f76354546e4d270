/* policy.h - what the runner's compliance policies allow, as lists for the setters that everybody has. */
#ifndef BOGO_POLICY_H
#define BOGO_POLICY_H

#include "flags.h"

struct policy_list {
	const uint16_t *codes; /* null: as without a policy */
	size_t count;
};

struct policy {
	struct policy_list suites, groups, schemes;
	bool retries_for_group;
};

/* The policy that the flags ask for, or null. */
const struct policy *policy_of(const struct flags *flags);

#endif
