/* fuzz_name_constraints.c - a byte of kind, a name with a length byte, then the constraints that judge it. */
#include "base/check.h"
#include "x509/der.h"
#include "x509/general_name.h"
#include "x509/name.h"
#include "x509/name_constraints.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = rd_make(data, size);
	struct general_name name = { (enum gn_kind)(rd_u8(&r) % 9), rd_vec_bytes(&r, 1) };
	struct bj_bytes constraints = rd_rest(&r);
	enum nc_result whole, same;
	uint32_t steps = 1000, again = 1000;
	char buf[64];
	struct text text = text_make(buf, sizeof(buf));

	if (r.bad || !name_constraints_are_valid(constraints) || (name.kind == GN_DIRECTORY && !name_is_valid(name.value)))
		return 0;
	whole = name_constraints_judge(constraints, &name, &steps);
	same = name_constraints_judge(constraints, &name, &again);
	check(whole == same && steps == again);
	/* less work allowed never makes it allowed where it was not */
	for (uint32_t few = 0; few < 1000 - steps; few++) {
		uint32_t left = few;
		enum nc_result cut = name_constraints_judge(constraints, &name, &left);

		check(cut == NC_BUDGET || cut == whole);
	}
	gn_text(&name, &text);
	return 0;
}
