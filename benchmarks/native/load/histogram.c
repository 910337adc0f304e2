#include "histogram.h"

enum { STEPS = 64, STEP_BITS = 6, BUCKETS = 64 * STEPS };

static uint64_t counts[BUCKETS];
static uint64_t recorded;
static uint64_t largest_ns;
static double sum_ns;

void record_latency(uint64_t latency_ns) {
    recorded++;
    sum_ns += (double)latency_ns;
    if (latency_ns > largest_ns)
        largest_ns = latency_ns;
    if (latency_ns < STEPS) {
        counts[latency_ns]++;
        return;
    }
    int exponent = 63 - __builtin_clzll(latency_ns);
    int step = (int)(latency_ns >> (exponent - STEP_BITS)) & (STEPS - 1);
    counts[(exponent - STEP_BITS + 1) * STEPS + step]++;
}

static double bucket_middle_ns(int bucket) {
    if (bucket < STEPS)
        return bucket;
    int exponent = bucket / STEPS + STEP_BITS - 1;
    uint64_t width = 1ull << (exponent - STEP_BITS);
    return (double)((1ull << exponent) + (uint64_t)(bucket % STEPS) * width + width / 2);
}

double latency_percentile_us(double share) {
    uint64_t wanted = (uint64_t)(share * (double)recorded), passed = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        passed += counts[bucket];
        if (passed > wanted)
            return bucket_middle_ns(bucket) / 1e3;
    }
    return (double)largest_ns / 1e3;
}

double latency_mean_us(void) {
    return recorded ? sum_ns / (double)recorded / 1e3 : 0;
}

double latency_max_us(void) {
    return (double)largest_ns / 1e3;
}
