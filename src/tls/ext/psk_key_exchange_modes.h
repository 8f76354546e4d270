/* psk_key_exchange_modes.h - with which key exchange a pre-shared key may be used (rfc9846:4.2.9). */
#ifndef TLS_EXT_PSK_KEY_EXCHANGE_MODES_H
#define TLS_EXT_PSK_KEY_EXCHANGE_MODES_H

#include "tls/ext/table.h"

enum psk_mode { /* a set */
	PSK_MODE_KE = 1 << 0,     /* psk_ke, 0 on the wire: without forward secrecy; we never choose it */
	PSK_MODE_DHE_KE = 1 << 1, /* psk_dhe_ke, 1 */
};

/* Modes that we do not know are passed over. */
enum bj_err psk_key_exchange_modes_parse(struct bj_bytes body, uint8_t *out_modes) BJ_MUST_USE;
void psk_key_exchange_modes_write(struct writer *w, uint8_t modes);

#endif
