#include "base/id.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

int id_new(char ret[static ID_LEN + 1], struct err *e)
{
    unsigned char random[ID_LEN / 2];

    do {
        if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
            return err_sys(e, "get random bytes for an id");
        for (size_t i = 0; i < sizeof(random); i++)
            snprintf(ret + 2 * i, 3, "%02x", random[i]);
    } while (strspn(ret, DIGITS) >= SHORT_ID_LEN);
    return 0;
}

bool id_is_valid(const char *s)
{
    return strlen(s) == ID_LEN && strspn(s, DIGITS "abcdef") == ID_LEN;
}

bool name_is_valid(const char *s, size_t min)
{
    size_t n = strlen(s);

    return n >= min && n <= NAME_LEN_MAX && n > 0 && strchr(DIGITS LETTERS, s[0]) &&
           strspn(s, DIGITS LETTERS "_.-") == n;
}
