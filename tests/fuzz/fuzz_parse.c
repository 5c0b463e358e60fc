/* base/parse.h: a text is either read, and no error is set, or refused with an error that leaves the result alone. */
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

typedef int parse_int64_fn(const char *s, const char *what, int64_t *ret, struct err *e);

static const struct {
    parse_int64_fn *parse;
    bool is_signed;
} parsers[] = {
    {parse_int64, true},
    {parse_bytes, false},
    {parse_nano, false},
    {parse_duration, false},
};

static void run_parsers(const char *text)
{
    const int64_t untouched = -1234567891234567891;

    for (size_t i = 0; i < ARRAY_SIZE(parsers); i++) {
        struct err e = ERR_INIT;
        int64_t value = untouched;
        int r = parsers[i].parse(text, "input", &value, &e);

        require(r < 0 ? e.kind == ERR_INVALID && value == untouched : !err_is_set(&e));
        require(r < 0 || parsers[i].is_signed || value >= 0);
    }
}

static void run_signal(const char *text)
{
    struct err e = ERR_INIT;
    int signo = -1;
    int back = -1;
    bool flag;

    if (parse_signal(text, &signo, &e) < 0)
        require(err_is_set(&e) && signo == -1);
    else
        require(parse_signal(signal_name(signo), &back, &e) == 0 && back == signo);
    (void)parse_bool(text, "input", &flag, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = strndup((const char *)data, size);

    if (text) {
        run_parsers(text);
        run_signal(text);
    }
    return 0;
}
