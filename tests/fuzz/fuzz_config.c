/* fuzz_config.c: any file is either taken or refused with problems that are safe to print. */
#include "base/base.h"

#include "net/net.h"
#include "node/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_config_problems bad;
    struct ent_config conf;
    enum ent_err r = ent_config_parse(&conf, &bad, ent_slice(data, n));

    if ((r == ENT_OK) != (bad.n == 0) || (r != ENT_OK && r != ENT_E_FORMAT))
        ENT_BUG("problems without an error, or an error without problems");
    if (r == ENT_OK && (memchr(conf.listen, '\0', sizeof(conf.listen)) == NULL ||
                        ent_server_listen_check(conf.listen) != ENT_OK))
        ENT_BUG("an address was taken that cannot be listened on");
    for (size_t i = 0; i < bad.n; i++) {
        struct ent_slice s = ent_slice_str(bad.list[i].text);
        if (!ent_utf8_valid(s, NULL))
            ENT_BUG("a message that is not UTF-8");
        for (size_t k = 0; k < s.n; k++)
            if (s.p[k] < 0x20 || s.p[k] == 0x7f)
                ENT_BUG("a control character in a message");
    }
    return 0;
}
