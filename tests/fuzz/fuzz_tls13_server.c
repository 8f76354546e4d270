/* fuzz_tls13_server.c - a server of TLS 1.3 with a peer that may say anything, inside the encryption. */
#define FUZZ_SERVER 1
#define FUZZ_VERSION BJ_TLS_1_3
#include "tls_session.h"
