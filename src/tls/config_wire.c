/* config_wire.c - setters of what others see of us on the wire: the form of a hello, and how far a client insists. */
#include "tls/config.h"

BJ_API enum bj_err bj_tls_config_must_authenticate(struct bj_tls_config *config, bool must)
{
	enum bj_err err = config_may_change(config);

	if (!err)
		config->must_authenticate = must;
	return err;
}

BJ_API enum bj_err bj_tls_config_grease(struct bj_tls_config *config, bool grease)
{
	enum bj_err err = config_may_change(config);

	if (!err)
		config->grease = grease;
	return err;
}

BJ_API enum bj_err bj_tls_config_permute(struct bj_tls_config *config, bool permute)
{
	enum bj_err err = config_may_change(config);

	if (!err)
		config->permute = permute;
	return err;
}

BJ_API enum bj_err bj_tls_config_fallback(struct bj_tls_config *config, bool is_fallback)
{
	enum bj_err err = config_may_change(config);

	if (!err)
		config->is_fallback = is_fallback;
	return err;
}
