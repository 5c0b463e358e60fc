#include "../archive/unit.h"

#include <sys/utsname.h>

#include "archive/digest.h"
#include "base/strbuf.h"
#include "base/strv.h"
#include "image/manifest.h"

enum { BLOBS_MAX = 16 };

/* An archive in the making: members whose names and texts it owns. */
struct layout {
    struct member members[BLOBS_MAX + 3];
    size_t n;
};

static void layout_add(struct layout *l, char *name, char *data)
{
    assert_true(l->n < ARRAY_SIZE(l->members) - 1);
    l->members[l->n++] = (struct member){.name = name, .data = data};
}

static void layout_release(struct layout *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free((char *)l->members[i].name);
        free((char *)l->members[i].data);
    }
}
#define _cleanup_layout_ _cleanup_(layout_release)

static char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *fmt, ...)
{
    va_list ap;
    char *text = NULL;

    va_start(ap, fmt);
    assert_true(vasprintf(&text, fmt, ap) >= 0);
    va_end(ap);
    return text;
}

/* Adds a blob under its digest's name. Returns its descriptor, with `more` members: the caller frees it. */
static char *layout_add_blob(struct layout *l, const char *text, const char *more)
{
    struct err e = ERR_INIT;
    struct digest d;

    assert_works(digest_of(text, strlen(text), &d, &e), &e);
    layout_add(l, format("blobs/sha256/%s", digest_hex(&d)), strdup(text));
    return format("{\"digest\": \"%s\"%s}", d.text, more);
}

static int read_manifest(const struct layout *l, struct manifest *ret, struct err *e)
{
    _cleanup_tar_source_ struct tar_source s = open_tar(l->members);

    return manifest_read(&s, ret, e);
}

static void assert_refused(const struct layout *l, const char *says)
{
    struct manifest m = {0};
    struct err e = ERR_INIT;

    assert_true(read_manifest(l, &m, &e) < 0);
    assert_int_equal(e.kind, ERR_INVALID);
    assert_says(&e, says);
    assert_int_equal(m.n_images, 0);
}

static void assert_docker_refused(const char *manifest, const char *says)
{
    _cleanup_layout_ struct layout l = {0};

    layout_add(&l, strdup("manifest.json"), strdup(manifest));
    assert_refused(&l, says);
}

/* ---- docker save ---- */

static void docker_images_are_listed(void **state)
{
    _cleanup_layout_ struct layout l = {0};
    _cleanup_manifest_ struct manifest m = {0};
    struct err e = ERR_INIT;

    (void)state;
    layout_add(
        &l, strdup("manifest.json"),
        strdup(
            "[{\"Config\": \"a.json\", \"RepoTags\": [\"a:1\", \"a:2\"], \"Layers\": [\"x/layer.tar\", \"y/layer.tar\"]},"
            " {\"Config\": \"b.json\", \"RepoTags\": null}]"));
    assert_works(read_manifest(&l, &m, &e), &e);
    assert_int_equal(m.n_images, 2);
    assert_string_equal(m.images[0].config, "a.json");
    assert_int_equal(strv_len(m.images[0].tags), 2);
    assert_string_equal(m.images[0].tags[1], "a:2");
    assert_int_equal(strv_len(m.images[0].layers), 2);
    assert_string_equal(m.images[0].layers[0], "x/layer.tar");
    assert_string_equal(m.images[1].config, "b.json");
    assert_int_equal(strv_len(m.images[1].tags), 0);
    assert_int_equal(strv_len(m.images[1].layers), 0);
}

static void docker_manifests_that_are_wrong_are_refused(void **state)
{
    (void)state;
    assert_docker_refused("{}", "not a list");
    assert_docker_refused("[]", "holds no image");
    assert_docker_refused("[", "manifest.json");
    assert_docker_refused("[1]", "no Config");
    assert_docker_refused("[{}]", "no Config");
    assert_docker_refused("[{\"Config\": 5}]", "Config");
    assert_docker_refused("[{\"Config\": \"c\", \"Layers\": \"x\"}]", "Layers");
    assert_docker_refused("[{\"Config\": \"c\", \"Layers\": [5]}]", "Layers");
    assert_docker_refused("[{\"Config\": \"c\", \"RepoTags\": {}}]", "RepoTags");
}

/* `prefix`, then so many times `item` with commas between, then `suffix`. */
static char *repeated(const char *prefix, const char *item, int count, const char *suffix)
{
    struct strbuf sb = STRBUF_INIT(MANIFEST_BYTES_MAX);

    strbuf_adds(&sb, prefix);
    for (int i = 0; i < count; i++)
        strbuf_addf(&sb, "%s%s", i > 0 ? "," : "", item);
    strbuf_adds(&sb, suffix);
    return strbuf_take(&sb);
}

