/* Every protocol that glibc finds, one a line: "number name alias…", first by walking, then by number. */
#include <netdb.h>
#include <stdio.h>

static void print(const struct protoent *entry)
{
    printf("%d %s", entry->p_proto, entry->p_name);
    for (char **alias = entry->p_aliases; *alias; alias++) printf(" %s", *alias);
    putchar('\n');
}

int main(void)
{
    const struct protoent *entry;
    while ((entry = getprotoent())) print(entry);
    puts("by number");
    for (int number = 0; number < 300; number++) {
        if ((entry = getprotobynumber(number))) print(entry);
    }
    return 0;
}
