#include "image/embedded.h"

/* Generated with the tar: its path, name and id. It changes with the tar, so this file is compiled anew as well. */
#include "embedded_image.h"

const char sampan_embedded_image_name[] = EMBEDDED_IMAGE_NAME;
const char sampan_embedded_image_id[] = EMBEDDED_IMAGE_ID;

/* C17 has no #embed; the assembler has had .incbin for decades, and an array of 2 MB takes a compiler seconds. */
__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        ".globl sampan_embedded_image\n"
        ".globl sampan_embedded_image_end\n"
        "sampan_embedded_image:\n"
        ".incbin \"" EMBEDDED_IMAGE_PATH "\"\n"
        "sampan_embedded_image_end:\n"
        ".byte 0\n"
        ".popsection\n");
