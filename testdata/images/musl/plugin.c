/* A plugin that is found by listing its folder. */
const char *greet(void) {
    return "ahoy";
}
