#include "shim/memory.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STACK_BYTES = 128 * 1024, STACK_MARGIN = 4096 };

/* Segments that are not writable hold nothing that is not in the file. */
static int drop_program_pages(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    (void)data;
    uintptr_t mask = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type != PT_LOAD || (p->p_flags & PF_W))
            continue;
        uintptr_t start = (info->dlpi_addr + p->p_vaddr) & mask;
        uintptr_t end = (info->dlpi_addr + p->p_vaddr + p->p_memsz) & mask;
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

/* Below the present frame: the creation of the container went deeper than the loop ever will. */
static void drop_stack_pages(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - STACK_MARGIN) & ~(page - 1);
    madvise((void *)(end - STACK_BYTES), STACK_BYTES, MADV_DONTNEED);
}

void memory_give_back(void)
{
    malloc_trim(0);
    drop_stack_pages();
    dl_iterate_phdr(drop_program_pages, NULL);
}
