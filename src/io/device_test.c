/* device_test.c - capture files; and two stacks of our own on one loop, on the two ends of a socket: streams, listeners, offload. */
#include <stdio.h>
#include <unistd.h>

#include "base/prng.h"
#include "base/test.h"
#include "io/listener.h"
#include "io/net.h"
#include "io/xdp.h"

#define TURNS_MAX 200000

/* ---- capture files */

static void what_is_no_capture_file_is_refused(void **state)
{
	static const char *const bad[] = { "", "\xd4\xc3\xb2\xa1", "this is no capture file, but it is long enough" };
	struct pcap_reader r;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		FILE *f = tmpfile();

		assert_non_null(f);
		fputs(bad[i], f);
		rewind(f);
		assert_int_equal(pcap_read_start(&r, f), BJ_ERR_DECODE);
		fclose(f);
	}
}

static void a_packet_that_is_cut_off_is_told(void **state)
{
	struct pcap_writer w;
	struct pcap_reader r;
	uint8_t buf[100];
	int64_t at_us;
	size_t len;
	FILE *f = tmpfile();

	(void)state;
	assert_int_equal(pcap_write_start(&w, f, PCAP_RAW_IP), BJ_OK);
	assert_int_equal(pcap_write(&w, 5000007, bytes_text("a whole packet")), BJ_OK);
	assert_int_equal(pcap_write(&w, 6000000, bytes_text("half of one")), BJ_OK);
	fflush(f);
	assert_int_equal(ftruncate(fileno(f), 24 + 16 + 14 + 16 + 4), 0);
	rewind(f);
	assert_int_equal(pcap_read_start(&r, f), BJ_OK);
	assert_int_equal(r.link, PCAP_RAW_IP);
	assert_int_equal(pcap_read(&r, buf, sizeof(buf), &len, &at_us), BJ_OK);
	assert_int_equal(at_us, 5000007);
	assert_int_equal(len, 14);
	assert_memory_equal(buf, "a whole packet", 14);
	assert_int_equal(pcap_read(&r, buf, sizeof(buf), &len, &at_us), BJ_ERR_TRUNCATED);
	fclose(f);
}

static void both_byte_orders_are_read(void **state)
{
	static const uint8_t big[] = { 0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 1,
				       0, 0, 0, 1, 0, 0, 0x27, 0x10, 0, 0, 0, 3, 0, 0, 0, 3, 'a', 'b', 'c' };
	struct pcap_reader r;
	uint8_t buf[2];
	int64_t at_us;
	size_t len;
	FILE *f = tmpfile();

	(void)state;
	fwrite(big, 1, sizeof(big), f);
	rewind(f);
	assert_int_equal(pcap_read_start(&r, f), BJ_OK);
	assert_int_equal(r.link, PCAP_ETHERNET);
	assert_int_equal(pcap_read(&r, buf, sizeof(buf), &len, &at_us), BJ_OK); /* nanoseconds; cut to the buffer */
	assert_int_equal(at_us, 1000010);
	assert_int_equal(len, 2);
	assert_int_equal(pcap_read(&r, buf, sizeof(buf), &len, &at_us), BJ_ERR_CLOSED);
	fclose(f);
}

static void a_file_is_a_device(void **state)
{
	struct pcap_writer w;
	struct pcap_reader r;
	struct device d;
	uint8_t buf[64];
	int64_t at_us;
	size_t count, len;
	FILE *in = tmpfile(), *out = tmpfile();

	(void)state;
	assert_int_equal(pcap_write_start(&w, in, PCAP_RAW_IP), BJ_OK);
	assert_int_equal(pcap_write(&w, 0, bytes_text("one")), BJ_OK);
	rewind(in);
	assert_int_equal(device_init_file(&d, in, out), BJ_OK);
	assert_int_equal(device_receive(&d, &count), BJ_OK);
	assert_int_equal(count, 1);
	assert_int_equal(d.in[0].len, 3);
	assert_int_equal(device_receive(&d, &count), BJ_ERR_CLOSED);
	memcpy(device_room(&d)->ptr, "answer", 6);
	device_room(&d)->len = 6;
	device_commit(&d);
	assert_null(device_room(&d));
	assert_int_equal(device_flush(&d), BJ_OK);
	device_fini(&d);
	rewind(out);
	assert_int_equal(pcap_read_start(&r, out), BJ_OK);
	assert_int_equal(pcap_read(&r, buf, sizeof(buf), &len, &at_us), BJ_OK);
	assert_int_equal(len, 6);
	fclose(in);
	fclose(out);
}

