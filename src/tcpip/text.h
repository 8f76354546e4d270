/* text.h - the bytes of segments: in order to the reader, early ones to where they will stand, and when to acknowledge.
 *
 * What came first stays: bytes that are there are never rewritten by a later copy.
 *
 * Implements   rfc9293:3.10.7.4 (seventh step) rfc9293:3.8.6.3 rfc5681:4.2
 */
#ifndef TCPIP_TEXT_H
#define TCPIP_TEXT_H

#include "tcpip/stack.h"

/* A segment that is trimmed to the window. */
void text_take(struct bj_tcp *t, const struct tcp_segment *s);
/* True if the segment's FIN, or one that came early, stands at rcv_nxt, now that the text is taken. */
bool text_fin_is_next(struct bj_tcp *t, const struct tcp_segment *s);
/* The oldest bytes that are there, up to where they go on at another place. */
struct bj_bytes text_view(const struct bj_tcp *t);
/* Copies what still stands in a packet that goes now. */
void text_settle(struct bj_stack *s);
/* The owner took bytes out: the buffer may grow and the window may open. */
void text_was_read(struct bj_tcp *t);

#endif
