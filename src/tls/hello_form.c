/* hello_form.c - see hello_form.h. */
#include "tls/hello_form.h"

#include <stdlib.h>

#include "base/check.h"
#include "crypto/rng_os.h"

#define GREASE_LISTS 4

uint16_t grease_value(uint8_t random)
{
	uint8_t half = (uint8_t)((random & 0xf0) | 0x0a);

	return (uint16_t)(half << 8 | half);
}

/* Every order with the same chance, but for the little that a byte is not a multiple of every count. */
static void shuffle(uint8_t order[EXT_KNOWN], const uint8_t random[EXT_KNOWN])
{
	for (size_t i = EXT_KNOWN - 1; i > 0; i--) {
		size_t k = random[i] * (i + 1) / 256;
		uint8_t ext = order[i];

		order[i] = order[k];
		order[k] = ext;
	}
}

enum bj_err hello_form_make(const struct bj_tls_config *config, const struct bj_rng *rng, struct hello_form **out)
{
	uint8_t random[EXT_KNOWN + GREASE_LISTS + 2];
	struct hello_form *form;
	enum bj_err err;

	*out = NULL;
	if (!config->grease && !config->permute)
		return BJ_OK;
	err = rng_fill(rng, random, sizeof(random));
	if (err)
		return err;
	form = calloc(1, sizeof(*form));
	if (!form)
		return BJ_ERR_NO_MEMORY;
	for (unsigned ext = 0; ext < EXT_KNOWN; ext++)
		form->written.order[ext] = (uint8_t)ext;
	if (config->permute)
		shuffle(form->written.order, random);
	for (size_t i = 0; i < GREASE_LISTS && config->grease; i++)
		form->greases[i] = grease_value(random[EXT_KNOWN + i]);
	if (config->grease) {
		form->group = form->greases[1];
		form->written.first = grease_value(random[EXT_KNOWN + GREASE_LISTS]);
		form->written.last = grease_value(random[EXT_KNOWN + GREASE_LISTS + 1]);
		if (form->written.last == form->written.first)
			form->written.last ^= 0x1010;
	}
	*out = form;
	return BJ_OK;
}

/* A list with the value in front of it. */
static struct bj_bytes with_grease(uint16_t grease, struct bj_bytes list, uint8_t *out, size_t cap)
{
	struct writer w = wr_make(out, cap);

	if (!grease)
		return list;
	wr_u16(&w, grease);
	wr_bytes(&w, list);
	check(wr_ok(&w));
	return wr_view(&w);
}

void hello_form_apply(struct hello_form *form, struct client_hello *hello)
{
	hello->form = &form->written;
	hello->suites = with_grease(form->greases[0], hello->suites, form->suites, sizeof(form->suites));
	hello->groups = with_grease(form->greases[1], hello->groups, form->groups, sizeof(form->groups));
	hello->schemes = with_grease(form->greases[2], hello->schemes, form->schemes, sizeof(form->schemes));
	if (hello->has & EXT_BIT(EXT_SUPPORTED_VERSIONS))
		hello->versions = with_grease(form->greases[3], hello->versions, form->versions, sizeof(form->versions));
}
