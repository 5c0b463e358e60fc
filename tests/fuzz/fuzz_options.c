/*
 * base/options.h, with one word of the command line a line of input: whatever comes, argv keeps its words (in another
 * order at most), and the index of the first argument lies in it.
 */
#include <stdint.h>
#include <string.h>

#include "base/options.h"
#include "base/strv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static int accept_value(const char *value, void *target, struct err *e)
{
    size_t *sum = target;

    (void)e;
    *sum += value ? strlen(value) : 1;
    return 0;
}

static uintptr_t sum_of_words(char *const *argv)
{
    uintptr_t sum = 0;

    STRV_FOREACH (word, argv)
        sum += (uintptr_t)*word;
    return sum;
}

static void run_options(char **argv, unsigned flags)
{
    _cleanup_strv_ char **list = NULL;
    _cleanup_free_ char *string = NULL;
    bool interactive;
    bool tty;
    size_t called = 0;
    const struct option_def defs[] = {
        {.name = "interactive", .short_name = 'i', .type = OPT_BOOL, .target = &interactive, .help = "x"},
        {.name = "tty", .short_name = 't', .type = OPT_BOOL, .target = &tty, .help = "x"},
        {.name = "name", .type = OPT_STRING, .target = &string, .help = "x"},
        {.name = "env", .short_name = 'e', .type = OPT_STRV, .target = &list, .help = "x"},
        {.name = "memory", .short_name = 'm', .type = OPT_CALL, .target = &called, .call = accept_value, .help = "x"},
        {.name = "pull",
         .short_name = 'p',
         .type = OPT_CALL,
         .target = &called,
         .call = accept_value,
         .optional_value = true},
        {.name = NULL},
    };
    uintptr_t words = sum_of_words(argv);
    int argc = (int)strv_len(argv);
    struct err e = ERR_INIT;
    bool help;
    int args;
    int r = options_parse(defs, argc, argv, flags, &args, &help, &e);

    require(r < 0 ? err_is_set(&e) : !err_is_set(&e) && args >= 1 && args <= argc);
    require(sum_of_words(argv) == words && strv_len(argv) == (size_t)argc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = NULL;
    struct err e = ERR_INIT;

    if (asprintf(&text, "program\n%.*s", (int)size, (const char *)data) < 0)
        return 0;
    for (unsigned flags = 0; flags <= OPTIONS_STOP_AT_ARG; flags += OPTIONS_STOP_AT_ARG) {
        _cleanup_strv_ char **argv = NULL;

        if (strv_split(text, '\n', &argv, &e) == 0)
            run_options(argv, flags);
    }
    return 0;
}
