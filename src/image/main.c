/*
 * sampan-image: the only program of sampan that reads image archives. Called by the engine, which reads one JSON object
 * from its standard output, or one sentence from its standard error and exit status 1.
 */
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/options.h"
#include "image/embedded.h"
#include "image/load.h"
#include "image/sandbox.h"

static const char usage[] = "usage: sampan-image load --layers DIR [--embedded] <IMAGE.tar\n"
                            "       sampan-image embedded\n";

static int fail(const struct err *e)
{
    dprintf(STDERR_FILENO, "%s\n", e->text);
    return 1;
}

/* The embedded image in a file of its own, since what reads it wants to seek. */
static int open_embedded(struct err *e)
{
    _cleanup_close_ int fd = memfd_create("embedded-image", MFD_CLOEXEC);
    int r;

    if (fd < 0)
        return err_sys(e, "make a memory file");
    r = fd_write_all(fd, sampan_embedded_image, sampan_embedded_image_size());
    if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return err_set(e, ERR_SYS, r < 0 ? -r : errno, "write the embedded image");
    return TAKE_FD(fd);
}

static int open_input(bool embedded, struct err *e)
{
    int fd = embedded ? open_embedded(e) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

    if (fd < 0 && !embedded)
        return err_sys(e, "read standard input");
    return fd;
}

static int load(const char *layers, bool embedded, json_object **ret, struct err *e)
{
    _cleanup_close_ int input = open_input(embedded, e);
    int r;

    if (input < 0)
        return input;
    /* libcrypto reads its configuration once, while it can still be found. */
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
    r = sandbox_enter(layers, e);
    return r < 0 ? r : image_load(TAKE_FD(input), ret, e);
}

static int run_load(int argc, char **argv)
{
    _cleanup_free_ char *layers = NULL;
    _cleanup_json_ json_object *out = NULL;
    bool embedded = false, help = false;
    struct err e = ERR_INIT;
    int args = 0;
    const struct option_def options[] = {
        {"layers", 0, OPT_STRING, &layers, "dir", "Directory of unpacked layers", NULL, false},
        {"embedded", 0, OPT_BOOL, &embedded, NULL, "Load the image inside this program", NULL, false},
        {0},
    };

    if (options_parse(options, argc, argv, 0, &args, &help, &e) < 0)
        return fail(&e);
    if (help || !layers || args < argc) {
        dprintf(help ? STDOUT_FILENO : STDERR_FILENO, "%s", usage);
        return help ? 0 : 1;
    }
    if (load(layers, embedded, &out, &e) < 0)
        return fail(&e);
    dprintf(STDOUT_FILENO, "%s\n", json_object_to_json_string_ext(out, JSON_C_TO_STRING_PLAIN));
    return 0;
}

static int run_embedded(void)
{
    dprintf(STDOUT_FILENO, "%s %s\n", sampan_embedded_image_name, sampan_embedded_image_id);
    return 0;
}

int main(int argc, char **argv)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (argc >= 2 && strcmp(argv[1], "load") == 0)
        return run_load(argc - 1, argv + 1);
    if (argc == 2 && strcmp(argv[1], "embedded") == 0)
        return run_embedded();
    dprintf(STDERR_FILENO, "%s", usage);
    return 1;
}
