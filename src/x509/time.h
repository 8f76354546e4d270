/* time.h - the dates of certificates, exactly as rfc5280:4.1.2.5 wants them, to seconds and back. */
#ifndef X509_TIME_H
#define X509_TIME_H

#include "base/reader.h"

#define TIME_TEXT_MAX 24 /* "2026-11-20 23:51:16 UTC" with its zero byte */
#define TIME_DER_MAX 17
#define TIME_NONE INT64_C(253402300799) /* 99991231235959Z: no well-defined end (rfc5280:4.1.2.5) */

struct civil_time {
	int year, month, day; /* month and day from 1 */
	int hour, minute, second;
};

/* Reads a Time: UTCTime until 2049, GeneralizedTime from 2050 on, with seconds, "Z" and nothing else. A GeneralizedTime before
 * 2050 is read too, but `out_odd` is set. */
int64_t time_read(struct reader *r, bool *out_odd);
/* Seconds since 1970 of a valid date; the Gregorian calendar, no leap seconds. */
int64_t time_of(struct civil_time t);
struct civil_time time_civil(int64_t seconds);
/* Text for people. Years are kept within 0 to 9999. */
size_t time_text(int64_t seconds, char out[TIME_TEXT_MAX]);
/* The DER of a Time; returns its length. Times are kept within 1950 to 9999. */
size_t time_der(int64_t seconds, uint8_t out[TIME_DER_MAX]);

#endif
