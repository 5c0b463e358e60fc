/* Signal names: parse_signal and signal_name of base/parse.h. */
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/parse.h"

/*
 * The real-time signals are numbered as the kernel and Docker number them, from 34: libc's SIGRTMIN is a function call,
 * and another libc's differs. The numbers 32 and 33 belong to libc itself.
 */
enum { RT_FIRST = 34, RT_LAST = 64, SIGNAL_LAST = RT_LAST };

static const char *const signal_names[SIGNAL_LAST + 1] = {
    [SIGHUP] = "SIGHUP",   [SIGINT] = "SIGINT",       [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
    [SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT",     [SIGBUS] = "SIGBUS",   [SIGFPE] = "SIGFPE",
    [SIGKILL] = "SIGKILL", [SIGUSR1] = "SIGUSR1",     [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
    [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM",     [SIGTERM] = "SIGTERM", [SIGSTKFLT] = "SIGSTKFLT",
    [SIGCHLD] = "SIGCHLD", [SIGCONT] = "SIGCONT",     [SIGSTOP] = "SIGSTOP", [SIGTSTP] = "SIGTSTP",
    [SIGTTIN] = "SIGTTIN", [SIGTTOU] = "SIGTTOU",     [SIGURG] = "SIGURG",   [SIGXCPU] = "SIGXCPU",
    [SIGXFSZ] = "SIGXFSZ", [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF", [SIGWINCH] = "SIGWINCH",
    [SIGIO] = "SIGIO",     [SIGPWR] = "SIGPWR",       [SIGSYS] = "SIGSYS",   [32] = "SIG32",
    [33] = "SIG33",        [34] = "SIGRTMIN",         [35] = "SIGRTMIN+1",   [36] = "SIGRTMIN+2",
    [37] = "SIGRTMIN+3",   [38] = "SIGRTMIN+4",       [39] = "SIGRTMIN+5",   [40] = "SIGRTMIN+6",
    [41] = "SIGRTMIN+7",   [42] = "SIGRTMIN+8",       [43] = "SIGRTMIN+9",   [44] = "SIGRTMIN+10",
    [45] = "SIGRTMIN+11",  [46] = "SIGRTMIN+12",      [47] = "SIGRTMIN+13",  [48] = "SIGRTMIN+14",
    [49] = "SIGRTMIN+15",  [50] = "SIGRTMAX-14",      [51] = "SIGRTMAX-13",  [52] = "SIGRTMAX-12",
    [53] = "SIGRTMAX-11",  [54] = "SIGRTMAX-10",      [55] = "SIGRTMAX-9",   [56] = "SIGRTMAX-8",
    [57] = "SIGRTMAX-7",   [58] = "SIGRTMAX-6",       [59] = "SIGRTMAX-5",   [60] = "SIGRTMAX-4",
    [61] = "SIGRTMAX-3",   [62] = "SIGRTMAX-2",       [63] = "SIGRTMAX-1",   [64] = "SIGRTMAX",
};

/* Other names of the same signals, without "SIG"; signal(7). */
static const struct {
    const char *name;
    int signo;
} aliases[] = {
    {"IOT", SIGABRT},
    {"CLD", SIGCHLD},
    {"POLL", SIGIO},
    {"UNUSED", SIGSYS},
};

enum { SIG_LEN = sizeof("SIG") - 1, RT_LEN = sizeof("RTMIN") - 1 };

static int find_by_name(const char *name)
{
    for (int signo = 1; signo <= SIGNAL_LAST; signo++) {
        if (strcasecmp(name, signal_names[signo] + SIG_LEN) == 0)
            return signo;
    }
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
        if (strcasecmp(name, aliases[i].name) == 0)
            return aliases[i].signo;
    }
    return 0;
}

/* "RTMIN+20", "RTMAX-20": the table has only one of the two spellings that each signal has. */
static int find_by_offset(const char *name)
{
    bool from_min = strncasecmp(name, "RTMIN+", RT_LEN + 1) == 0;
    bool from_max = strncasecmp(name, "RTMAX-", RT_LEN + 1) == 0;
    uint64_t offset;

    if (!from_min && !from_max)
        return 0;
    if (parse_uint64(name + RT_LEN + 1, "offset", &offset, NULL) < 0 || offset > RT_LAST - RT_FIRST)
        return 0;
    return from_min ? RT_FIRST + (int)offset : RT_LAST - (int)offset;
}

static int find_by_number(const char *s)
{
    uint64_t number;

    if (parse_uint64(s, "signal", &number, NULL) < 0 || number > SIGNAL_LAST)
        return 0;
    return (int)number;
}

int parse_signal(const char *s, int *ret, struct err *e)
{
    const char *name = strncasecmp(s, "SIG", SIG_LEN) == 0 ? s + SIG_LEN : s;
    int signo = find_by_number(s);

    if (signo == 0)
        signo = find_by_name(name);
    if (signo == 0)
        signo = find_by_offset(name);
    if (signo == 0)
        return err_invalid(e, "invalid signal \"%s\": use a name or a number (for example TERM, SIGTERM or 15)", s);
    *ret = signo;
    return 0;
}

const char *signal_name(int signo)
{
    if (signo < 1 || signo > SIGNAL_LAST)
        return "unknown signal";
    return signal_names[signo];
}
