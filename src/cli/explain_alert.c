/* explain_alert.c - what alerts and exit codes mean (rfc9846:6). */
#include "cli/command.h"
#include "cli/explain_text.h"

const struct explain_alert explain_alerts[] = {
	{ 0, "close_notify", "The sender is done and will send nothing more. This is how a connection ends well." },
	{ 10, "unexpected_message", "The sender got a message that has no place at this point of the protocol." },
	{ 20, "bad_record_mac", "The sender could not authenticate a record: the bytes were changed, or the keys differ." },
	{ 22, "record_overflow", "The sender got a record longer than the protocol allows." },
	{ 40, "handshake_failure", "The sender finds nothing in common: suite, group, signature algorithm, or a rule of its own. The "
				   "least telling alert; its log says more." },
	{ 42, "bad_certificate", "The sender finds the certificate that it got damaged or not in order." },
	{ 43, "unsupported_certificate", "The sender cannot use this kind of certificate or key." },
	{ 44, "certificate_revoked", "The sender knows that the certificate was taken back by its CA." },
	{ 45, "certificate_expired", "The sender finds the certificate expired or not valid yet. Compare both clocks." },
	{ 46, "certificate_unknown", "The sender refuses the certificate for a reason that it does not tell. Browsers send it when the "
				     "user or a policy says no." },
	{ 47, "illegal_parameter", "The sender got a field whose value is not allowed or contradicts another one." },
	{ 48, "unknown_ca", "The sender does not trust the CA of the certificate that it got, or an intermediate is missing." },
	{ 49, "access_denied", "The certificate is valid, but its owner may not come in." },
	{ 50, "decode_error", "The sender could not read a message: a length does not fit." },
	{ 51, "decrypt_error", "A signature, Finished or binder of the handshake did not verify." },
	{ 70, "protocol_version", "The sender does not speak any of the versions that it was offered." },
	{ 71, "insufficient_security", "The sender demands stronger parameters than it was offered." },
	{ 80, "internal_error", "Something went wrong at the sender that has nothing to do with its peer. Its log says what." },
	{ 86, "inappropriate_fallback", "The client fell back to a lower version though the server can do better." },
	{ 90, "user_canceled", "The sender gives up the handshake for its own reasons." },
	{ 100, "no_renegotiation", "The sender does not negotiate again within a connection." },
	{ 109, "missing_extension", "The sender got a hello without an extension that must be there." },
	{ 110, "unsupported_extension", "The sender got an extension in an answer that it had not asked for." },
	{ 112, "unrecognized_name", "The server has nothing under the name that the client asked for (SNI)." },
	{ 113, "bad_certificate_status_response", "The stapled OCSP response is invalid." },
	{ 115, "unknown_psk_identity", "The server insists on a pre-shared key that the client does not have." },
	{ 116, "certificate_required", "The server demands a client certificate and got none." },
	{ 117, "general_error", "The sender reports a failure without saying which." },
	{ 120, "no_application_protocol", "Client and server have no application protocol (ALPN) in common." },
	{ 121, "ech_required", "The client insists on encrypted client hello, which the server did not accept." },
};
const size_t explain_alert_count = sizeof(explain_alerts) / sizeof(explain_alerts[0]);

const struct explain_alert *explain_alert_find(int number)
{
	for (size_t i = 0; i < explain_alert_count; i++)
		if (explain_alerts[i].number == number)
			return &explain_alerts[i];
	return NULL;
}

const struct explain_exit explain_exits[] = {
	{ EXIT_GOOD, "everything is good: connected and verified, configuration valid, command done", "Nothing to do." },
	{ EXIT_INTERNAL, "an internal error of the program or the machine", "If it is not memory or disk, report it." },
	{ EXIT_USAGE, "wrong usage or configuration", "The message names the option or the place in the file; try --help." },
	{ EXIT_THRESHOLD, "a threshold that was asked for was not met", "Compare the report with the limits on the command line." },
	{ EXIT_NAME, "a host name did not resolve", "Try `getent hosts NAME`." },
	{ EXIT_REFUSED, "the connection was refused or the host is unreachable", "Is the server running, and the port right?" },
	{ EXIT_TIMEOUT, "the time ran out", "Is a firewall in between? --timeout gives more time." },
	{ EXIT_HANDSHAKE, "the TLS handshake failed: an alert, a protocol error, or nothing in common", "The report says which side ended "
												       "it and why." },
	{ EXIT_BROKE, "the connection broke after the handshake", "Look at the peer's log; was it restarted?" },
	{ EXIT_OWN_CERTIFICATE, "the own certificate or key cannot be used", "Check the files with `bojagi cert show FILE`." },
	{ EXIT_NOT_TRUSTED, "the peer is not trusted: unknown CA, wrong name, expired", "The verdict in the report names certificate and "
											"rule." },
	{ EXIT_CA_FILE, "the CA file or revocation list cannot be read or holds none", "Check the path given to -CAfile, --crl or SSL_CERT_FILE." },
	{ EXIT_PIN, "the peer is trusted, but none of its keys is one of those that were pinned", "Did the peer change its key?" },
	{ EXIT_OCSP, "a good OCSP status was demanded and there is none", "Does the server staple?" },
	{ EXIT_CLIENT_CERTIFICATE, "the server demands a client certificate", "Give -cert and -key; `bojagi cert client NAME` makes one." },
	{ EXIT_INTERRUPTED, "interrupted from the keyboard (SIGINT)", "Nothing to do." },
	{ EXIT_TERMINATED, "asked to end (SIGTERM)", "Nothing to do." },
};
const size_t explain_exit_count = sizeof(explain_exits) / sizeof(explain_exits[0]);

const struct explain_exit *explain_exit_find(int code)
{
	for (size_t i = 0; i < explain_exit_count; i++)
		if (explain_exits[i].code == code)
			return &explain_exits[i];
	return NULL;
}
