/* --format: any text is parsed and, where it is a template, executed; neither may crash, leak or grow without bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char object[] = "{\"Id\": \"3f2a\", \"N\": 3, \"T\": true, \"Z\": null, \"S\": {\"Pid\": 42},"
                             " \"A\": [\"sh\", \"-c\"], \"M\": [{\"K\": \"/a\"}, {\"K\": \"/b\"}]}";

enum { TEXT_MAX = 4096, RESULT_MAX = 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(RESULT_MAX);
    _cleanup_template_ struct text_template *t = NULL;
    _cleanup_json_ json_object *o = NULL;
    _cleanup_free_ char *text = NULL;
    struct err e = ERR_INIT;

    if (size > TEXT_MAX)
        return 0;
    text = strndup((const char *)data, size);
    if (!text || json_parse(object, strlen(object), "object", &o, &e) < 0)
        abort();
    if (template_parse(text, &t, &e) < 0 || template_execute(t, o, &out, &e) < 0) {
        if (!err_is_set(&e))
            abort(); /* a failure must say why */
    }
    return 0;
}
