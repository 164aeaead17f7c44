/* stamper FILE COUNT: busy and forking children that write CLOCK_MONOTONIC to a shared page.
 *
 * Slot n is the 64-bit word at byte 64 * n. Slots 0 to COUNT - 1 belong to children that never stop;
 * slot COUNT to one whose own children live for about a millisecond each, so that a freeze has to
 * meet a fork as well. Ends when it is killed. */

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, SLOT = 64, COUNT_MAX = PAGE / SLOT - 1, SHORT_NS = 1000000 };

static uint64_t now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void stamp(volatile uint64_t *slot, uint64_t until) {
  uint64_t at;
  while ((at = now()) < until) *slot = at;
}

static pid_t child(void) {
  pid_t pid = fork();
  if (pid == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
  return pid;
}

int main(int argc, char **argv) {
  int count = argc == 3 ? atoi(argv[2]) : 0;
  if (count < 1 || count > COUNT_MAX) return 2;
  int file = open(argv[1], O_RDWR | O_CREAT, 0600);
  if (file < 0 || ftruncate(file, PAGE) != 0) return 1;
  char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) return 1;
  for (int each = 0; each < count; each++) {
    pid_t pid = child();
    if (pid < 0) return 1;
    if (pid == 0) stamp((uint64_t *)(page + SLOT * each), UINT64_MAX);
  }
  for (;;) {
    pid_t pid = child();
    if (pid < 0) return 1;
    if (pid == 0) {
      stamp((uint64_t *)(page + SLOT * count), now() + SHORT_NS);
      _exit(0);
    }
    waitpid(pid, NULL, 0);
  }
}
