/* Prints the lines of a file and their checksum. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

int main(int argc, char **argv) {
    FILE *file = argc > 1 ? fopen(argv[1], "r") : NULL;
    if (!file) {
        perror(argc > 1 ? argv[1] : "usage: manifest FILE");
        return 1;
    }
    char line[256];
    unsigned long sum = crc32(0, NULL, 0);
    while (fgets(line, sizeof line, file)) {
        sum = crc32(sum, (const Bytef *)line, (uInt)strlen(line));
        fputs(line, stdout);
    }
    printf("checksum %08lx\n", sum);
    return fclose(file);
}
