/* script.c - see script.h. */
#include "pkt/script.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpip/wire/icmp.h"

struct text {
	struct script *script;
	const char *p;
	int line;
	bool bad;
};

static void complain(struct text *t, const char *format, ...)
{
	va_list args;

	if (t->bad)
		return;
	t->bad = true;
	t->script->error_line = t->line;
	va_start(args, format);
	vsnprintf(t->script->error, sizeof(t->script->error), format, args);
	va_end(args);
}

static void advance(struct text *t)
{
	if (*t->p == '\n')
		t->line++;
	if (*t->p)
		t->p++;
}

static void skip_to(struct text *t, const char *end)
{
	while (*t->p && strncmp(t->p, end, strlen(end)) != 0)
		advance(t);
	for (size_t i = strlen(end); i > 0; i--)
		advance(t);
}

static void skip_space(struct text *t)
{
	for (;;) {
		if (isspace((unsigned char)*t->p))
			advance(t);
		else if (strncmp(t->p, "#ifdef ", 7) == 0 && strncmp(t->p + 7, "STANDARD", 8) != 0)
			skip_to(t, "#endif"); /* what one kernel does, beside what the standard says */
		else if (strncmp(t->p, "//", 2) == 0 || *t->p == '#')
			skip_to(t, "\n");
		else if (strncmp(t->p, "/*", 2) == 0)
			skip_to(t, "*/");
		else
			return;
	}
}

static bool take(struct text *t, const char *word)
{
	skip_space(t);
	if (strncmp(t->p, word, strlen(word)) != 0)
		return false;
	t->p += strlen(word);
	return true;
}

/* The same for whole words. */
static bool take_word(struct text *t, const char *word)
{
	size_t len = strlen(word);

	skip_space(t);
	if (strncmp(t->p, word, len) != 0 || isalnum((unsigned char)t->p[len]) || t->p[len] == '_')
		return false;
	t->p += len;
	return true;
}

static void expect(struct text *t, const char *word)
{
	if (!take(t, word))
		complain(t, "expected '%s', found '%.20s'", word, t->p);
}

static int64_t number(struct text *t)
{
	char *end;
	long long v;

	skip_space(t);
	v = strtoll(t->p, &end, 0);
	if (end == t->p)
		complain(t, "expected a number, found '%.20s'", t->p);
	t->p = end;
	return v;
}

/* Seconds with a fraction, as microseconds. */
static int64_t seconds(struct text *t)
{
	int64_t whole = 0, part = 0, unit = 1000000;
	bool any = false;

	skip_space(t);
	for (; isdigit((unsigned char)*t->p); t->p++, any = true)
		whole = whole * 10 + (*t->p - '0');
	if (*t->p == '.' && isdigit((unsigned char)t->p[1])) {
		for (t->p++; isdigit((unsigned char)*t->p); t->p++, any = true) {
			unit /= 10;
			part += (*t->p - '0') * unit;
		}
	} else if (*t->p == '.' && any && t->p[1] != '.') {
		t->p++;
	}
	if (!any)
		complain(t, "expected a time, found '%.20s'", t->p);
	return whole * 1000000 + part;
}

static void parse_time(struct text *t, struct script_step *s)
{
	if (take(t, "*")) {
		s->any_time = true;
		return;
	}
	s->relative = take(t, "+");
	s->at_us = seconds(t);
	s->until_us = s->at_us;
	if (take(t, "...")) {
		s->blocking = true;
		(void)take(t, "+");
		s->range_relative = s->relative;
		s->until_us = seconds(t);
	} else if (take(t, "~")) {
		s->range = true;
		s->range_relative = take(t, "+");
		s->until_us = seconds(t);
	}
}

/* ---- packets */

static uint16_t parse_flags(struct text *t)
{
	static const char letters[] = "FSRP.UEWA";
	uint16_t flags = 0;
	const char *start;

	skip_space(t);
	start = t->p;
	for (const char *at; *t->p; t->p++) {
		unsigned ace = (unsigned)(*t->p - '0');

		if ((at = strchr(letters, *t->p)))
			flags |= (uint16_t)(1 << (at - letters));
		else if (ace <= 7) /* the number that AE, CWR and ECE make: rfc9768:3.2.2 */
			flags |= (uint16_t)((ace & 4 ? TCP_AE : 0) | (ace & 2 ? TCP_CWR : 0) | (ace & 1 ? TCP_ECE : 0));
		else
			break;
	}
	if (!take(t, "-") && t->p == start)
		complain(t, "expected flags, found '%.20s'", t->p);
	return flags;
}

