/* ip.c - addresses of both families in one form. */
#include "tcpip/stack.h"

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

struct bj_ip bj_ip4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct bj_ip){ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d } };
}

bool bj_ip_is_v4(const struct bj_ip *ip)
{
	return memcmp(ip->bytes, mapped, sizeof(mapped)) == 0;
}

bool bj_ip_equal(const struct bj_ip *a, const struct bj_ip *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

struct bj_bytes ip_wire(const struct bj_ip *ip)
{
	return bj_ip_is_v4(ip) ? bytes_of(&ip->bytes[12], 4) : bytes_of(ip->bytes, 16);
}

bool ip_is_unspecified(const struct bj_ip *ip)
{
	struct bj_bytes b = ip_wire(ip);

	for (size_t i = 0; i < b.len; i++)
		if (b.ptr[i])
			return false;
	return true;
}

bool ip_is_unicast(const struct bj_ip *ip)
{
	if (ip_is_unspecified(ip))
		return false;
	if (bj_ip_is_v4(ip))
		return ip->bytes[12] != 0 && ip->bytes[12] < 224; /* this network, multicast, reserved, broadcast */
	return ip->bytes[0] != 0xff;
}

bool ip_is_loopback(const struct bj_ip *ip)
{
	static const struct bj_ip loopback = { { [15] = 1 } };

	return bj_ip_is_v4(ip) ? ip->bytes[12] == 127 : bj_ip_equal(ip, &loopback);
}
