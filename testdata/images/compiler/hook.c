#include <math.h>
#include <stdint.h>

int hook(int load) {
    return (int32_t)pow(load, 2);
}