static void parse_range(struct text *t, struct script_packet *p)
{
	int64_t end;

	p->seq = (uint32_t)number(t);
	expect(t, ":");
	end = number(t);
	expect(t, "(");
	p->len = (size_t)number(t);
	expect(t, ")");
	if ((uint32_t)end - p->seq != (uint32_t)p->len)
		complain(t, "%u:%lu does not have %zu bytes", p->seq, (unsigned long)end, p->len);
}

static void put(struct script_packet *p, struct text *t, uint64_t value, size_t width)
{
	if (p->raw_len + width > sizeof(p->raw)) {
		complain(t, "more than 40 bytes of options");
		return;
	}
	for (size_t i = 0; i < width; i++)
		p->raw[p->raw_len++] = (uint8_t)(value >> (8 * (width - 1 - i)));
}

static void parse_sack(struct text *t, struct script_packet *p)
{
	size_t len_at = p->raw_len + 1;

	put(p, t, 0x0502, 2);
	p->sack_at = p->raw_len;
	for (skip_space(t); isdigit((unsigned char)*t->p) && !t->bad; skip_space(t)) {
		put(p, t, (uint64_t)number(t), 4);
		expect(t, ":");
		put(p, t, (uint64_t)number(t), 4);
		p->raw[len_at] += 8;
	}
}

/* Accurate ECN's: bytes by codepoint, in one of its two orders. */
static void parse_ecn(struct text *t, struct script_packet *p)
{
	static const char *const orders[2][3] = { { "e0b", "ceb", "e1b" }, { "e1b", "ceb", "e0b" } };
	bool ect1_first = strncmp(t->p + strspn(t->p, " "), "e1b", 3) == 0;
	size_t len_at = p->raw_len + 1;

	put(p, t, ect1_first ? 0xae02 : 0xac02, 2);
	for (size_t i = 0; i < 3 && take_word(t, orders[ect1_first][i]); i++) {
		put(p, t, (uint64_t)number(t), 3);
		p->raw[len_at] = (uint8_t)(p->raw[len_at] + 3);
	}
}

static void parse_hex(struct text *t, struct script_packet *p, uint8_t kind, uint16_t experiment)
{
	size_t len_at = p->raw_len + 1;

	put(p, t, (uint64_t)kind << 8 | (experiment ? 4 : 2), 2);
	if (experiment)
		put(p, t, experiment, 2);
	for (skip_space(t); isxdigit((unsigned char)t->p[0]) && isxdigit((unsigned char)t->p[1]) && !t->bad; t->p += 2) {
		char digits[3] = { t->p[0], t->p[1], 0 };

		put(p, t, strtoul(digits, NULL, 16), 1);
		p->raw[len_at]++;
	}
}

/* The cookie that the kernel of the suite would have made. */
static void put_cookie(struct text *t, struct script_packet *p, uint8_t kind)
{
	put(p, t, (uint64_t)kind << 8 | (kind == TCP_OPTION_EXPERIMENT ? 12 : 10), 2);
	if (kind == TCP_OPTION_EXPERIMENT)
		put(p, t, TCP_FAST_OPEN_EXPERIMENT, 2);
	put(p, t, 0x3021b9d889017eeb, 8);
}

static void parse_option(struct text *t, struct script_packet *p)
{
	if (take_word(t, "mss")) {
		put(p, t, 0x0204, 2);
		put(p, t, (uint64_t)number(t), 2);
	} else if (take_word(t, "wscale")) {
		put(p, t, 0x0303, 2);
		put(p, t, (uint64_t)number(t), 1);
	} else if (take_word(t, "sackOK")) {
		put(p, t, 0x0402, 2);
	} else if (take_word(t, "sack")) {
		parse_sack(t, p);
	} else if (take_word(t, "ECN")) {
		parse_ecn(t, p);
	} else if (take_word(t, "TS")) {
		put(p, t, 0x080a, 2);
		p->ts_at = p->raw_len;
		expect(t, "val");
		put(p, t, (uint64_t)number(t), 4);
		expect(t, "ecr");
		put(p, t, (uint64_t)number(t), 4);
	} else if (take_word(t, "nop")) {
		put(p, t, 1, 1);
	} else if (take_word(t, "eol")) {
		put(p, t, 0, 1);
	} else if (take_word(t, "FO")) {
		if (take_word(t, "TFO_COOKIE"))
			put_cookie(t, p, TCP_OPTION_FAST_OPEN);
		else
			parse_hex(t, p, TCP_OPTION_FAST_OPEN, 0);
	} else if (take_word(t, "FOEXP")) {
		if (take_word(t, "TFO_COOKIE"))
			put_cookie(t, p, TCP_OPTION_EXPERIMENT);
		else
			parse_hex(t, p, TCP_OPTION_EXPERIMENT, TCP_FAST_OPEN_EXPERIMENT);
	} else if (take_word(t, "uto")) {
		put(p, t, 0x1c04, 2);
		put(p, t, (uint64_t)number(t), 2);
	} else if (take_word(t, "raw")) {
		/* our own word: bytes as they are, for options that are wrong */
		for (skip_space(t); isxdigit((unsigned char)t->p[0]) && isxdigit((unsigned char)t->p[1]) && !t->bad; t->p += 2) {
			char digits[3] = { t->p[0], t->p[1], 0 };

			put(p, t, strtoul(digits, NULL, 16), 1);
		}
	} else {
		complain(t, "unknown option '%.20s'", t->p);
	}
}