static void a_name_that_no_interface_has_is_refused(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "tun%d", "a-name-of-too-many-letters",
				      "xdp:", "xdp::0", "xdp:a/b", "xdp:lo:", "xdp:lo:0x", "xdp:lo:-1", "xdp:lo:1024", "xdp:a-name-of-too-many-letters" };
	int fd;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(device_open(bad[i], &fd, NULL), BJ_ERR_ARGUMENT);
}

static void a_descriptor_that_is_no_device_is_refused(void **state)
{
	static const char *const names[] = { "x", "xdp:x" };
	struct device d;
	int ends[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		assert_int_equal(pipe(ends), 0);
		assert_int_not_equal(device_init(&d, ends[0], names[i], false), BJ_OK);
		assert_int_equal(close(ends[0]), -1); /* taken also on failure */
		close(ends[1]);
	}
}

static void the_name_of_a_queue_is_read(void **state)
{
	static const struct {
		const char *words, *interface;
		bool has_queue;
		unsigned queue;
	} rows[] = { { "xdp:eth0", "eth0", false, 0 }, { "xdp:eth0:0", "eth0", true, 0 }, { "xdp:a-name-of-15-le:1023", "a-name-of-15-le", true, 1023 } };
	char interface[DEVICE_NAME_MAX];
	bool has_queue;
	unsigned queue;

	(void)state;
	assert_false(xdp_is_name("xdp0"));
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		assert_true(strlen(rows[i].words) < DEVICE_WORDS_MAX);
		assert_int_equal(xdp_parse_name(rows[i].words, interface, &has_queue, &queue), BJ_OK);
		assert_string_equal(interface, rows[i].interface);
		assert_int_equal(has_queue, rows[i].has_queue);
		assert_int_equal(queue, rows[i].queue);
	}
}

/* ---- streams over our own TCP */

struct side {
	struct net net;
	struct stream stream;
	struct prng out, in;
	uint64_t to_send, sent, to_get, got;
	bool finished, saw_end;
	enum bj_err err;
};

struct pair {
	struct loop loop;
	struct side client, server;
	struct listener listener;
	unsigned accepted;
	bool refuse;
};

static struct pair *the_pair;

static enum bj_err fill(void *self, uint8_t *out, size_t len)
{
	prng_fill((struct prng *)self, out, len);
	return BJ_OK;
}

static void pump_out(struct side *s)
{
	uint8_t buf[20000];

	while (s->sent < s->to_send && !s->err) {
		struct prng before = s->out;
		size_t want = s->to_send - s->sent < sizeof(buf) ? (size_t)(s->to_send - s->sent) : sizeof(buf), len = 0;
		struct bj_bytes pieces[2];
		enum bj_err err;

		prng_fill(&s->out, buf, want);
		pieces[0] = bytes_of(buf, want / 3);
		pieces[1] = bytes_of(buf + want / 3, want - want / 3);
		err = stream_write(&s->stream, pieces, 2, &len);
		if (err || len < want) {
			s->out = before;
			prng_fill(&s->out, buf, err ? 0 : len);
		}
		if (err == BJ_ERR_WOULD_BLOCK) {
			stream_watch(&s->stream, STREAM_READ | STREAM_WRITE);
			return;
		}
		s->err = err;
		s->sent += err ? 0 : len;
	}
	if (!s->finished && !s->err) {
		s->finished = true;
		stream_finish(&s->stream);
		stream_watch(&s->stream, STREAM_READ);
	}
}

static void pump_in(struct side *s)
{
	uint8_t buf[30000], want[30000];
	size_t len = 0;

	while (!s->saw_end && !s->err) {
		enum bj_err err = stream_read(&s->stream, buf, sizeof(buf), &len);

		if (err == BJ_ERR_WOULD_BLOCK)
			return;
		s->err = err;
		if (err)
			return;
		s->saw_end = len == 0;
		prng_fill(&s->in, want, len);
		assert_memory_equal(buf, want, len);
		s->got += len;
	}
}

static void on_ready(struct stream *stream, unsigned what)
{
	struct side *s = CONTAINER_OF(stream, struct side, stream);

	(void)what;
	pump_in(s);
	pump_out(s);
}

