/* status.c - status codes in words, the status for each failure, and dates (rfc9110:15 rfc9110:5.6.7). */
#include "http/message.h"

static const struct {
	uint16_t status;
	const char *text;
} statuses[] = {
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 103, "Early Hints" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 203, "Non-Authoritative Information" },
	{ 204, "No Content" },
	{ 205, "Reset Content" },
	{ 206, "Partial Content" },
	{ 300, "Multiple Choices" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 425, "Too Early" },
	{ 426, "Upgrade Required" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 451, "Unavailable For Legal Reasons" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
	{ 511, "Network Authentication Required" },
};

const char *http_status_text(unsigned status)
{
	for (size_t i = 0; i < ARRAY_COUNT(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].text;
	return "Unknown";
}

unsigned http_status_of(enum bj_err err)
{
	switch (err) {
	case BJ_ERR_HTTP_BAD_REQUEST:
	case BJ_ERR_HTTP_FRAMING:
	case BJ_ERR_HTTP_CHUNK:
	case BJ_ERR_TRUNCATED: /* a client that ended within its request */
		return 400;
	case BJ_ERR_IO_TIMEOUT:
		return 504;
	case BJ_ERR_HTTP_BODY_LIMIT:
		return 413;
	case BJ_ERR_HTTP_URI_TOO_LONG:
		return 414;
	case BJ_ERR_HTTP_EXPECTATION:
		return 417;
	case BJ_ERR_HTTP_HEADER_LIMIT:
		return 431;
	case BJ_ERR_HTTP_NOT_IMPLEMENTED:
		return 501;
	case BJ_ERR_HTTP_BAD_RESPONSE:
	case BJ_ERR_IO:
	case BJ_ERR_IO_REFUSED:
	case BJ_ERR_IO_RESET:
	case BJ_ERR_IO_UNREACHABLE:
		return 502;
	case BJ_ERR_NO_MEMORY:
	case BJ_ERR_LIMIT:
		return 503;
	case BJ_ERR_HTTP_VERSION:
		return 505;
	default:
		return 500;
	}
}

static void digits(char *out, unsigned value, unsigned count)
{
	while (count-- > 0) {
		out[count] = (char)('0' + value % 10);
		value /= 10;
	}
}

void http_date_write(int64_t unix_s, char out[HTTP_DATE_LEN + 1])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static const int64_t last = 253402300799; /* the end of the year 9999 */
	int64_t now = unix_s < 0 ? 0 : unix_s > last ? last : unix_s;
	unsigned day = (unsigned)(now / 86400), second = (unsigned)(now % 86400);
	unsigned shifted = day + 719468; /* days since 0000-03-01, so that leap days end the year */
	unsigned era = shifted / 146097, in_era = shifted % 146097;
	unsigned year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned day_of_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned month = (5 * day_of_year + 2) / 153; /* 0 is March */
	unsigned day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
	unsigned calendar_month = month < 10 ? month + 2 : month - 10; /* 0 is January */
	unsigned year = era * 400 + year_of_era + (calendar_month < 2);

	memcpy(out, "Sun, 00 Jan 0000 00:00:00 GMT", HTTP_DATE_LEN + 1);
	memcpy(out, days + (size_t)((day + 4) % 7) * 3, 3);
	digits(out + 5, day_of_month, 2);
	memcpy(out + 8, months + (size_t)calendar_month * 3, 3);
	digits(out + 12, year, 4);
	digits(out + 17, second / 3600, 2);
	digits(out + 20, second / 60 % 60, 2);
	digits(out + 23, second % 60, 2);
}