static void parse_options(struct text *t, struct script_packet *p)
{
	if (take(t, "...>") || take(t, "...")) {
		p->any_options = true;
		(void)take(t, ">");
		return;
	}
	if (take(t, ">"))
		return;
	do
		parse_option(t, p);
	while (!t->bad && take(t, ","));
	expect(t, ">");
	(void)!tcp_options_parse((struct bj_bytes){ p->raw, p->raw_len }, &p->options);
}

static void parse_icmp(struct text *t, struct script_packet *p)
{
	static const struct {
		const char *word;
		uint8_t code;
	} codes[] = { { "net_unreachable", 0 }, { "host_unreachable", 1 }, { "protocol_unreachable", 2 }, { "port_unreachable", 3 },
		      { "frag_needed", 4 }, { "source_route_failed", 5 }, { "packet_too_big", 4 } };

	p->is_icmp = true;
	if (take_word(t, "unreachable"))
		p->icmp_type = ICMP_UNREACHABLE;
	else if (take_word(t, "time_exceeded"))
		p->icmp_type = ICMP_TIME_EXCEEDED;
	else if (take_word(t, "parameter_problem"))
		p->icmp_type = ICMP_PARAMETER_PROBLEM;
	else if (take_word(t, "source_quench"))
		p->icmp_type = ICMP_SOURCE_QUENCH;
	else if (take_word(t, "packet_too_big"))
		p->icmp_type = ICMP_UNREACHABLE, p->icmp_code = ICMP_FRAGMENTATION_NEEDED;
	else
		complain(t, "unknown ICMP type '%.20s'", t->p);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (take_word(t, codes[i].word))
			p->icmp_code = codes[i].code;
	if (take_word(t, "mtu"))
		p->icmp_mtu = (uint32_t)number(t);
	if (take(t, "[")) {
		parse_range(t, p);
		expect(t, "]");
	}
}

static void parse_packet(struct text *t, struct script_packet *p)
{
	static const char *const marks[] = { "[noecn]", "[ect1]", "[ect0]", "[ce]", "[ect01]" };

	for (uint8_t i = 0; i < sizeof(marks) / sizeof(marks[0]) && !p->has_ecn; i++)
		if (take(t, marks[i])) {
			p->has_ecn = i < 4; /* the last one leaves open which */
			p->ecn = i & 3;
			break;
		}
	if (take(t, "[")) {
		parse_range(t, p);
		expect(t, "]");
		expect(t, "icmp");
		parse_icmp(t, p);
		return;
	}
	if (take_word(t, "icmp")) {
		parse_icmp(t, p);
		return;
	}
	p->flags = parse_flags(t);
	parse_range(t, p);
	for (;;) {
		if (take_word(t, "ack")) {
			p->has_ack = true;
			p->ack = (uint32_t)number(t);
		} else if (take_word(t, "win")) {
			p->has_window = true;
			p->window = (uint32_t)number(t);
		} else if (take_word(t, "urg")) {
			p->has_urgent = true;
			p->urgent = (uint32_t)number(t);
		} else {
			break;
		}
	}
	if (take(t, "<"))
		parse_options(t, p);
}

/* ---- calls */

static char *copy(const char *from, size_t len)
{
	char *out = malloc(len + 1);

	if (!out)
		abort();
	memcpy(out, from, len);
	out[len] = 0;
	return out;
}

