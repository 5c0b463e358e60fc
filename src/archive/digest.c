#include "archive/digest.h"

#include <openssl/evp.h>
#include <string.h>

/* libcrypto's context is the whole state; the cast keeps its header out of ours. */
static EVP_MD_CTX *context(struct digester *d)
{
    return (EVP_MD_CTX *)d;
}

int digest_parse(const char *text, struct digest *ret, struct err *e)
{
    static const char hex[] = "0123456789abcdef";
    size_t prefix = sizeof(DIGEST_PREFIX) - 1;

    if (strncmp(text, DIGEST_PREFIX, prefix) != 0)
        return err_invalid(e, "digest \"%.80s\" is not a sha256 digest", text);
    if (strlen(text) != prefix + DIGEST_HEX_LEN || strspn(text + prefix, hex) != DIGEST_HEX_LEN)
        return err_invalid(e, "digest \"%.80s\" does not have 64 hex digits", text);
    memcpy(ret->text, text, prefix + DIGEST_HEX_LEN + 1);
    return 0;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return strcmp(a->text, b->text) == 0;
}

int digester_new(struct digester **ret, struct err *e)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        return err_set(e, ERR_INTERNAL, ENOMEM, "libcrypto has no SHA-256");
    }
    *ret = (struct digester *)ctx;
    return 0;
}

int digester_add(struct digester *d, const void *data, size_t len, struct err *e)
{
    if (EVP_DigestUpdate(context(d), data, len) != 1)
        return err_set(e, ERR_INTERNAL, EIO, "SHA-256 failed");
    return 0;
}

int digester_finish(struct digester *d, struct digest *ret, struct err *e)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    char *p = ret->text;

    if (EVP_DigestFinal_ex(context(d), raw, &n) != 1 || n != DIGEST_HEX_LEN / 2)
        return err_set(e, ERR_INTERNAL, EIO, "SHA-256 failed");
    memcpy(p, DIGEST_PREFIX, sizeof(DIGEST_PREFIX) - 1);
    p += sizeof(DIGEST_PREFIX) - 1;
    for (unsigned i = 0; i < n; i++) {
        *p++ = hex[raw[i] >> 4];
        *p++ = hex[raw[i] & 15];
    }
    *p = '\0';
    return 0;
}

void digester_free(struct digester *d)
{
    EVP_MD_CTX_free(context(d));
}

int digest_of(const void *data, size_t len, struct digest *ret, struct err *e)
{
    _cleanup_digester_ struct digester *d = NULL;
    int r = digester_new(&d, e);

    if (r == 0)
        r = digester_add(d, data, len, e);
    return r < 0 ? r : digester_finish(d, ret, e);
}
