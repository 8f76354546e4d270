/* err.c - names, words and alerts of failures, all from include/bojagi/err.def. */
#include <stddef.h>

#include <bojagi/base.h>
#include <bojagi/err.h>

struct err_row {
	enum bj_err err;
	int alert;
	const char *name;
	const char *id;
	const char *words;
};

static const struct err_row rows[] = {
	{ BJ_OK, -1, "OK", "E-OK", "success" },
#define BJ_ERR(name, value, id, alert, words) { BJ_ERR_##name, alert, #name, id, words },
#include <bojagi/err.def>
#undef BJ_ERR
};

static const struct err_row unknown = { BJ_ERR_INTERNAL, 80, "UNKNOWN", "E-UNKNOWN", "an unknown failure" };

static const struct err_row *row_of(enum bj_err err)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].err == err)
			return &rows[i];
	return &unknown;
}

BJ_API const char *bj_err_text(enum bj_err err)
{
	return row_of(err)->words;
}

BJ_API const char *bj_err_id(enum bj_err err)
{
	return row_of(err)->id;
}

BJ_API const char *bj_err_name(enum bj_err err)
{
	return row_of(err)->name;
}

BJ_API int bj_err_alert(enum bj_err err)
{
	return row_of(err)->alert;
}
