/*
 * alternate: runs commands by turns and prints how long each took.
 *
 *     alternate ROUNDS WARM_UP COMMAND [ARG]... ';' COMMAND [ARG]... ';' ...
 *
 * Every round runs each command once, in an order shuffled anew: what one command leaves the kernel to do afterwards
 * (a network namespace to take down, a daemon's clean-up) then falls on all the others alike. The first WARM_UP rounds
 * are run and not printed. For each run, one line:
 *
 *     ROUND COMMAND_INDEX NANOSECONDS STATUS
 *
 * The time is from before the spawn until the command is waited for, on CLOCK_MONOTONIC. STATUS is the exit status,
 * 128+n after signal n, or 127 if the spawn itself failed; judging it is the reader's part. Commands have
 * /dev/null as standard input and output, and standard error as here. There is no shell in between, and posix_spawn
 * shares the parent's memory until exec (CLONE_VM|CLONE_VFORK), so the harness adds the same few dozen
 * microseconds to each.
 *
 * Exit status: 0 when all was measured, whatever the commands' statuses; 1 on bad usage or when a wait fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_COMMANDS = 4096,
    MAX_ROUNDS = 100000,
    STATUS_SPAWN_FAILED = 127,
    STATUS_SIGNAL_BASE = 128,
};

struct plan {
    unsigned rounds;
    unsigned warm_up;
    size_t n_commands;
    char **commands[MAX_COMMANDS]; /* each a NULL-terminated argv inside main's argv */
};

static void die(const char *what)
{
    fprintf(stderr, "alternate: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
        die("clock_gettime");
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int run(char **argv, const posix_spawn_file_actions_t *stdio)
{
    pid_t pid;
    int status;

    if (posix_spawnp(&pid, argv[0], stdio, NULL, argv, environ) != 0)
        return STATUS_SPAWN_FAILED;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            die("waitpid");
    return WIFSIGNALED(status) ? STATUS_SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Fisher-Yates over a small xorshift generator: the same order in every invocation, so that runs can be compared. */
static void shuffle(size_t *order, size_t n)
{
    static uint32_t state = 2463534242;

    for (size_t i = n; i > 1; i--) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;

        size_t j = state % i, swapped = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swapped;
    }
}

static void run_round(const struct plan *plan, unsigned round, size_t *order, const posix_spawn_file_actions_t *stdio)
{
    shuffle(order, plan->n_commands);
    for (size_t i = 0; i < plan->n_commands; i++) {
        uint64_t start = now_ns();
        int status = run(plan->commands[order[i]], stdio);
        uint64_t took = now_ns() - start;

        if (round >= plan->warm_up)
            printf("%u %zu %" PRIu64 " %d\n", round - plan->warm_up, order[i], took, status);
    }
}

static unsigned parse_count(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end || value > MAX_ROUNDS) {
        errno = EINVAL;
        die(text);
    }
    return (unsigned)value;
}

/* Cuts argv at each ";" into commands: the separators become the NULLs that end them. */
static bool split_commands(struct plan *plan, char **args)
{
    while (*args) {
        char **command = args;

        while (*args && strcmp(*args, ";") != 0)
            args++;
        if (!*args || args == command || plan->n_commands == MAX_COMMANDS)
            return false;
        *args++ = NULL;
        plan->commands[plan->n_commands++] = command;
    }
    return plan->n_commands > 0;
}

int main(int argc, char **argv)
{
    struct plan plan = {0};
    size_t order[MAX_COMMANDS];
    posix_spawn_file_actions_t stdio;

    if (argc < 3 || !split_commands(&plan, argv + 3)) {
        fputs("usage: alternate ROUNDS WARM_UP COMMAND [ARG]... ';' [COMMAND [ARG]... ';']...\n", stderr);
        return 1;
    }
    plan.rounds = parse_count(argv[1]);
    plan.warm_up = parse_count(argv[2]);
    for (size_t i = 0; i < plan.n_commands; i++)
        order[i] = i;

    if (posix_spawn_file_actions_init(&stdio) ||
        posix_spawn_file_actions_addopen(&stdio, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ||
        posix_spawn_file_actions_addopen(&stdio, STDOUT_FILENO, "/dev/null", O_WRONLY, 0))
        die("posix_spawn_file_actions");
    for (unsigned round = 0; round < plan.warm_up + plan.rounds; round++)
        run_round(&plan, round, order, &stdio);
    posix_spawn_file_actions_destroy(&stdio);
    return fflush(stdout) == 0 ? 0 : 1;
}
