/* conf_schema.c - the configuration language. */
#include "gateway/conf_build.h"

#define BALANCES "round_robin|weighted_round_robin|least_connections|ip_hash|random_two|peak_ewma|maglev|ring_hash"

const struct conf_entry conf_schema[] = {
	/* the outermost block */
	{ "", "workers", "NUMBER", NULL, 0, conf_take_workers, "Threads that serve. Default: one per processor core. A reload leaves their number as it is: a change needs a restart." },
	{ "", "admin", "ADDRESS", NULL, 0, conf_take_admin,
	  "Where the dashboard, the metrics and the health pages are. They have no authentication: keep them on loopback. Default: off." },
	{ "", "log", "access", "log", 0, conf_take_log, "The access log. Default: text on standard error." },
	{ "", "shared", "NAME", "shared", CONF_MANY | CONF_UNSUPPORTED, NULL, "State shared with other gateways over Redis." },
	{ "", "tls", "NAME", "tls", CONF_MANY, conf_take_tls, "How listeners that name it speak TLS." },
	{ "", "listener", "NAME [DEVICE] ADDRESS", "listener", CONF_MANY, conf_take_listener,
	  "An address on which clients are served; with a device, by our own TCP/IP." },
	{ "", "pool", "NAME", "pool", CONF_MANY, conf_take_pool, "Servers that requests are spread over." },

	/* log access */
	{ "log", "file", "stderr|stdout|off|FILE", NULL, 0, conf_take_log_file, "Where the log goes." },
	{ "log", "format", "text|json", NULL, 0, conf_take_log_format, "One line per request, for people or for programs." },

	/* tls */
	{ "tls", "certificate", "FILE|auto [key FILE] [passphrase FILE]", NULL, CONF_MANY | CONF_MUST, conf_take_certificate,
	  "A chain in PEM, the server's own certificate first, and its private key: in the same file or in one of its own; or PKCS#12. The "
	  "key may be a pkcs11: URI. Of the passphrase's file the first line counts. Several certificates are chosen from by the name that "
	  "the client asks for; the first is the default. auto is not supported yet." },
	{ "tls", "profile", "intermediate|modern", NULL, 0, conf_take_profile,
	  "intermediate: TLS 1.2 and 1.3 with forward secrecy; modern: TLS 1.3 only. Default: intermediate." },
	{ "tls", "versions", "1.2|1.3...", NULL, 0, conf_take_versions, "Protocol versions. Default: those of the profile." },
	{ "tls", "alpn", "h2|http/1.1...", NULL, 0, conf_take_alpn, "Application protocols in order of preference; h2 is not supported yet. Default: http/1.1." },
	{ "tls", "certificate_compression", "zlib|brotli|zstd...", NULL, 0, conf_take_compression,
	  "Certificates go compressed (RFC 8879) to clients of TLS 1.3 that take one of these, in order of preference, and may come so. Default: none." },
	{ "tls", "session", "", "session", 0, conf_take_block, "How sessions are resumed." },
	{ "tls", "ocsp", "staple FILE", NULL, CONF_MANY, conf_take_ocsp,
	  "An OCSP response (DER) about one of the certificates of this block, sent to clients that ask. When the file changes, the "
	  "configuration is loaded again. One that is out of date is warned about and not sent." },
	{ "tls", "client_certificate", "none|optional|required", "client_certificate", CONF_BLOCK_IS_OPTIONAL, conf_take_client_certificate,
	  "Whether clients are asked for a certificate. With optional, a route can require one. Default: none." },
	{ "tls", "keylog", "insecure FILE", NULL, 0, conf_take_keylog,
	  "Writes every session's secrets to a file, for looking at recorded traffic. Never in production." },
	{ "session", "cache", "NUMBER", NULL, 0, conf_take_cache, "TLS 1.2 sessions that are kept by identifier. Default: 1024; 0: none." },
	{ "session", "timeout", "TIME", NULL, 0, conf_take_session_timeout, "How long a session can be resumed. Default: 300s." },
	{ "session", "tickets", "rotate|off [TIME] [keep NUMBER]", NULL, 0, conf_take_tickets,
	  "Tickets (TLS 1.2 and 1.3): how often their key is replaced, and how many old keys still open them. Default: rotate 8h keep 2." },
	{ "session", "shared", "NAME", NULL, CONF_UNSUPPORTED, NULL, "Ticket keys shared with other gateways." },
	{ "client_certificate", "ca", "FILE", NULL, CONF_MANY, conf_take_client_ca, "The authorities that issue the clients' certificates, in PEM." },
	{ "client_certificate", "crl", "FILE", NULL, CONF_MANY, conf_take_client_crl,
	  "Lists of certificates that were revoked, in PEM or one in DER. When the file changes, the configuration is loaded again." },
	{ "client_certificate", "revocation", "required|if_present", NULL, 0, conf_take_revocation,
	  "With lists: required refuses clients of whom no list in force can tell, if_present lets them in. Default: required." },

	/* listener */
	{ "listener", "protocol", "http|tcp|udp", NULL, CONF_MUST, conf_take_protocol,
	  "http looks into requests; tcp and udp pass bytes on without looking." },
	{ "listener", "carrier", "kernel|bojagi [network NETWORK] [gateway IP] [offload on|off] [congestion cubic|bbr|reno]", NULL, 0, conf_take_carrier,
	  "Whose TCP/IP it is. bojagi: our own on the listener's device, where the address is ours alone; network is who is reached directly "
	  "(default: the /24 or /64 around the address), gateway who knows the way to the others; congestion how its TCP finds its rate (bbr: where losses are no congestion; "
	  "default: cubic). Default: kernel." },
	{ "listener", "tls", "NAME", NULL, 0, conf_take_listener_tls, "The tls block that this listener speaks TLS with. Default: none." },
	{ "listener", "limits", "", "limits", 0, conf_take_limits, "What one client, connection or request may use." },
	{ "listener", "deny", "from NETWORK...", NULL, CONF_MANY, conf_take_deny, "Connections from these networks are closed at once." },
	{ "listener", "trusted_proxies", "NETWORK...", NULL, CONF_MANY, conf_take_trusted,
	  "Peers whose X-Forwarded-For, Forwarded and X-Real-IP are believed; everybody else's are replaced." },
	{ "listener", "proxy_protocol", "off|v1|v2|on", NULL, 0, conf_take_proxy_protocol, "Whether peers send the PROXY protocol; nothing but off is supported yet. Default: off." },
	{ "listener", "passthrough", "", NULL, CONF_UNSUPPORTED, NULL, "TLS is passed on unopened, routed by server name." },
	{ "listener", "flow_idle", "TIME", NULL, 0, conf_take_flow_idle, "udp: a client's flow ends after this long without a datagram. Default: 30s." },
	{ "listener", "route",
	  "[host HOST] [path PATH] [path = PATH] [method NAME] [header NAME] [header NAME = TEXT] [cookie NAME] [cookie NAME = TEXT] "
	  "[client_certificate present|absent|san TEXT]",
	  "route", CONF_MANY | CONF_FREE_FORM, conf_take_route,
	  "Requests for which all conditions hold go where the block says. The first route that fits is taken, in the order of the file. "
	  "A host can be *.NAME. A path covers all below it, by whole segments; with = only itself." },
	{ "listener", "otherwise", "", "route", 0, conf_take_otherwise, "What no route fits goes here. Default: reject 404." },
	{ "listener", "pool", "NAME", NULL, 0, conf_take_listener_pool, "Short for otherwise { pool NAME; }." },
	{ "limits", "header_size", "SIZE", NULL, 0, conf_take_limit_size, "Bytes of a request's head, at most 128k. Default: 32k." },
	{ "limits", "header_count", "NUMBER", NULL, 0, conf_take_limit_count, "Fields of a request. Default: 100." },
	{ "limits", "header_time", "TIME", NULL, 0, conf_take_limit_time, "From a request's first byte to the end of its head. Default: 10s." },
	{ "limits", "handshake_time", "TIME", NULL, 0, conf_take_limit_time, "For the TLS handshake. Default: 10s." },
	{ "limits", "idle_time", "TIME", NULL, 0, conf_take_limit_time, "Between two requests; tcp: without a byte either way. Default: 60s." },
	{ "limits", "body_time", "TIME", NULL, 0, conf_take_limit_time, "Without a byte of a body that is being sent. Default: 30s." },
	{ "limits", "body", "SIZE", NULL, 0, conf_take_limit_size, "Bytes of a request's body. Default: no limit." },
	{ "limits", "connections", "NUMBER", NULL, 0, conf_take_limit_count, "Connections at once. Default: no limit." },
	{ "limits", "connections_per_client", "NUMBER", NULL, 0, conf_take_limit_count, "Connections at once from one address (IPv6: from one /64). Default: no limit." },
	{ "limits", "requests_per_client", "RATE [burst NUMBER]", NULL, 0, conf_take_limit_rate,
	  "Requests from one address (IPv6: from one /64; behind trusted proxies: of the client that they name), as 100/s or 30/m; burst of them may come at once, by default those of a second. Default: no limit." },

	/* route, otherwise */
	{ "route", "require", "client_certificate [san TEXT...]", NULL, 0, conf_take_require,
	  "Requests without a verified client certificate, or with one for none of these names, are refused with 403." },
	{ "route", "identity", "header NAME", NULL, CONF_UNSUPPORTED | CONF_MANY, NULL, "Which field tells servers about the client's certificate." },
	{ "route", "pool", "NAME", NULL, 0, conf_take_route_pool, "The servers that answer." },
	{ "route", "reject", "[NUMBER]", NULL, 0, conf_take_reject, "The status that is answered, 400 to 599; tcp and udp just close. Default: 403." },

	/* pool */
	{ "pool", "balance", BALANCES, NULL, 0, conf_take_balance, "How a server is chosen. Default: round_robin." },
	{ "pool", "server", "NAME TARGET [weight NUMBER] [backup]", NULL, CONF_MANY, conf_take_server,
	  "A server. weight 0 to 256, default 1, is its share where the balance looks at weights. A backup serves only when no other can." },
	{ "pool", "servers", "dns NAME", NULL, CONF_UNSUPPORTED | CONF_MANY, NULL, "Servers found by DNS." },
	{ "pool", "eject", "[off]", "eject", CONF_BLOCK_IS_OPTIONAL, conf_take_eject,
	  "A server that fails several times in a row is left out for a while. On by default." },
	{ "pool", "retries", "NUMBER [budget PERCENT]", NULL, 0, conf_take_retries,
	  "How often a request that may be sent again is tried on another server, as long as retries are no more than the budget of all "
	  "requests. Default: 1 budget 20%." },
	{ "pool", "slow_start", "TIME", NULL, 0, conf_take_slow_start, "A server that comes back gets its full share after this long. Default: 0s." },
	{ "pool", "tls", "", "pool tls", 0, conf_take_pool_tls, "Servers are spoken to over TLS and verified." },
	{ "pool", "keepalive", "NUMBER [time TIME]", NULL, 0, conf_take_keepalive,
	  "Idle connections to servers that each worker keeps, and how long. Default: 64 time 60s." },
	{ "pool", "timeouts", "", "timeouts", 0, conf_take_block, "How long servers may take." },
	{ "pool", "check", "http|tcp|dns [TEXT...]", "check", CONF_BLOCK_IS_OPTIONAL | CONF_UNSUPPORTED, NULL, "Servers are asked whether they are well." },
	{ "pool", "sticky", "cookie NAME", "sticky", CONF_BLOCK_IS_OPTIONAL | CONF_UNSUPPORTED, NULL, "A client stays with its server." },
	{ "pool", "send_proxy", "v1|v2", NULL, CONF_UNSUPPORTED, NULL, "Servers are told the client's address by the PROXY protocol." },
	{ "eject", "errors", "NUMBER", NULL, 0, conf_take_eject_errors, "Failures in a row. Default: 5." },
	{ "eject", "for", "TIME", NULL, 0, conf_take_eject_for, "How long it is left out; longer each time. Default: 30s." },
	{ "eject", "at_most", "PERCENT", NULL, 0, conf_take_eject_at_most, "The part of the pool that may be out at once. Default: 50%." },
	{ "pool tls", "ca", "FILE", NULL, CONF_MANY, conf_take_pool_ca, "The authorities that issue the servers' certificates. Default: the system's." },
	{ "pool tls", "name", "HOST", NULL, 0, conf_take_pool_name, "The name that is asked for and that certificates must have. Default: the server's host." },
	{ "pool tls", "certificate", "FILE [key FILE] [passphrase FILE]", NULL, 0, conf_take_pool_certificate, "The gateway's own client certificate. Default: none." },
	{ "pool tls", "insecure", "no_verify", NULL, 0, conf_take_pool_insecure, "Any server is believed. For experiments." },
	{ "timeouts", "connect", "TIME", NULL, 0, conf_take_timeout, "To connect, TLS handshake included. Default: 5s." },
	{ "timeouts", "response", "TIME", NULL, 0, conf_take_timeout, "From the end of the request to the response's head. Default: 60s." },
	{ "timeouts", "idle", "TIME", NULL, 0, conf_take_timeout, "Without a byte of a response or a tunnel. Default: 5m." },
	{ NULL, NULL, NULL, NULL, 0, NULL, NULL },
};
