/* runtime/process/user_db.c: whatever a container has as /etc/passwd and /etc/group, lines end, ids are in range, and
 * no byte beyond the text is touched. */
#include <stdint.h>

#include "runtime/process/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* A heap copy of its own size, so that a sanitizer sees the first byte beyond it. */
static char *copy(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

static void run_users(char *text)
{
    struct user_entry user;

    while (user_db_next_user(&text, &user)) {
        require(user.uid <= INT32_MAX && user.gid <= INT32_MAX);
        require(*user.name != '\0' && !strpbrk(user.name, ":\n") && !strpbrk(user.home, ":\n"));
    }
}

static void run_groups(char *text)
{
    struct group_entry group;

    while (user_db_next_group(&text, &group)) {
        require(group.gid <= INT32_MAX);
        require(*group.name != '\0' && !strpbrk(group.name, ":\n") && !strchr(group.members, '\n'));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *users = copy(data, size);
    _cleanup_free_ char *groups = copy(data, size);
    _cleanup_free_ char *id = copy(data, size);
    uint32_t number;

    run_users(users);
    run_groups(groups);
    if (user_db_parse_id(id, &number) == USER_ID_NUMBER)
        require(number <= INT32_MAX && strspn(id, "0123456789") == strlen(id));
    return 0;
}
