/* A static program that still opens by name: a file of its arguments, zone data, users, hosts. */
#include <dirent.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static void print_file(const char *path) {
    char line[200];
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        return;
    }
    while (fgets(line, sizeof line, file)) fputs(line, stdout);
    fclose(file);
}

int main(int argc, char **argv) {
    char text[60];
    time_t then = 1750000000;
    for (int i = 1; i < argc; i++) print_file(argv[i]);
    strftime(text, sizeof text, "%H:%M %Z", localtime(&then));
    puts(text);
    struct passwd *user = getpwnam("sailor");
    puts(user ? user->pw_gecos : "no such user");
    struct hostent *host = gethostbyname("lighthouse.test");
    puts(host ? host->h_name : "no such host");
    struct stat scratch;
    printf("%o\n", stat("/tmp", &scratch) ? 0 : scratch.st_mode & 07777);
    return 0;
}
