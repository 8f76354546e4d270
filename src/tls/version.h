/* version.h - protocol versions on the wire, and the values that GREASE reserves (rfc8701). */
#ifndef TLS_VERSION_H
#define TLS_VERSION_H

#include <bojagi/tls.h>

#define VERSION_SSL_3 0x0300 /* never: rfc7568:3 */
#define VERSION_1_0 0x0301
#define VERSION_1_1 0x0302
#define VERSION_1_2 0x0303
#define VERSION_1_3 0x0304

/* Reserved code points of suites, groups, schemes, versions and extensions: 0x0a0a, 0x1a1a ... 0xfafa. They are
 * ignored wherever a peer offers them and refused wherever it chooses one. rfc8701:2 */
static inline bool is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

#endif
