/* rng_os.c - libcrypto's generator, which the operating system seeds, and for each thread a supply of its bytes.
 *
 * A call of libcrypto's generator costs 0.7 us however few bytes it is for, under locks that all threads share; a handshake needs some six times 32. So a
 * thread asks for two thousand bytes at once, gives each out once and wipes it there.
 *
 * A child process must not go on with its parent's supply. The kernel empties a page of ours in every child (MADV_WIPEONFORK), however that was
 * made: who finds it empty throws his supply away. Without such a page (other kernels) nothing is kept and libcrypto is asked each time; it
 * looks for such things by itself.
 */
#include "crypto/rng_os.h"

#include <stdatomic.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <sys/mman.h>

#include "base/wipe.h"
#include "crypto/once.h"

#define CHUNK_MAX ((size_t)1 << 20)
#define SUPPLY_LEN 2048
#define SUPPLY_TAKE_MAX 256 /* more is not worth keeping */
#define PAGE_LEN 4096

struct supply {
	uint32_t process; /* that filled it */
	uint32_t left;
	uint8_t bytes[SUPPLY_LEN];
};

struct page {
	_Atomic(uint32_t) process; /* 0 in a child that has not looked yet */
};

static struct once page_once;
static struct page *page; /* null where there is none */
static _Atomic(uint32_t) processes = 1; /* this one and its ancestors, as far as they looked */
static _Thread_local struct supply supply;

static struct page *page_make(void)
{
	void *made = mmap(NULL, PAGE_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (made == MAP_FAILED)
		return NULL;
#ifdef MADV_WIPEONFORK
	/* who takes an advice that does not exist (emulators do) has not understood this one either */
	if (madvise(made, PAGE_LEN, -1) != 0 && madvise(made, PAGE_LEN, MADV_WIPEONFORK) == 0)
		return made;
#endif
	(void)munmap(made, PAGE_LEN);
	return NULL;
}

/* A number of this process among those that share its memory's past; 0 where that cannot be told. */
static uint32_t process_number(void)
{
	uint32_t number, none = 0;

	if (once_begin(&page_once)) {
		page = page_make();
		once_end(&page_once);
	}
	if (!page)
		return 0;
	number = atomic_load_explicit(&page->process, memory_order_acquire);
	if (number == 0) {
		number = atomic_fetch_add(&processes, 1) + 1;
		if (!atomic_compare_exchange_strong(&page->process, &none, number))
			number = none; /* another thread was first */
	}
	return number;
}

static enum bj_err fill_fresh(uint8_t *out, size_t len)
{
	while (len > 0) {
		size_t take = len < CHUNK_MAX ? len : CHUNK_MAX;

		if (RAND_bytes(out, (int)take) != 1) {
			ERR_clear_error();
			return BJ_ERR_RANDOM;
		}
		out += take;
		len -= take;
	}
	return BJ_OK;
}

static enum bj_err fill_from_os(void *self, uint8_t *out, size_t len)
{
	struct supply *s = &supply;
	uint32_t process;
	enum bj_err err;

	if (len > SUPPLY_TAKE_MAX)
		return fill_fresh(out, len);
	process = process_number();
	if (process == 0)
		return fill_fresh(out, len);
	if (s->process != process || s->left < len) {
		s->left = 0;
		err = fill_fresh(s->bytes, SUPPLY_LEN);
		if (err)
			return err;
		s->left = SUPPLY_LEN;
		s->process = process;
	}
	s->left -= (uint32_t)len;
	bytes_copy(out, s->bytes + s->left, len);
	wipe(s->bytes + s->left, len);
	return BJ_OK;
}

const struct bj_rng rng_os = { fill_from_os, NULL };
