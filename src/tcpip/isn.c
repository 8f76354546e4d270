/* isn.c - see isn.h. */
#include "tcpip/isn.h"

#define ISN_TICK_US 4

uint32_t isn_make(const struct bj_stack *stack, const struct tcp_key *key)
{
	uint32_t hash = (uint32_t)siphash24(&stack->isn_key, bytes_of(key, sizeof(*key)));

	return stack->options.no_isn_clock ? hash : hash + (uint32_t)(stack->now_us / ISN_TICK_US);
}

/* Over the addresses alone, so that the clock of a pair of hosts runs on over connections: TIME-WAIT may be cut short by
 * timestamps (rfc6191). */
uint32_t ts_offset_make(const struct bj_stack *stack, const struct tcp_key *key)
{
	return (uint32_t)siphash24(&stack->ts_key, bytes_of(key, sizeof(key->local) + sizeof(key->remote)));
}

uint16_t port_choose(struct bj_stack *stack, const struct tcp_key *key)
{
	struct tcp_key k = *key;
	uint32_t offset;

	k.local_port = 0;
	offset = (uint32_t)siphash24(&stack->port_key, bytes_of(&k, sizeof(k)));
	for (uint32_t i = 0; i < STACK_EPHEMERAL_COUNT; i++) {
		k.local_port = (uint16_t)(STACK_EPHEMERAL_FIRST + (offset + stack->port_turn++) % STACK_EPHEMERAL_COUNT);
		if (!stack_find(stack, &k) && !stack_find_listener(stack, &k.local, k.local_port))
			return k.local_port;
	}
	return 0;
}
