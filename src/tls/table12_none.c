/* table12_none.c - holds the place of the tables of TLS 1.2 until they are merged. */
#include "tls/handshake.h"

const struct hs_table table_server12 = { 0 }, table_client12 = { 0 };
