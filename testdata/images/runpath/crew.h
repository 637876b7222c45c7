/* The program's own library, found only through its RUNPATH. */
unsigned long crew_checksum(const char *word);
