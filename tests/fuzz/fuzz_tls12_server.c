/* fuzz_tls12_server.c - a server of TLS 1.2 with a peer that may say anything, inside the encryption. */
#define FUZZ_SERVER 1
#define FUZZ_VERSION BJ_TLS_1_2
#include "tls_session.h"
