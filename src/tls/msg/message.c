/* message.c - see message.h. */
#include "tls/msg/message.h"

static const struct {
	uint8_t type;
	const char *name;
	size_t max;
} messages[] = {
	{ MSG_HELLO_REQUEST, "HelloRequest", MESSAGE_SMALL_MAX },
	{ MSG_CLIENT_HELLO, "ClientHello", MESSAGE_HELLO_MAX },
	{ MSG_SERVER_HELLO, "ServerHello", MESSAGE_HELLO_MAX },
	{ MSG_NEW_SESSION_TICKET, "NewSessionTicket", MESSAGE_OTHER_MAX },
	{ MSG_END_OF_EARLY_DATA, "EndOfEarlyData", MESSAGE_SMALL_MAX },
	{ MSG_ENCRYPTED_EXTENSIONS, "EncryptedExtensions", MESSAGE_OTHER_MAX },
	{ MSG_CERTIFICATE, "Certificate", MESSAGE_CERTIFICATE_MAX },
	{ MSG_SERVER_KEY_EXCHANGE, "ServerKeyExchange", MESSAGE_SMALL_MAX },
	{ MSG_CERTIFICATE_REQUEST, "CertificateRequest", MESSAGE_OTHER_MAX },
	{ MSG_SERVER_HELLO_DONE, "ServerHelloDone", MESSAGE_SMALL_MAX },
	{ MSG_CERTIFICATE_VERIFY, "CertificateVerify", MESSAGE_SIGNATURE_MAX },
	{ MSG_CLIENT_KEY_EXCHANGE, "ClientKeyExchange", MESSAGE_SMALL_MAX },
	{ MSG_FINISHED, "Finished", MESSAGE_SMALL_MAX },
	{ MSG_CERTIFICATE_STATUS, "CertificateStatus", MESSAGE_OTHER_MAX },
	{ MSG_COMPRESSED_CERTIFICATE, "CompressedCertificate", MESSAGE_CERTIFICATE_MAX },
	{ MSG_KEY_UPDATE, "KeyUpdate", MESSAGE_SMALL_MAX },
};

const char *message_name(uint8_t type)
{
	for (size_t i = 0; i < ARRAY_COUNT(messages); i++)
		if (messages[i].type == type)
			return messages[i].name;
	return "unknown message";
}

size_t message_body_max(uint8_t type)
{
	for (size_t i = 0; i < ARRAY_COUNT(messages); i++)
		if (messages[i].type == type)
			return messages[i].max;
	return 0;
}

bool message_take(struct bj_bytes bytes, struct message *out, size_t *out_need)
{
	struct reader r = rd_of(bytes);
	uint8_t type = rd_u8(&r);
	size_t len = rd_u24(&r);

	if (r.bad || rd_left(&r) < len) {
		*out_need = bytes.len < MESSAGE_HEADER_LEN ? MESSAGE_HEADER_LEN : MESSAGE_HEADER_LEN + len;
		return false;
	}
	out->type = type;
	out->body = rd_bytes(&r, len);
	out->whole = bytes_of(bytes.ptr, MESSAGE_HEADER_LEN + len);
	return true;
}

size_t message_open(struct writer *w, enum message_type type)
{
	wr_u8(w, (uint8_t)type);
	return wr_open(w, 3);
}

void message_close(struct writer *w, size_t mark)
{
	wr_close(w, mark, 3);
}
