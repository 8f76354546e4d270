/* fuzz_tls13_client.c - a client of TLS 1.3 with a peer that may say anything, inside the encryption. */
#define FUZZ_SERVER 0
#define FUZZ_VERSION BJ_TLS_1_3
#include "tls_session.h"
