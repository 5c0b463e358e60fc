#include "unit.h"

#include "shim/detach_keys.h"

static struct detach_keys parse(const char *text)
{
    struct detach_keys d;
    struct err e = ERR_INIT;
    assert_works(detach_keys_parse(text, &d, &e), &e);
    return d;
}

/* Feeds `typed` in pieces of `piece` bytes; the bytes that pass are in ret. True when it detached. */
static bool feed(const char *keys, const char *typed, size_t piece, char *ret)
{
    struct detach_keys d = parse(keys);
    size_t len = strlen(typed), n_ret = 0;
    bool detached = false;
    for (size_t i = 0; i < len && !detached; i += piece) {
        size_t n = 0;
        detached = detach_keys_filter(&d, typed + i, i + piece < len ? piece : len - i, ret + n_ret, &n);
        n_ret += n;
    }
    ret[n_ret] = '\0';
    return detached;
}

static void assert_feed(const char *keys, const char *typed, const char *passed, bool detaches)
{
    char ret[256];
    for (size_t piece = 1; piece <= strlen(typed); piece++) {
        assert_int_equal(feed(keys, typed, piece, ret), detaches);
        assert_string_equal(ret, passed);
    }
}

static void test_names(void **state)
{
    (void)state;
    struct detach_keys d = parse("a,ctrl-a,ctrl-z,ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,;");
    assert_int_equal(d.n, 10);
    assert_memory_equal(d.keys, "a\x01\x1a\x00\x1b\x1c\x1d\x1e\x1f;", 10);
    assert_memory_equal(parse(NULL).keys, "\x10\x11", 2);
    assert_int_equal(parse("").n, 2);
}

static void test_bad_names(void **state)
{
    (void)state;
    static const char *const bad[] = {"ctrl-", "ctrl-A", "ctrl-1", "ctrl-ab", "a,,b", "a,", ",", "ab", "meta-a"};
    struct detach_keys d;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err e = ERR_INIT;
        assert_int_equal(detach_keys_parse(bad[i], &d, &e), -EINVAL);
        assert_says(&e, bad[i]);
    }
    struct err e = ERR_INIT;
    assert_int_equal(detach_keys_parse("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", &d, &e), -EINVAL);
    assert_says(&e, "more than 16");
}

static void test_detaches(void **state)
{
    (void)state;
    assert_feed(NULL, "ls\x10\x11", "ls", true);
    assert_feed(NULL, "\x10\x11never seen", "", true);
    assert_feed("q", "abq", "ab", true);
}

static void test_broken_sequence_passes(void **state)
{
    (void)state;
    assert_feed(NULL, "a\020b\021", "a\020b\021", false);
    assert_feed(NULL, "\x10\x10\x11", "\x10", true);
    assert_feed(NULL, "\x11\x10", "\x11", false); /* the last one is held back */
}

/* A sequence that begins again within itself. */
static void test_overlapping_sequence(void **state)
{
    (void)state;
    assert_feed("a,a,b", "aaab", "a", true);
    assert_feed("a,b,a,b,c", "abababc", "ab", true);
    assert_feed("a,b,a,b,c", "ababdx", "ababdx", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_bad_names),
        cmocka_unit_test(test_detaches),
        cmocka_unit_test(test_broken_sequence_passes),
        cmocka_unit_test(test_overlapping_sequence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
