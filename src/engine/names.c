#include "engine/names.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/cleanup.h"

static const char *const adjectives[] = {
    "able",   "agile",  "amber",   "ample",  "azure",    "bold",    "brave",  "breezy", "bright", "brisk",  "calm",
    "candid", "clever", "coastal", "crisp",  "daring",   "deft",    "eager",  "early",  "easy",   "fair",   "fleet",
    "gentle", "glad",   "golden",  "hardy",  "honest",   "jolly",   "keen",   "kind",   "light",  "lively", "lucid",
    "merry",  "misty",  "mellow",  "nimble", "noble",    "patient", "placid", "proud",  "quick",  "quiet",  "rapid",
    "ready",  "salty",  "serene",  "silent", "silver",   "sleek",   "smart",  "snug",   "solid",  "spry",   "steady",
    "sunny",  "swift",  "tidal",   "tidy",   "tranquil", "trusty",  "vivid",  "windy",  "witty",
};

static const char *const vessels[] = {
    "ark",      "barge",    "bark",     "boat",    "brig",     "canoe",   "caravel",   "carrack", "catboat", "clipper",
    "cog",      "coracle",  "corvette", "cruiser", "currach",  "cutter",  "dhow",      "dinghy",  "dory",    "felucca",
    "ferry",    "flatboat", "frigate",  "galleon", "galley",   "gig",     "gondola",   "jolly",   "junk",    "kayak",
    "keelboat", "ketch",    "knarr",    "launch",  "longboat", "lugger",  "outrigger", "packet",  "pinnace", "pirogue",
    "praam",    "proa",     "punt",     "raft",    "rowboat",  "sampan",  "schooner",  "scow",    "shallop", "skiff",
    "sloop",    "smack",    "steamer",  "tartane", "tender",   "trawler", "trimaran",  "trireme", "tug",     "vinta",
    "whaler",   "wherry",   "yacht",    "yawl",
};

int names_random(unsigned attempt, char **ret, struct err *e)
{
    unsigned char random[3];
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return err_sys(e, "get random bytes for a name");
    const char *adjective = adjectives[random[0] % ARRAY_SIZE(adjectives)];
    const char *vessel = vessels[random[1] % ARRAY_SIZE(vessels)];
    int n = attempt == 0 ? asprintf(ret, "%s_%s", adjective, vessel)
                         : asprintf(ret, "%s_%s%u", adjective, vessel, random[2] + 256 * (attempt - 1));
    return n < 0 ? err_set(e, ERR_SYS, ENOMEM, "make a name") : 0;
}
