/* ctime_control.c: the control. It branches on a secret, so valgrind must report it; if it does
 * not, the silence of the other programs means nothing. */
#include "base/base.h"

int main(void)
{
    static volatile int seen;
    uint8_t secret = 1;
    ent_ct_secret(&secret, sizeof(secret));
    if (secret == 7)
        seen = 1;
    return seen;
}
