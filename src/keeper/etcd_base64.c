#include "keeper/etcd_base64.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t len)
{
    const uint8_t *in = data;
    char *text = malloc((len + 2) / 3 * 4 + 1);
    char *out = text;

    if (!text)
        return NULL;
    for (size_t i = 0; i < len; i += 3) {
        const size_t left = len - i;
        const uint32_t group =
            (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) | (left > 2 ? in[i + 2] : 0U);

        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 63];
        *out++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *out++ = left > 2 ? alphabet[group & 63] : '=';
    }
    *out = '\0';
    return text;
}

/* -1: no digit */
static int digit(char c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;

    return at ? (int)(at - alphabet) : -1;
}

/* Four digits, of which the last n_padding are '='. False where one is none. */
static bool decode_group(const char *in, size_t n_padding, uint32_t *ret)
{
    uint32_t group = 0;

    for (size_t i = 0; i < 4; i++) {
        const int d = i < 4 - n_padding ? digit(in[i]) : 0;

        if (d < 0)
            return false;
        group = group << 6 | (uint32_t)d;
    }
    *ret = group;
    return true;
}

static size_t count_padding(const char *text, size_t len)
{
    if (len == 0 || text[len - 1] != '=')
        return 0;
    return text[len - 2] == '=' ? 2 : 1;
}

int base64_decode(const char *text, char **ret, size_t *ret_len, struct err *e)
{
    const size_t len = strlen(text);
    size_t n_padding, n = 0;
    _cleanup_free_ char *data = NULL;

    if (len % 4 != 0)
        return err_invalid(e, "base64 of %zu characters is not whole", len);
    n_padding = count_padding(text, len);
    data = malloc(len / 4 * 3 + 1);
    if (!data)
        return err_set(e, ERR_SYS, ENOMEM, "base64");
    for (size_t i = 0; i < len; i += 4) {
        uint32_t group;

        if (!decode_group(text + i, i + 4 == len ? n_padding : 0, &group))
            return err_invalid(e, "no base64 at character %zu", i + 1);
        data[n++] = (char)(group >> 16);
        data[n++] = (char)(group >> 8);
        data[n++] = (char)group;
    }
    n -= n_padding;
    data[n] = '\0';
    if (ret_len)
        *ret_len = n;
    *ret = TAKE_PTR(data);
    return 0;
}
