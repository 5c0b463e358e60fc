/* What a start needed and a wait does not: given back to the kernel, since a shim may wait for months. */
#ifndef SAMPAN_SHIM_MEMORY_H
#define SAMPAN_SHIM_MEMORY_H

/* Free heap, the part of the stack that is not in use, and the pages of the program that are in the page cache anyway
 * (they come back by minor faults when the code is run again). Cannot fail: the kernel may say no. */
void memory_give_back(void);

#endif
