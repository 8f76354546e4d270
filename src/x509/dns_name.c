/* dns_name.c - host names and wildcards. */
#include "x509/dns_name.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool label_is_valid(struct bj_bytes label)
{
	if (label.len == 0 || label.len > DNS_LABEL_MAX || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		uint8_t c = lower(label.ptr[i]);

		if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-')
			return false;
	}
	return true;
}

static struct bj_bytes first_label(struct bj_bytes name)
{
	const uint8_t *dot = name.len ? memchr(name.ptr, '.', name.len) : NULL;

	return bytes_of(name.ptr, dot ? (size_t)(dot - name.ptr) : name.len);
}

struct bj_bytes dns_name_parent(struct bj_bytes name)
{
	size_t skip = first_label(name).len + 1;

	return skip > name.len ? bytes_of(name.ptr, 0) : bytes_of(name.ptr + skip, name.len - skip);
}

bool dns_name_is_valid(struct bj_bytes name)
{
	struct bj_bytes label = { 0 };
	bool digits = true;

	if (name.len == 0 || name.len > DNS_NAME_MAX || name.ptr[name.len - 1] == '.')
		return false;
	for (struct bj_bytes rest = name; rest.len > 0; rest = dns_name_parent(rest)) {
		label = first_label(rest);
		if (!label_is_valid(label))
			return false;
	}
	for (size_t i = 0; i < label.len; i++)
		digits = digits && is_digit(label.ptr[i]);
	return !digits;
}

bool dns_pattern_is_wildcard(struct bj_bytes pattern)
{
	return pattern.len > 2 && pattern.ptr[0] == '*' && pattern.ptr[1] == '.';
}

bool dns_pattern_is_valid(struct bj_bytes pattern)
{
	struct bj_bytes base = dns_name_parent(pattern);

	if (!dns_pattern_is_wildcard(pattern))
		return dns_name_is_valid(pattern);
	return pattern.len <= DNS_NAME_MAX && dns_name_is_valid(base) && dns_name_parent(base).len > 0;
}

bool dns_name_equal(struct bj_bytes a, struct bj_bytes b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	return true;
}

bool dns_pattern_covers(struct bj_bytes pattern, struct bj_bytes name)
{
	if (!dns_pattern_is_wildcard(pattern))
		return dns_name_equal(pattern, name);
	return first_label(name).len > 0 && dns_name_equal(dns_name_parent(pattern), dns_name_parent(name));
}

bool dns_name_is_within(struct bj_bytes name, struct bj_bytes base)
{
	size_t above;

	if (base.len == 0)
		return true;
	if (name.len < base.len)
		return false;
	above = name.len - base.len;
	if (above > 0 && name.ptr[above - 1] != '.')
		return false;
	return dns_name_equal(bytes_of(name.ptr + above, base.len), base);
}
