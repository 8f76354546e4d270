/* der_write.h - writes DER over base/writer.h: lengths are filled in when an item is closed. */
#ifndef X509_DER_WRITE_H
#define X509_DER_WRITE_H

#include "base/writer.h"

/* Opens an item; the mark goes to dw_close(). */
size_t dw_open(struct writer *w, uint8_t tag);
void dw_close(struct writer *w, size_t mark);
/* A whole item. */
void dw_item(struct writer *w, uint8_t tag, struct bj_bytes content);
/* BOOLEAN TRUE; FALSE is never written. */
void dw_true(struct writer *w);
/* INTEGER below 2^31. */
void dw_small(struct writer *w, uint32_t value);
/* BIT STRING of whole octets. */
void dw_bits(struct writer *w, struct bj_bytes octets);

#endif
