/* Latencies in buckets: 64 to each power of two, so that a percentile is within 1 % and a record costs no
 * search. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

void record_latency(uint64_t latency_ns);
double latency_percentile_us(double share);
double latency_mean_us(void);
double latency_max_us(void);

#endif
