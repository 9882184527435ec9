/* must_crash.c: the control. It reads one byte past a heap block when the input says so; a harness
 * that does not see this sees nothing. */
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n == 0 ? 1 : n);
    volatile uint8_t sink = 0;
    if (copy == NULL)
        return 0;
    if (n > 0)
        memcpy(copy, data, n);
    if (n > 2 && data[0] == 'x')
        sink = copy[n];
    (void)sink;
    free(copy);
    return 0;
}
