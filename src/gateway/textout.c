/* textout.c - see textout.h. */
#include "gateway/textout.h"

#include "base/utf8.h"

void out_number(struct writer *w, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	wr_raw(w, digits + at, sizeof(digits) - at);
}

void out_thousandths(struct writer *w, uint64_t value)
{
	char part[4] = { '.', (char)('0' + value / 100 % 10), (char)('0' + value / 10 % 10), (char)('0' + value % 10) };

	out_number(w, value / 1000);
	wr_raw(w, part, sizeof(part));
}

static void put_digits(char *to, unsigned value, int count)
{
	while (count-- > 0) {
		to[count] = (char)('0' + value % 10);
		value /= 10;
	}
}

/* Days since 1970 to a date of the Gregorian calendar; eras of 400 years begin in March of year 0. */
static void date_of(int64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	int64_t z = days + 719468, era = z / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = (unsigned)(yoe + era * 400) + (*month <= 2);
}

void out_time(struct writer *w, int64_t unix_ms)
{
	char text[] = "0000-00-00T00:00:00.000Z";
	int64_t seconds = unix_ms / 1000;
	unsigned year, month, day, rest = (unsigned)(seconds % 86400);

	date_of(seconds / 86400, &year, &month, &day);
	put_digits(text, year, 4);
	put_digits(text + 5, month, 2);
	put_digits(text + 8, day, 2);
	put_digits(text + 11, rest / 3600, 2);
	put_digits(text + 14, rest / 60 % 60, 2);
	put_digits(text + 17, rest % 60, 2);
	put_digits(text + 20, (unsigned)(unix_ms % 1000), 3);
	wr_raw(w, text, sizeof(text) - 1);
}

static const char hex[] = "0123456789abcdef";

void out_json(struct writer *w, struct bj_bytes text, size_t most)
{
	size_t i = 0, from = 0;

	if (text.len > most)
		text.len = most;
	wr_u8(w, '"');
	while (i < text.len) {
		uint8_t c = text.ptr[i];
		size_t len = c < 0x80 ? 1 : utf8_char_len(bytes_of(text.ptr + i, text.len - i));
		uint8_t code = len == 2 ? text.ptr[i + 1] : c; /* of a control character */
		char escape[6] = { '\\', 'u', '0', '0', hex[code >> 4], hex[code & 15] };

		if (len > 0 && c != '"' && c != '\\' && !utf8_is_control(text.ptr + i, len)) {
			i += len;
			continue;
		}
		wr_raw(w, text.ptr + from, i - from);
		if (c == '"' || c == '\\') {
			wr_u8(w, '\\');
			wr_u8(w, c);
		} else {
			wr_raw(w, escape, sizeof(escape));
		}
		i += len ? len : 1;
		from = i;
	}
	wr_raw(w, text.ptr ? text.ptr + from : NULL, i - from);
	wr_u8(w, '"');
}

void out_quoted(struct writer *w, struct bj_bytes text, size_t most)
{
	if (text.len > most)
		text.len = most;
	wr_u8(w, '"');
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		char escape[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
			wr_u8(w, c);
		else
			wr_raw(w, escape, sizeof(escape));
	}
	wr_u8(w, '"');
}
