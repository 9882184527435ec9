/*
 * capture.h: a capture (pcap, pcapng) becomes text, see packet.h. libpcap can only wait for bytes,
 * so it does so in a thread of its own, and the lines come through a socket that can be polled: a
 * capture that stalls stops nothing else.
 */
#ifndef ENT_SENSOR_CAPTURE_H
#define ENT_SENSOR_CAPTURE_H

#include "base/base.h"

struct ent_capture;

/* Whether a stream that begins like this is one. */
bool ent_capture_is(struct ent_slice begun);

/* Takes the input over, also after an error. begun: what was read of it already, and lies in it. */
ENT_MUST_USE enum ent_err ent_capture_new(struct ent_capture **ret, struct ent_diag *d,
                                          struct ent_input *in, struct ent_slice begun);
void ent_capture_free(struct ent_capture *c);
int ent_capture_fd(const struct ent_capture *c);

/* As ent_input_next() of a patient input. */
ENT_MUST_USE enum ent_err ent_capture_next(struct ent_capture *c, struct ent_slice *ret,
                                           struct ent_diag *d);
uint64_t ent_capture_consumed(const struct ent_capture *c);

#endif
