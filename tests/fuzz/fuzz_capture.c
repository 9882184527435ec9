/* fuzz_capture.c: the first byte says which link, two in front of each packet how long it is. */
#include "sensor/packet.h"

#include <pcap/dlt.h>

static void decode(struct ent_buf *ret, struct ent_slice s)
{
    static const int links[] = {DLT_EN10MB,    DLT_RAW,        DLT_NULL,  DLT_LOOP,
                                DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_NFLOG, DLT_PPP_ETHER};
    struct ent_decoder *dec;
    struct ent_cur c = ent_cur(s);
    const uint8_t *h = ent_cur_next(&c, 1);
    if (h == NULL || ent_decoder_new(&dec, links[*h % 8]) != ENT_OK)
        return;
    while ((h = ent_cur_next(&c, 2)) != NULL) {
        struct ent_slice packet;
        size_t n = ent_be16(h), before = ret->n;
        (void)!ent_cur_take(&c, &packet, n < c.n ? n : c.n);
        uint8_t *exact = malloc(packet.n + (packet.n == 0)); /* so that ASan sees its end */
        memcpy(exact, packet.p, packet.n);
        if (ent_decoder_packet(dec, ret, ent_slice(exact, packet.n)) != ENT_OK ||
            memchr(ret->p + before, '\n', ret->n - before) != ret->p + ret->n - 1)
            ENT_BUG("no line, or more than one");
        free(exact);
    }
    ent_decoder_free(dec);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct ent_buf b[2];
    for (int i = 0; i < 2; i++)
        ent_buf_init(&b[i], 64u << 20), decode(&b[i], ent_slice(p, n));
    if (!ent_slice_eq(ent_buf_slice(&b[0]), ent_buf_slice(&b[1])))
        ENT_BUG("not the same twice");
    ent_buf_release(&b[0]), ent_buf_release(&b[1]);
    return 0;
}
