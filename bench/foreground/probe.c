// What a person would notice: frames. 60 times a second it works for 3 ms and writes 4 KiB that it waits
// for, as a browser or an editor does, and notes when each frame was done.
//
//   probe FILE    until SIGTERM; then one line a frame: microseconds from its slot to its end

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FRAME_NS 16666667LL
#define WORK_NS 3000000LL
#define FRAMES_MAX 200000
#define PAGE 4096

static volatile sig_atomic_t ending;

static void end(int signal) {
  (void)signal;
  ending = 1;
}

static int64_t now(clockid_t clock) {
  struct timespec at;
  clock_gettime(clock, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void sleep_until(int64_t at) {
  struct timespec until = {at / 1000000000LL, at % 1000000000LL};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  struct sigaction on_term = {.sa_handler = end};
  sigaction(SIGTERM, &on_term, NULL);
  static int64_t took[FRAMES_MAX];
  char page[PAGE];
  memset(page, 'x', PAGE);
  int file = open(argv[1], O_CREAT | O_TRUNC | O_WRONLY, 0600);
  if (file < 0) return 1;
  size_t frames = 0;
  int64_t slot = now(CLOCK_MONOTONIC) + FRAME_NS;
  printf("ready\n");
  fflush(stdout);
  while (!ending && frames < FRAMES_MAX) {
    sleep_until(slot);
    if (ending) break;
    int64_t work_end = now(CLOCK_THREAD_CPUTIME_ID) + WORK_NS;
    while (now(CLOCK_THREAD_CPUTIME_ID) < work_end) {
    }
    page[0] = (char)frames;
    if (pwrite(file, page, PAGE, (off_t)(frames % 256) * PAGE) != PAGE || fsync(file) != 0) return 1;
    int64_t done = now(CLOCK_MONOTONIC);
    // A frame that took longer than its slot took the next ones with it.
    for (slot += FRAME_NS; frames < FRAMES_MAX; slot += FRAME_NS) {
      took[frames++] = done - (slot - FRAME_NS);
      if (slot > done) break;
    }
  }
  for (size_t at = 0; at < frames; at += 1) printf("%lld\n", (long long)(took[at] / 1000));
  return 0;
}
