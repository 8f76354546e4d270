/* state.c - the only code that writes a handshake's state and facts. */
#include "tls/state.h"

#include "base/bytes.h"

void state_start(struct state *s)
{
	*s = (struct state){ .at = ST_START };
}

void state_reopen(struct state *s, bool is_13)
{
	*s = (struct state){ .at = ST_OPEN, .settled = F_13, .holds = is_13 ? F_13 : 0 };
}

bool state_holds(const struct state *s, unsigned fact)
{
	check((s->settled & fact) == fact);
	return (s->holds & fact) == fact;
}

bool state_fits(const struct state *s, unsigned when, unsigned unless)
{
	check((s->settled & (when | unless)) == (when | unless));
	return (s->holds & when) == when && (s->holds & unless) == 0;
}

void state_settle(struct state *s, unsigned fact, bool holds)
{
	check(fact != 0 && (s->may & fact) == fact);
	s->settled |= (uint16_t)fact;
	if (holds)
		s->holds |= (uint16_t)fact;
	else
		s->holds &= (uint16_t)~fact;
}

void state_enter(struct state *s, unsigned decides)
{
	s->may = (uint16_t)decides;
	s->settled &= (uint16_t)~decides;
}

void state_back(struct state *s, const struct state *before)
{
	*s = *before;
}

void state_leave(struct state *s, unsigned sets, unsigned clears, enum hs_state to)
{
	check((s->settled & s->may) == s->may);
	s->settled |= (uint16_t)(sets | clears);
	s->holds = (uint16_t)((s->holds | sets) & ~clears);
	s->may = 0;
	s->at = (uint16_t)to;
}

static const char *const state_names[ST_COUNT] = {
	[ST_NONE] = "none",
	[ST_START] = "start",
	[ST_VERSION] = "version",
	[ST_WAIT_SERVER_HELLO] = "wait_server_hello",
	[ST_RETRY] = "retry",
	[ST_WAIT_SECOND_SERVER_HELLO] = "wait_second_server_hello",
	[ST_EARLY] = "early",
	[ST_WAIT_EE] = "wait_encrypted_extensions",
	[ST_WAIT_CERTIFICATE_OR_REQUEST] = "wait_certificate_or_request",
	[ST_WAIT_CERTIFICATE] = "wait_certificate",
	[ST_WAIT_CERTIFICATE_VERIFY] = "wait_certificate_verify",
	[ST_JUDGE] = "judge",
	[ST_JUDGE_AGAIN] = "judge_again",
	[ST_WAIT_FINISHED] = "wait_finished",
	[ST_FLIGHT] = "flight",
	[ST_SIGN] = "sign",
	[ST_CERTIFICATE_VERIFY] = "certificate_verify",
	[ST_FINISHED] = "finished",
	[ST_EARLY_ANSWER] = "early_answer",
	[ST_END_OF_EARLY] = "end_of_early_data",
	[ST_SHARE] = "share",
	[ST_WAIT_SECOND_CLIENT_HELLO] = "wait_second_client_hello",
	[ST_PSK] = "psk",
	[ST_IDENTITY] = "identity",
	[ST_KEY] = "key",
	[ST_CREDENTIAL] = "credential",
	[ST_SERVER_HELLO] = "server_hello",
	[ST_EE] = "encrypted_extensions",
	[ST_REQUEST] = "request",
	[ST_CERTIFICATE] = "certificate",
	[ST_WAIT_FLIGHT] = "wait_flight",
	[ST_TICKET] = "ticket",
	[ST_TICKET_SEALED] = "ticket_sealed",
	[ST_STATUS] = "certificate_status",
	[ST_SERVER_KEY_EXCHANGE] = "server_key_exchange",
	[ST_CERTIFICATE_REQUEST] = "certificate_request",
	[ST_HELLO_DONE] = "server_hello_done",
	[ST_CLIENT_KEY_EXCHANGE] = "client_key_exchange",
	[ST_MASTER] = "master_secret",
	[ST_CCS] = "change_cipher_spec",
	[ST_WAIT_SERVER_KEY_EXCHANGE] = "wait_server_key_exchange",
	[ST_WAIT_REQUEST_OR_DONE] = "wait_request_or_done",
	[ST_WAIT_HELLO_DONE] = "wait_server_hello_done",
	[ST_WAIT_CLIENT_KEY_EXCHANGE] = "wait_client_key_exchange",
	[ST_WAIT_TICKET] = "wait_ticket",
	[ST_WAIT_CCS] = "wait_change_cipher_spec",
	[ST_PEER_FINISHED] = "peer_finished",
	[ST_OPEN] = "open",
	[ST_LATER_CREDENTIAL] = "later_credential",
	[ST_LATER_CERTIFICATE] = "later_certificate",
	[ST_LATER_SIGN] = "later_sign",
	[ST_LATER_VERIFY] = "later_certificate_verify",
	[ST_LATER_FINISHED] = "later_finished",
	[ST_LATER_REQUEST] = "later_request",
	[ST_ASKED] = "asked",
	[ST_LATER_WAIT_VERIFY] = "later_wait_certificate_verify",
	[ST_LATER_JUDGE] = "later_judge",
	[ST_LATER_WAIT_FINISHED] = "later_wait_finished",
};

static const char *const fact_names[FACT_COUNT] = { "tls13", "retry", "resumed", "auth", "cert", "ticket", "status", "early", "try" };

const char *state_name(enum hs_state at)
{
	return at < ST_COUNT ? state_names[at] : "unknown";
}

const char *fact_name(unsigned fact)
{
	for (unsigned i = 0; i < FACT_COUNT; i++)
		if (fact == 1u << i)
			return fact_names[i];
	return "unknown";
}
