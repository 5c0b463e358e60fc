/*
 * pingpong: how long a byte takes there and back, over TCP.
 *
 *     pingpong serve PORT               echoes what comes, one connection at a time, on all addresses
 *     pingpong ask ADDRESS PORT COUNT   prints "MEDIAN P99" in nanoseconds, over COUNT round trips (the first tenth is not
 *                                       counted)
 *
 * Static, so that it runs in the container of any engine. Exit status: 0, or 1 with a message.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "pingpong: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void send_at_once(int fd)
{
    int on = 1;

    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
        die("TCP_NODELAY");
}

static struct sockaddr_in address_of(const char *address, const char *port)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};

    errno = EINVAL;
    if (inet_pton(AF_INET, address, &sin.sin_addr) != 1)
        die(address);
    return sin;
}

static _Noreturn void serve(const char *port)
{
    struct sockaddr_in sin = address_of("0.0.0.0", port);
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, fd;
    char byte;

    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(listener, (void *)&sin, sizeof(sin)) < 0 || listen(listener, 8) < 0)
        die(port);
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        send_at_once(fd);
        while (read(fd, &byte, 1) == 1 && write(fd, &byte, 1) == 1)
            ;
        close(fd);
    }
    die("accept");
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static int ask(const char *address, const char *port, size_t count)
{
    struct sockaddr_in sin = address_of(address, port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t skipped = count / 10, counted = count - skipped;
    uint64_t *times = calloc(count, sizeof(*times));
    char byte = 0;

    if (!times || fd < 0 || connect(fd, (void *)&sin, sizeof(sin)) < 0)
        die(address);
    send_at_once(fd);
    for (size_t i = 0; i < count; i++) {
        uint64_t start = now_ns();

        if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
            die(address);
        times[i] = now_ns() - start;
    }
    qsort(times + skipped, counted, sizeof(*times), compare);
    printf("%" PRIu64 " %" PRIu64 "\n", times[skipped + counted / 2], times[skipped + counted * 99 / 100]);
    free(times);
    return 0;
}

int main(int argc, char **argv)
{
    size_t count = argc == 5 ? strtoull(argv[4], NULL, 10) : 0;

    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        serve(argv[2]);
    if (count > 0 && strcmp(argv[1], "ask") == 0)
        return ask(argv[2], argv[3], count);
    fprintf(stderr, "usage: pingpong serve PORT | ask ADDRESS PORT COUNT\n");
    return 1;
}