/* One argument: up to a comma or the closing bracket, nested ones left whole. */
static void parse_arg(struct text *t, struct script_call *c)
{
	const char *start;
	int depth = 0;
	bool quoted = false;

	skip_space(t);
	start = t->p;
	for (; *t->p; advance(t)) {
		if (*t->p == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		if (strchr("([{", *t->p))
			depth++;
		else if (strchr(")]}", *t->p) && depth-- == 0)
			break;
		else if (*t->p == ',' && depth == 0)
			break;
	}
	if (c->arg_count == SCRIPT_ARGS_MAX)
		complain(t, "too many arguments");
	else
		c->args[c->arg_count++] = copy(start, (size_t)(t->p - start));
}

static void parse_result(struct text *t, struct script_call *c)
{
	size_t len = 0;

	c->has_result = true;
	if (take(t, "...")) {
		c->any_result = true;
		return;
	}
	c->result = (long)number(t);
	skip_space(t);
	if (*t->p == 'E' && isupper((unsigned char)t->p[1])) {
		while ((isupper((unsigned char)*t->p) || isdigit((unsigned char)*t->p)) && len + 1 < sizeof(c->error))
			c->error[len++] = *t->p++;
		skip_space(t);
	}
	if (*t->p == '(')
		skip_to(t, ")");
	if (take(t, "["))
		skip_to(t, "]");
}

static void parse_call(struct text *t, struct script_call *c)
{
	size_t len = 0;

	while ((isalnum((unsigned char)*t->p) || *t->p == '_') && len + 1 < sizeof(c->name))
		c->name[len++] = *t->p++;
	expect(t, "(");
	if (take(t, ")")) {
		if (take(t, "="))
			parse_result(t, c);
		return;
	}
	do
		parse_arg(t, c);
	while (!t->bad && take(t, ","));
	expect(t, ")");
	if (take(t, "="))
		parse_result(t, c);
}

static char *parse_quoted(struct text *t, const char *end)
{
	const char *start = t->p;

	skip_to(t, end);
	if (!*t->p && strncmp(t->p - strlen(end), end, strlen(end)) != 0)
		complain(t, "no %s at the end", end);
	return copy(start, (size_t)(t->p - start) - strlen(end));
}

static void parse_step(struct text *t, struct script_step *s)
{
	s->line = t->line;
	if (*t->p == '%' || *t->p == '`')
		s->relative = true; /* without a time: right now */
	else
		parse_time(t, s);
	skip_space(t);
	if (take(t, "%{")) {
		s->kind = STEP_CODE;
		s->text = parse_quoted(t, "}%");
	} else if (take(t, "`")) {
		s->kind = STEP_COMMAND;
		s->text = parse_quoted(t, "`");
	} else if (*t->p == '<' || *t->p == '>') {
		s->kind = *t->p == '<' ? STEP_PACKET_IN : STEP_PACKET_OUT;
		t->p++;
		parse_packet(t, &s->packet);
	} else if (isalpha((unsigned char)*t->p)) {
		s->kind = STEP_CALL;
		parse_call(t, &s->call);
	} else {
		complain(t, "expected a packet, a call or code, found '%.20s'", t->p);
	}
}

static void parse_setting(struct text *t)
{
	if (take(t, "--tolerance_usecs="))
		t->script->tolerance_us = number(t);
	else if (take(t, "--ip_version=ipv6"))
		t->script->v6 = true;
	else if (take(t, "--mtu="))
		t->script->mtu = (uint32_t)number(t);
	else
		while (*t->p && !isspace((unsigned char)*t->p))
			t->p++;
}

bool script_parse(struct script *s, const char *text)
{
	struct text t = { s, text, 1, false };

	*s = (struct script){ .tolerance_us = 4000 };
	s->steps = calloc(SCRIPT_STEPS_MAX, sizeof(*s->steps));
	if (!s->steps)
		abort();
	for (skip_space(&t); *t.p && !t.bad; skip_space(&t)) {
		if (strncmp(t.p, "--", 2) == 0) {
			parse_setting(&t);
			continue;
		}
		if (s->count == SCRIPT_STEPS_MAX) {
			complain(&t, "too many steps");
			break;
		}
		parse_step(&t, &s->steps[s->count]);
		s->count++;
	}
	return !t.bad;
}

void script_free(struct script *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->steps[i].text);
		for (size_t k = 0; k < s->steps[i].call.arg_count; k++)
			free(s->steps[i].call.args[k]);
	}
	free(s->steps);
}
