/* Asks the C library for what it opens by name: locales, conversions, time zones, users, hosts, services, threads. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <iconv.h>
#include <locale.h>
#include <monetary.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void times(void) {
    char text[80];
    time_t then = 1750000000;
    strftime(text, sizeof text, "%A %d. %B %Y %H:%M %Z", localtime(&then));
    printf("time: %s\n", text);
}

static void conversion(const char *to) {
    char input[] = "Schiff \xc3\xbc" "ber Bord, \xe2\x82\xac 5", output[80];
    char *from = input, *into = output;
    size_t left = strlen(input), room = sizeof output;
    iconv_t converter = iconv_open(to, "UTF-8");
    if (converter == (iconv_t)-1 || iconv(converter, &from, &left, &into, &room) == (size_t)-1) {
        printf("%s: %s\n", to, strerror(errno));
        return;
    }
    printf("%s:", to);
    for (unsigned char *byte = (unsigned char *)output; byte < (unsigned char *)into; byte++) printf(" %02x", *byte);
    puts("");
}

static void *leave(void *nothing) {
    pthread_exit(nothing);
}

static void *wait_for_ever(void *nothing) {
    for (;;) pause();
    return nothing;
}

static void threads(void) {
    pthread_t one, two;
    void *result;
    pthread_create(&one, NULL, leave, NULL);
    pthread_join(one, NULL);
    pthread_create(&two, NULL, wait_for_ever, NULL);
    pthread_cancel(two);
    pthread_join(two, &result);
    printf("threads: %s\n", result == PTHREAD_CANCELED ? "cancelled" : "?");
}

static void address(const char *host, const char *service) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    int error = getaddrinfo(host, service, &hints, &found);
    char text[INET_ADDRSTRLEN];
    if (error) {
        printf("%s:%s: %s\n", host, service, gai_strerror(error));
        return;
    }
    struct sockaddr_in *name = (struct sockaddr_in *)found->ai_addr;
    printf("%s:%s: %s:%d\n", host, service, inet_ntop(AF_INET, &name->sin_addr, text, sizeof text), ntohs(name->sin_port));
}

int main(void) {
    printf("locale: %s\n", setlocale(LC_ALL, ""));
    printf("number: %'.2f\n", 1234567.891);
    char money[40];
    strfmon(money, sizeof money, "%n", 1234.5);
    printf("money: %s\n", money);
    times();
    conversion("ISO-8859-15");
    conversion("CP1252//TRANSLIT");
    conversion("UTF-16LE");
    conversion("EUC-JP//TRANSLIT");
    struct passwd *user = getpwnam("sailor");
    printf("user: %s, %s\n", user ? user->pw_gecos : "?", user ? user->pw_dir : "?");
    struct group *group = getgrgid(getgid());
    printf("group: %s\n", group ? group->gr_name : "?");
    struct protoent *protocol = getprotobyname("udp");
    printf("udp: %d\n", protocol ? protocol->p_proto : -1);
    address("lighthouse.test", "https");
    address("localhost", "ssh");
    threads();
    return 0;
}
