/* web_answer.h: what both servers of bench/web.sh say: as large as a TAXII server's discovery. */
#ifndef ENT_BENCH_WEB_ANSWER_H
#define ENT_BENCH_WEB_ANSWER_H

#define WEB_TYPE "application/taxii+json;version=2.1"
#define WEB_END  "\"api_roots\":[\"https://cti.example.org/entente/\"]}"
#define WEB_BODY                                                                                   \
    "{\"title\":\"Threat intelligence of Example\",\"description\":\"What Example has released "   \
    "to the members of its pact\",\"contact\":\"soc@example.org\",\"default\":"                    \
    "\"https://cti.example.org/entente/\"," WEB_END

/* As src/net/web.c has it. */
#define WEB_PRIORITIES                                                                             \
    "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-ECDSA:+ECDHE-RSA:+AES-256-GCM:+AES-128-GCM:"            \
    "+CHACHA20-POLY1305:+AEAD:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"                    \
    "+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-ECDSA-SHA256:"                \
    "+SIGN-ECDSA-SHA384:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-SHA256:"     \
    "+SIGN-RSA-SHA384:+CTYPE-X509:%SERVER_PRECEDENCE"

#endif