static void on_accepted(struct listener *l, const struct stream_source *source, const struct addr *peer)
{
	char text[ADDR_TEXT_MAX];

	the_pair->accepted++;
	addr_print_host(peer, text);
	assert_string_equal(text, "10.0.0.1");
	if (the_pair->refuse) {
		stream_source_drop(source);
		return;
	}
	assert_int_equal(stream_init(&the_pair->server.stream, l->loop, source, on_ready), BJ_OK);
	stream_watch(&the_pair->server.stream, STREAM_READ | STREAM_WRITE);
}

static void open_pair(struct pair *p, bool client_offload, bool server_offload)
{
	static struct prng keys = { 7 };
	struct net_options options = { .rng = { fill, &keys } };
	struct bj_ip ips[2] = { bj_ip4(10, 0, 0, 1), bj_ip4(10, 0, 0, 2) };
	int ends[2];

	memset(p, 0, sizeof(*p));
	the_pair = p;
	p->client.out.state = p->server.in.state = 1;
	p->server.out.state = p->client.in.state = 2;
	assert_int_equal(loop_init(&p->loop), BJ_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	options.no_offload = !client_offload;
	assert_int_equal(net_init(&p->client.net, &p->loop, ends[0], "a", &options), BJ_OK);
	options.no_offload = !server_offload;
	assert_int_equal(net_init(&p->server.net, &p->loop, ends[1], "b", &options), BJ_OK);
	assert_int_equal(net_add_address(&p->client.net, &ips[0], 0), BJ_OK);
	assert_int_equal(net_add_address(&p->server.net, &ips[1], 0), BJ_OK);
}

static struct addr at(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, 0, &a), BJ_OK);
	return a;
}

static void connect_pair(struct pair *p)
{
	struct addr server = at("10.0.0.2:443");

	assert_int_equal(listener_init_net(&p->listener, &p->server.net, &server, BJ_CONGESTION_CUBIC, on_accepted), BJ_OK);
	assert_true(listener_is_open(&p->listener));
	assert_int_equal(stream_connect_net(&p->client.stream, &p->client.net, &server, BJ_CONGESTION_CUBIC, on_ready), BJ_OK);
	stream_watch(&p->client.stream, STREAM_READ | STREAM_WRITE);
}

static void close_pair(struct pair *p)
{
	stream_drop(&p->client.stream);
	stream_drop(&p->server.stream);
	listener_fini(&p->listener);
	listener_fini(&p->listener);
	net_fini(&p->client.net, 0);
	net_fini(&p->server.net, 0);
	loop_fini(&p->loop);
}

static void run(struct pair *p)
{
	for (int i = 0; i < TURNS_MAX && !(p->client.saw_end && p->server.saw_end) && !p->client.err && !p->server.err; i++)
		loop_turn(&p->loop, 1000);
}

static void transfer(bool client_offload, bool server_offload)
{
	struct pair p;

	open_pair(&p, client_offload, server_offload);
	p.client.to_send = p.server.to_get = 3000000;
	p.server.to_send = p.client.to_get = 2000000;
	connect_pair(&p);
	run(&p);
	assert_int_equal(p.client.err, BJ_OK);
	assert_int_equal(p.server.err, BJ_OK);
	assert_int_equal(p.server.got, 3000000);
	assert_int_equal(p.client.got, 2000000);
	assert_int_equal(p.accepted, 1);
	assert_int_equal(p.client.net.device.stats.sent_many > 0, client_offload);
	assert_int_equal(p.client.net.device.stats.received_many > 0, server_offload);
	close_pair(&p);
}

static void every_byte_arrives_with_and_without_offload(void **state)
{
	(void)state;
	transfer(false, false);
	transfer(true, true);
	transfer(true, false);
	transfer(false, true);
}

static void nobody_listens_is_a_refusal(void **state)
{
	struct addr nobody = at("10.0.0.2:444");
	struct pair p;

	(void)state;
	open_pair(&p, true, true);
	assert_int_equal(stream_connect_net(&p.client.stream, &p.client.net, &nobody, BJ_CONGESTION_CUBIC, on_ready), BJ_OK);
	stream_watch_connect(&p.client.stream);
	p.client.to_send = 1;
	run(&p);
	assert_int_equal(p.client.err, BJ_ERR_IO_REFUSED);
	assert_int_equal(stream_connect_result(&p.client.stream), BJ_ERR_IO_REFUSED);
	close_pair(&p);
}