static void docker_lists_that_are_too_long_are_refused(void **state)
{
    _cleanup_free_ char *layers =
        repeated("[{\"Config\": \"c\", \"Layers\": [", "\"l\"", MANIFEST_LAYERS_MAX + 1, "]}]");
    _cleanup_free_ char *images = repeated("[", "{\"Config\": \"c\"}", MANIFEST_IMAGES_MAX + 1, "]");

    (void)state;
    assert_docker_refused(layers, "more than 500 layers");
    assert_docker_refused(images, "more than 256 images");
}

/* ---- OCI ---- */

#define SOME_DIGEST "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define MANIFEST_WITH(layers) "{\"config\": {\"digest\": \"" SOME_DIGEST "\"}, \"layers\": [" layers "]}"

static void add_index(struct layout *l, const char *entries)
{
    layout_add(l, strdup("index.json"), format("{\"manifests\": [%s]}", entries));
}

static void an_oci_layout_is_followed_to_its_blobs(void **state)
{
    _cleanup_layout_ struct layout l = {0};
    _cleanup_manifest_ struct manifest m = {0};
    _cleanup_free_ char *entry = NULL;
    struct err e = ERR_INIT;

    (void)state;
    entry = layout_add_blob(&l, MANIFEST_WITH("{\"digest\": \"" SOME_DIGEST "\"}"),
                            ", \"annotations\": {\"org.opencontainers.image.ref.name\": \"name:tag\"}");
    add_index(&l, entry);
    assert_works(read_manifest(&l, &m, &e), &e);
    assert_int_equal(m.n_images, 1);
    assert_string_equal(m.images[0].config, "blobs/sha256/"
                                            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(strv_len(m.images[0].layers), 1);
    assert_string_equal(m.images[0].layers[0], m.images[0].config);
    assert_string_equal(m.images[0].tags[0], "name:tag");
}

static void assert_tag(const char *annotations, const char *expected)
{
    _cleanup_layout_ struct layout l = {0};
    _cleanup_manifest_ struct manifest m = {0};
    _cleanup_free_ char *more = format(", \"annotations\": {%s}", annotations);
    _cleanup_free_ char *entry = layout_add_blob(&l, MANIFEST_WITH(""), more);
    struct err e = ERR_INIT;

    add_index(&l, entry);
    assert_works(read_manifest(&l, &m, &e), &e);
    assert_int_equal(strv_len(m.images[0].tags), expected ? 1 : 0);
    if (expected)
        assert_string_equal(m.images[0].tags[0], expected);
}

static void the_name_comes_from_annotations(void **state)
{
    (void)state;
    assert_tag("\"org.opencontainers.image.ref.name\": \"latest\"", NULL); /* a tag without a name */
    assert_tag("\"org.opencontainers.image.ref.name\": \"host/name\"", "host/name");
    assert_tag(
        "\"io.containerd.image.name\": \"docker.io/library/a:1\", \"org.opencontainers.image.ref.name\": \"b:2\"",
        "docker.io/library/a:1");
}

static const char *our_architecture(void)
{
    static struct utsname u;

    assert_int_equal(uname(&u), 0);
    return strcmp(u.machine, "x86_64") == 0 ? "amd64" : strcmp(u.machine, "aarch64") == 0 ? "arm64" : u.machine;
}

static char *platform(const char *os, const char *architecture)
{
    return format(", \"platform\": {\"os\": \"%s\", \"architecture\": \"%s\"}", os, architecture);
}

/* An index of indexes, as registries write them: one image of three is for this machine. */
static void the_image_for_this_machine_is_chosen(void **state)
{
    _cleanup_layout_ struct layout l = {0};
    _cleanup_manifest_ struct manifest m = {0};
    _cleanup_free_ char *p1 = platform("linux", "mips"), *p2 = platform("linux", our_architecture()),
                        *p3 = platform("windows", our_architecture());
    _cleanup_free_ char *d1 = layout_add_blob(&l, MANIFEST_WITH("{\"digest\": \"bad\"}"), p1);
    _cleanup_free_ char *d2 = layout_add_blob(&l, MANIFEST_WITH(""), p2);
    _cleanup_free_ char *d3 = layout_add_blob(&l, MANIFEST_WITH("{\"digest\": \"worse\"}"), p3);
    _cleanup_free_ char *inner = format("{\"manifests\": [%s, %s, %s]}", d1, d2, d3);
    _cleanup_free_ char *nested = layout_add_blob(&l, inner, "");
    struct err e = ERR_INIT;

    (void)state;
    add_index(&l, nested);
    assert_works(read_manifest(&l, &m, &e), &e);
    assert_int_equal(m.n_images, 1);
    assert_int_equal(strv_len(m.images[0].layers), 0);
}

static void no_image_for_this_machine_is_said(void **state)
{
    _cleanup_layout_ struct layout l = {0};
    _cleanup_free_ char *other = platform("linux", "mips");
    _cleanup_free_ char *entry = layout_add_blob(&l, MANIFEST_WITH(""), other);

    (void)state;
    add_index(&l, entry);
    assert_refused(&l, "no image for this machine (linux/");
}

static void a_blob_without_its_digest_is_refused(void **state)
{
    _cleanup_layout_ struct layout l = {0};

    (void)state;
    layout_add(&l, format("blobs/sha256/%s", &SOME_DIGEST[strlen("sha256:")]), strdup("{}"));
    add_index(&l, "{\"digest\": \"" SOME_DIGEST "\"}");
    assert_refused(&l, "does not have the digest of its name");
}

static void a_configuration_is_held_to_its_name(void **state)
{
    struct err e = ERR_INIT;
    struct digest abc, other;

    (void)state;
    assert_works(digest_of("abc", 3, &abc, &e), &e);
    assert_works(digest_of("abd", 3, &other, &e), &e);
    assert_works(
        manifest_check_blob("blobs/sha256/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", &abc, &e),
        &e);
    assert_works(manifest_check_blob("config.json", &other, &e), &e);
    assert_true(manifest_check_blob("blobs/sha256/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                                    &other, &e) < 0);
    assert_says(&e, "damaged");
}

static void digests_are_never_paths(void **state)
{
    static const char *const entries[] = {"{\"digest\": \"sha256:../../index.json\"}",
                                          "{\"digest\": \"../manifest.json\"}",
                                          "{\"digest\": 5}",
                                          "{}",
                                          "1",
                                          "null"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        _cleanup_layout_ struct layout l = {0};

        add_index(&l, entries[i]);
        assert_refused(&l, "digest");
    }
}

static void manifests_that_are_wrong_are_refused(void **state)
{
    static const char *const manifests[][2] = {
        {"{}", "digest"},
        {"5", "digest"},
        {"{\"config\": 5}", "digest"},
        {"{\"config\": {\"digest\": \"" SOME_DIGEST "\"}, \"layers\": 5}", "layers"},
        {"{\"config\": {\"digest\": \"" SOME_DIGEST "\"}, \"layers\": [5]}", "digest"},
        {"{\"manifests\": 5}", "no list of manifests"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(manifests); i++) {
        _cleanup_layout_ struct layout l = {0};
        _cleanup_free_ char *entry = layout_add_blob(&l, manifests[i][0], "");

        add_index(&l, entry);
        assert_refused(&l, manifests[i][1]);
    }
}

static void nesting_has_an_end(void **state)
{
    _cleanup_layout_ struct layout l = {0};
    char *entry = layout_add_blob(&l, MANIFEST_WITH(""), "");

    (void)state;
    for (int i = 0; i < 6; i++) {
        _cleanup_free_ char *inner = entry, *text = format("{\"manifests\": [%s]}", inner);

        entry = layout_add_blob(&l, text, "");
    }
    add_index(&l, entry);
    free(entry);
    assert_refused(&l, "nested more than 3 deep");
}

/* Three levels of a thousand entries would be 10^9 look-ups. */
static void indexes_that_multiply_are_refused(void **state)
{
    _cleanup_layout_ struct layout l = {0};
    _cleanup_free_ char *leaf = layout_add_blob(&l, "{\"manifests\": []}", "");
    _cleanup_free_ char *middle = repeated("{\"manifests\": [", leaf, 500, "]}");
    _cleanup_free_ char *many = layout_add_blob(&l, middle, "");
    _cleanup_free_ char *top = repeated("", many, 500, "");

    (void)state;
    add_index(&l, top);
    assert_refused(&l, "more than 1000 blobs");
}

static void an_archive_of_something_else_is_refused(void **state)
{
    _cleanup_layout_ struct layout l = {0};

    (void)state;
    layout_add(&l, strdup("readme"), strdup("hello"));
    assert_refused(&l, "neither manifest.json (docker save) nor index.json (OCI)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(docker_images_are_listed),
        cmocka_unit_test(docker_manifests_that_are_wrong_are_refused),
        cmocka_unit_test(docker_lists_that_are_too_long_are_refused),
        cmocka_unit_test(an_oci_layout_is_followed_to_its_blobs),
        cmocka_unit_test(the_name_comes_from_annotations),
        cmocka_unit_test(the_image_for_this_machine_is_chosen),
        cmocka_unit_test(no_image_for_this_machine_is_said),
        cmocka_unit_test(a_blob_without_its_digest_is_refused),
        cmocka_unit_test(a_configuration_is_held_to_its_name),
        cmocka_unit_test(digests_are_never_paths),
        cmocka_unit_test(manifests_that_are_wrong_are_refused),
        cmocka_unit_test(nesting_has_an_end),
        cmocka_unit_test(indexes_that_multiply_are_refused),
        cmocka_unit_test(an_archive_of_something_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
