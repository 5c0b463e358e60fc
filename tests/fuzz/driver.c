/*
 * Feeds every file of the given directories to a fuzz target: the corpus as a unit test, without libFuzzer.
 * Arguments that start with '-' are libFuzzer's and are passed over. An empty corpus is a failure: it tests nothing.
 */
#include <dirent.h>
#include <err.h>
#include <stdint.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_file(const char *path)
{
    struct stat st;
    FILE *f = fopen(path, "re");
    if (!f || fstat(fileno(f), &st) < 0)
        err(1, "%s", path);
    /* Exactly as large as the input, so that a sanitizer sees the first byte read beyond it. */
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, f) != size)
        err(1, "%s", path);
    fclose(f);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

static size_t run_directory(const char *path)
{
    size_t count = 0;
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0)
        err(1, "%s", path);
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.') {
            char *file;
            if (asprintf(&file, "%s/%s", path, names[i]->d_name) < 0)
                err(1, "%s", path);
            run_file(file);
            free(file);
            count++;
        }
        free(names[i]);
    }
    free(names);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++)
        if (argv[i][0] != '-')
            count += run_directory(argv[i]);
    if (count == 0)
        errx(1, "no input in the corpus");
    printf("%zu inputs\n", count);
    return 0;
}