static void a_source_that_is_dropped_ends_the_connection(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p, true, true);
	p.refuse = true;
	connect_pair(&p);
	for (int i = 0; i < 100 && !p.client.saw_end && !p.client.err; i++)
		loop_turn(&p.loop, 100);
	assert_true(p.client.saw_end);
	close_pair(&p);
}

/* A client that sends more than it will come to, as far as its first bytes. */
static void begin_to_send(struct pair *p)
{
	open_pair(p, true, true);
	p->client.to_send = 10000000;
	connect_pair(p);
	for (int i = 0; i < 100 && !p->server.got; i++)
		loop_turn(&p->loop, 100);
	assert_true(p->server.got > 0);
}

static void a_reset_is_told_as_one(void **state)
{
	struct pair p;

	(void)state;
	begin_to_send(&p);
	stream_reset_on_drop(&p.server.stream);
	stream_drop(&p.server.stream);
	for (int i = 0; i < 100 && !p.client.err; i++)
		loop_turn(&p.loop, 100);
	assert_int_equal(p.client.err, BJ_ERR_IO_RESET);
	assert_true(p.client.stream.failed);
	close_pair(&p);
}

static void an_address_can_be_listened_on_once(void **state)
{
	struct listener second = { 0 };
	struct addr server = at("10.0.0.2:443"), stranger = at("10.0.0.9:443");
	struct pair p;

	(void)state;
	open_pair(&p, true, true);
	assert_int_equal(listener_init_net(&p.listener, &p.server.net, &server, BJ_CONGESTION_CUBIC, on_accepted), BJ_OK);
	assert_int_equal(listener_init_net(&second, &p.server.net, &server, BJ_CONGESTION_CUBIC, on_accepted), BJ_ERR_IO_ADDRESS_IN_USE);
	assert_false(listener_is_open(&second));
	assert_int_equal(listener_init_net(&second, &p.server.net, &stranger, BJ_CONGESTION_CUBIC, on_accepted), BJ_ERR_ARGUMENT);
	close_pair(&p);
}

/* Who is on the other side of the socket may send what is no packet; that is no end of packets. */
static void a_scrap_is_no_end(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p, true, true);
	p.client.to_send = p.server.to_get = 1000;
	connect_pair(&p);
	for (size_t len = 1; len <= 12; len++)
		assert_int_equal(write(p.client.net.device.fd, "a mere scrap", len), len);
	run(&p);
	assert_false(p.server.net.is_gone);
	assert_int_equal(p.server.got, 1000);
	close_pair(&p);
}

static void an_interface_that_goes_away_ends_its_connections(void **state)
{
	struct addr server = at("10.0.0.1:443");
	struct stream late;
	struct pair p;

	(void)state;
	begin_to_send(&p);
	assert_int_equal(shutdown(p.server.net.device.fd, SHUT_RDWR), 0);
	for (int i = 0; i < 20 && !p.server.net.is_gone; i++)
		loop_turn(&p.loop, 10);
	assert_true(p.server.net.is_gone);
	assert_int_equal(p.server.err, BJ_ERR_IO_UNREACHABLE);
	assert_int_equal(stream_connect_net(&late, &p.server.net, &server, BJ_CONGESTION_CUBIC, on_ready), BJ_ERR_IO_UNREACHABLE);
	close_pair(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_capture_file_is_refused),
		cmocka_unit_test(a_packet_that_is_cut_off_is_told),
		cmocka_unit_test(both_byte_orders_are_read),
		cmocka_unit_test(a_file_is_a_device),
		cmocka_unit_test(a_name_that_no_interface_has_is_refused),
		cmocka_unit_test(a_descriptor_that_is_no_device_is_refused),
		cmocka_unit_test(the_name_of_a_queue_is_read),
		cmocka_unit_test(nobody_listens_is_a_refusal),
		cmocka_unit_test(every_byte_arrives_with_and_without_offload),
		cmocka_unit_test(a_source_that_is_dropped_ends_the_connection),
		cmocka_unit_test(a_reset_is_told_as_one),
		cmocka_unit_test(an_address_can_be_listened_on_once),
		cmocka_unit_test(a_scrap_is_no_end),
		cmocka_unit_test(an_interface_that_goes_away_ends_its_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
