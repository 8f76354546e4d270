/* fuzz_tls12_client.c - a client of TLS 1.2 with a peer that may say anything, inside the encryption. */
#define FUZZ_SERVER 0
#define FUZZ_VERSION BJ_TLS_1_2
#include "tls_session.h"
