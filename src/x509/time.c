/* time.c - dates and seconds. */
#include "x509/time.h"

#include "x509/der.h"

#define DAY 86400

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days before a year, counted from the year 0. */
static int64_t days_before_year(int year)
{
	int64_t y = year;

	return y * 365 + (y + 3) / 4 - (y + 99) / 100 + (y + 399) / 400;
}

int64_t time_of(struct civil_time t)
{
	int64_t days = days_before_year(t.year) - days_before_year(1970);

	for (int m = 1; m < t.month; m++)
		days += days_of_month(t.year, m);
	days += t.day - 1;
	return days * DAY + t.hour * 3600 + t.minute * 60 + t.second;
}

struct civil_time time_civil(int64_t seconds)
{
	static const int64_t first = -62167219200, last = TIME_NONE; /* the years 0 and 9999 */
	struct civil_time t = { 0, 1, 1, 0, 0, 0 };
	int64_t days;
	int rest;

	seconds = seconds < first ? first : seconds > last ? last : seconds;
	days = (seconds - first) / DAY;
	rest = (int)((seconds - first) % DAY);
	t.year = (int)(days / 366); /* never too late; at most a few years early */
	while (days_before_year(t.year + 1) <= days)
		t.year++;
	days -= days_before_year(t.year);
	while (days >= days_of_month(t.year, t.month))
		days -= days_of_month(t.year, t.month++);
	t.day += (int)days;
	t.hour = rest / 3600;
	t.minute = rest / 60 % 60;
	t.second = rest % 60;
	return t;
}

/* Two digits, or -1 and a bad reader. */
static int two_digits(struct reader *r)
{
	int high = rd_u8(r) - '0', low = rd_u8(r) - '0';

	if (r->bad || high < 0 || high > 9 || low < 0 || low > 9) {
		rd_fail(r);
		return 0;
	}
	return high * 10 + low;
}

int64_t time_read(struct reader *r, bool *out_odd)
{
	bool general = der_at(r, DER_GENERALIZED_TIME);
	struct reader in = der_open(r, general ? DER_GENERALIZED_TIME : DER_UTC_TIME);
	struct civil_time t = { 0 };

	if (general) {
		t.year = two_digits(&in) * 100;
		t.year += two_digits(&in);
	} else {
		t.year = two_digits(&in);
		t.year += t.year < 50 ? 2000 : 1900;
	}
	t.month = two_digits(&in);
	t.day = two_digits(&in);
	t.hour = two_digits(&in);
	t.minute = two_digits(&in);
	t.second = two_digits(&in);
	if (rd_u8(&in) != 'Z' || !rd_end(&in) || t.month < 1 || t.month > 12 ||
	    t.day < 1 || t.day > days_of_month(t.year, t.month) || t.hour > 23 || t.minute > 59 || t.second > 59) {
		rd_fail(r);
		return 0;
	}
	if (general && t.year < 2050)
		*out_odd = true;
	return time_of(t);
}

static size_t put_two(char *out, size_t at, int value)
{
	out[at++] = (char)('0' + value / 10 % 10);
	out[at++] = (char)('0' + value % 10);
	return at;
}

size_t time_text(int64_t seconds, char out[TIME_TEXT_MAX])
{
	struct civil_time t = time_civil(seconds);
	size_t at = put_two(out, put_two(out, 0, t.year / 100), t.year);

	out[at++] = '-';
	at = put_two(out, at, t.month);
	out[at++] = '-';
	at = put_two(out, at, t.day);
	out[at++] = ' ';
	at = put_two(out, at, t.hour);
	out[at++] = ':';
	at = put_two(out, at, t.minute);
	out[at++] = ':';
	at = put_two(out, at, t.second);
	memcpy(out + at, " UTC", 5);
	return at + 4;
}

size_t time_der(int64_t seconds, uint8_t out[TIME_DER_MAX])
{
	static const int64_t first = -631152000; /* 1950 */
	struct civil_time t = time_civil(seconds < first ? first : seconds);
	bool general = t.year >= 2050;
	char *text = (char *)out + 2;
	size_t at = 0;

	if (general)
		at = put_two(text, at, t.year / 100);
	at = put_two(text, at, t.year);
	at = put_two(text, at, t.month);
	at = put_two(text, at, t.day);
	at = put_two(text, at, t.hour);
	at = put_two(text, at, t.minute);
	at = put_two(text, at, t.second);
	text[at++] = 'Z';
	out[0] = general ? DER_GENERALIZED_TIME : DER_UTC_TIME;
	out[1] = (uint8_t)at;
	return at + 2;
}
