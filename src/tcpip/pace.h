/* pace.h - sends a window spread over its round trip instead of at once: bursts of a millisecond, by deadline.
 *
 * The rate is the window by the smoothed round trip, and more than that by a factor, so that the window stays what limits.
 * Below PACE_RATE_MIN a window is so small that its bursts harm nobody: off.
 *
 * Implements   rfc9406:4.2 (a paced sender has no limit of segments an ACK), rfc6928:A
 */
#ifndef TCPIP_PACE_H
#define TCPIP_PACE_H

#include "tcpip/flight.h"

#define PACE_RATE_MIN 1250000u  /* bytes a second */
#define PACE_BURST_US 1000
#define PACE_SLOW_START 200     /* per cent of the window in a round trip */
#define PACE_AVOIDANCE 125

/* Bytes a second; 0: not paced. */
uint64_t pace_rate(const struct bj_tcp *t);
/* False: not yet; the connection gets its turn when the time has come. */
bool pace_may_send(struct bj_tcp *t);
void pace_sent(struct bj_tcp *t, uint32_t len);

#endif
