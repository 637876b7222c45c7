/* A library that itself needs one of the distribution's. */
#include "crew.h"
#include <string.h>
#include <zlib.h>

unsigned long crew_checksum(const char *word) {
    return crc32(0, (const Bytef *)word, (uInt)strlen(word));
}
