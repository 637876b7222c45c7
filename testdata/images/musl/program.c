/* A program of another C library than the distribution's: it loads plugins of a folder and runs a shell. */
#include <dirent.h>
#include <dlfcn.h>
#include <iconv.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void load(const char *folder) {
    struct dirent *entry;
    DIR *plugins = opendir(folder);
    while (plugins && (entry = readdir(plugins))) {
        char path[500];
        if (!strstr(entry->d_name, ".so")) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        void *plugin = dlopen(path, RTLD_NOW);
        const char *(*greet)(void) = plugin ? (const char *(*)(void))dlsym(plugin, "greet") : NULL;
        printf("%s: %s\n", entry->d_name, greet ? greet() : dlerror());
    }
}

int main(int argc, char **argv) {
    char text[60];
    time_t then = 1750000000;
    if (argc > 1) load(argv[1]);
    strftime(text, sizeof text, "%H:%M %Z", localtime(&then));
    puts(text);
    struct passwd *user = getpwnam("www-data");
    puts(user ? user->pw_dir : "no such user");
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    puts(gai_strerror(getaddrinfo("lighthouse.test", "no-such-service", &hints, &found)));
    puts(getaddrinfo("lighthouse.test", "domain", &hints, &found) ? "not found" : "found");
    puts(iconv_open("UTF-8", "ISO-8859-15") == (iconv_t)-1 ? "no conversion" : "conversion");
    fflush(stdout);
    return system("sed -n '/^www-data/p' /etc/passwd | wc -l; date -d @1750000000 +%H");
}
